// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-shots.c - what is done to a single shot of the timeline: split, dissolve, fades, mute.
#include "timeline/film-edit.h"
#include "window-private.h"

#define FADE_SECONDS 0.5

// The shot that has the focus, otherwise the one under the play head; not owned, or NULL.
static RushesShot *current_shot(RushesWindow *self)
{
    RushesShot *focused =
        rushes_timeline_row_get_focused(rushes_timeline_pane_get_row(self->timeline));
    GListModel *shots = rushes_project_get_shots(self->project);

    if (focused ||
        !rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)))
        return focused;
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    int index = rushes_timeline_find_cut(film, rushes_player_get_position(window_player(self)));
    if (index < 0)
        return NULL;
    g_autoptr(RushesShot) shot = g_list_model_get_item(shots, (guint)index);
    return shot; // the project holds it
}

// A length of time that is there or not, or a yes or no: each press turns it over.
static void turn_over(GtkWidget *widget, const char *action, GVariant *parameter)
{
    static const struct {
        const char *action, *field, *label;
        gboolean seconds;
    } fields[] = {
        {"win.dissolve", "dissolve", "Dissolve", TRUE},
        {"win.fade-in", "fade_in", "Fade In", TRUE},
        {"win.fade-out", "fade_out", "Fade Out", TRUE},
        {"win.mute-shot", "mute", "Mute Shot", FALSE},
    };
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesShot *shot = current_shot(self);
    GError *failure = NULL;

    if (g_str_equal(action, "win.mute-shot") && window_mute_sound(self))
        return;
    if (!shot) {
        window_say(self, "Choose a shot on the timeline first.");
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        if (!g_str_equal(action, fields[i].action))
            continue;
        const cJSON *now = rushes_shot_get_fields(shot);
        gboolean on = fields[i].seconds ? rushes_json_number(now, fields[i].field, 0) > 0
                                        : rushes_json_bool(now, fields[i].field, FALSE);
        g_autoptr(cJSON) change = cJSON_CreateObject();
        if (on)
            cJSON_AddNullToObject(change, fields[i].field);
        else if (fields[i].seconds)
            cJSON_AddNumberToObject(change, fields[i].field, FADE_SECONDS);
        else
            cJSON_AddTrueToObject(change, fields[i].field);
        rushes_project_edit_shot(self->project, shot, fields[i].label, change, &failure);
    }
    window_check(self, failure);
}

static void split(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    GListModel *shots = rushes_project_get_shots(self->project);
    int position = rushes_player_get_position(window_player(self));
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    int index = rushes_timeline_find_cut(film, position);
    GError *failure = NULL;

    if (window_split_sound(self))
        return;
    if (index < 0 ||
        !rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film))) {
        window_say(self, "Put the play head inside a shot of the timeline first.");
        return;
    }
    g_autoptr(RushesShot) shot = g_list_model_get_item(shots, (guint)index);
    int frame = rushes_cut_source_frame(film, film->cuts->pdata[index], position);
    rushes_film_split_shot(self->project, shot, frame, &failure);
    window_check(self, failure);
}

void window_install_shot_actions(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.split", NULL, split);
    gtk_widget_class_install_action(klass, "win.dissolve", NULL, turn_over);
    gtk_widget_class_install_action(klass, "win.fade-in", NULL, turn_over);
    gtk_widget_class_install_action(klass, "win.fade-out", NULL, turn_over);
    gtk_widget_class_install_action(klass, "win.mute-shot", NULL, turn_over);
}
