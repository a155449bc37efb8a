// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-timeline.c - what is done to the film beyond single shots: sounds, spoken lines, markers, zoom.
#include "timeline-speech.h"
#include "timeline/film-edit.h"
#include "window-private.h"

#define ZOOM_STEP 1.4

static RushesTimelineRow *lanes(RushesWindow *self)
{
    return rushes_timeline_pane_get_row(self->timeline);
}

static void seek_film(RushesWindow *self, double seconds)
{
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);

    if (film->frames == 0)
        return;
    window_show_film(self);
    rushes_player_seek(window_player(self),
                       CLAMP((int)(seconds * film->fps + 1e-6), 0, film->frames - 1));
}

void window_update_film_caption(RushesWindow *self)
{
    if (!self->film ||
        !rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)))
        return;
    g_autofree char *problem =
        rushes_composer_dup_problem(self->film, rushes_player_get_position(window_player(self)));

    rushes_frame_view_set_caption(rushes_preview_pane_get_view(self->preview), 0,
                                  problem ? problem : "Timeline");
}

static void act_seek_film(GtkWidget *widget, const char *action, GVariant *parameter)
{
    seek_film(RUSHES_WINDOW(widget), g_variant_get_double(parameter));
}

static void show_film(GtkWidget *widget, const char *action, GVariant *parameter)
{
    window_show_film(RUSHES_WINDOW(widget));
}

static void zoom(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesTimelineRow *row = lanes(RUSHES_WINDOW(widget));
    const char *how = g_variant_get_string(parameter, NULL);
    double scale = rushes_timeline_row_get_scale(row);

    if (g_str_equal(how, "fit"))
        rushes_timeline_row_fit(row);
    else
        rushes_timeline_row_set_scale(
            row, g_str_equal(how, "in") ? scale * ZOOM_STEP : scale / ZOOM_STEP, -1);
}

static void snap(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);

    rushes_timeline_pane_toggle_snap(self->timeline);
    window_say(self,
               rushes_timeline_row_get_snaps(lanes(self)) ? "Snapping is on." : "Snapping is off.");
}

static void adjust(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_timeline_pane_adjust(RUSHES_WINDOW(widget)->timeline);
}

// ---- sounds ----
static void on_sounds_chosen(GtkNativeDialog *dialog, int response, RushesWindow *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GListModel) files = gtk_file_chooser_get_files(GTK_FILE_CHOOSER(dialog));
        GSList *list = NULL;
        for (guint i = 0; i < g_list_model_get_n_items(files); i++)
            list = g_slist_append(list, g_list_model_get_item(files, i));
        rushes_timeline_pane_import(self->timeline, list,
                                    rushes_timeline_row_get_seconds(lanes(self)));
        g_slist_free_full(list, g_object_unref);
    }
    g_object_unref(dialog);
}

static void import_sound(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        "Import Music or Voice", GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_OPEN, "_Import", NULL);
    g_autoptr(GtkFileFilter) sounds = gtk_file_filter_new();
    g_autoptr(GtkFileFilter) all = gtk_file_filter_new();

    gtk_file_filter_set_name(sounds, "Music, voice and clips");
    gtk_file_filter_add_mime_type(sounds, "audio/*");
    gtk_file_filter_add_mime_type(sounds, "video/*");
    gtk_file_filter_set_name(all, "All files");
    gtk_file_filter_add_pattern(all, "*");
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(dialog), sounds);
    gtk_file_chooser_add_filter(GTK_FILE_CHOOSER(dialog), all);
    gtk_file_chooser_set_select_multiple(GTK_FILE_CHOOSER(dialog), TRUE);
    g_signal_connect(dialog, "response", G_CALLBACK(on_sounds_chosen), self);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void on_spoken(GtkWindow *window, const char *id, RushesWindow *self)
{
    rushes_timeline_row_focus_sound(lanes(self), id);
}

static void open_speech(RushesWindow *self, const char *id)
{
    if (rushes_project_get_read_only(self->project)) {
        window_say(self, "This project is open for reading only: use Save As to go on in a copy.");
        return;
    }
    GtkWindow *window = rushes_timeline_speech_new(GTK_WINDOW(self), self->project, id,
                                                   rushes_timeline_row_get_seconds(lanes(self)));
    g_signal_connect_object(window, "spoken", G_CALLBACK(on_spoken), self, 0);
    gtk_window_present(window);
}

static void spoken_line(GtkWidget *widget, const char *action, GVariant *parameter)
{
    open_speech(RUSHES_WINDOW(widget), NULL);
}

static void edit_words(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    const char *id = rushes_timeline_row_get_focused_sound(lanes(self));
    const cJSON *clip = rushes_film_find_sound(self->project, id);

    if (rushes_json_string(clip, "words", NULL))
        open_speech(self, id);
    else
        window_say(self, "Choose a spoken line on the timeline first.");
}

gboolean window_delete_sound(RushesWindow *self)
{
    const char *id = rushes_timeline_row_get_focused_sound(lanes(self));
    g_autofree char *kept = g_strdup(id);
    GError *failure = NULL;

    if (!id)
        return FALSE;
    rushes_film_remove_sound(self->project, kept, &failure);
    window_check(self, failure);
    return TRUE;
}

gboolean window_split_sound(RushesWindow *self)
{
    g_autofree char *id = g_strdup(rushes_timeline_row_get_focused_sound(lanes(self)));
    GError *failure = NULL;

    if (!id)
        return FALSE;
    if (!rushes_film_split_sound(self->project, id, rushes_timeline_row_get_seconds(lanes(self)),
                                 &failure) &&
        !failure)
        window_say(self, "Put the play head inside the sound first.");
    window_check(self, failure);
    return TRUE;
}

gboolean window_trim_sound(RushesWindow *self, gboolean begins)
{
    g_autofree char *id = g_strdup(rushes_timeline_row_get_focused_sound(lanes(self)));
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    double seconds = rushes_timeline_row_get_seconds(lanes(self));
    GError *failure = NULL;

    if (!id)
        return FALSE;
    // As with a shot, the frame below the play head is the first, or the last, that it is heard with.
    if (!rushes_film_trim_sound(self->project, id, begins,
                                begins ? seconds : seconds + 1 / film->fps, &failure) &&
        !failure)
        window_say(self, "Put the play head where the sound is heard first.");
    window_check(self, failure);
    return TRUE;
}

gboolean window_mute_sound(RushesWindow *self)
{
    g_autofree char *id = g_strdup(rushes_timeline_row_get_focused_sound(lanes(self)));
    const cJSON *clip = rushes_film_find_sound(self->project, id);
    g_autoptr(cJSON) change = cJSON_CreateObject();
    GError *failure = NULL;

    if (!clip)
        return FALSE;
    if (rushes_json_bool(clip, "mute", FALSE))
        cJSON_AddNullToObject(change, "mute");
    else
        cJSON_AddTrueToObject(change, "mute");
    rushes_film_edit_sound(self->project, id, "Mute Sound", change, &failure);
    window_check(self, failure);
    return TRUE;
}

static void ripple_delete(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesShot *shot = rushes_timeline_row_get_focused(lanes(self));
    g_autofree char *id = g_strdup(rushes_timeline_row_get_focused_sound(lanes(self)));
    GError *failure = NULL;

    if (shot)
        rushes_film_ripple_shot(self->project, shot, &failure);
    else if (id)
        rushes_film_ripple_sound(self->project, id, &failure);
    else
        window_say(self, "Choose a shot or a sound on the timeline first.");
    window_check(self, failure);
}

// ---- markers ----
static void add_marker(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    g_autofree char *name = g_strdup_printf("%u", rushes_film_count_markers(self->project) + 1);
    GError *failure = NULL;

    rushes_film_add_marker(self->project, rushes_timeline_row_get_seconds(lanes(self)), name,
                           &failure);
    window_check(self, failure);
}

static void go_marker(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    gboolean back = g_str_equal(action, "win.previous-marker");
    double now = rushes_timeline_row_get_seconds(lanes(self)), at, to = -1;
    const char *text, *name = "";

    for (guint i = 0; rushes_film_get_marker(self->project, i, &at, &text); i++) {
        // The play head stands on whole frames: it is at a marker that is up to one frame later.
        if (back ? at < now - 1e-3 : at > now + 0.1 && to < 0) {
            to = at;
            name = text;
        }
    }
    if (to < 0) {
        window_say(self,
                   back ? "There is no marker before here." : "There is no marker after here.");
        return;
    }
    g_autofree char *sentence = g_strdup_printf("Marker %s", name);
    seek_film(self, to);
    window_say(self, sentence);
}

void window_install_timeline_actions(GtkWidgetClass *klass)
{
    static const struct {
        const char *name, *parameter;
        GtkWidgetActionActivateFunc activate;
    } actions[] = {
        {"win.seek-film", "d", act_seek_film},
        {"win.show-film", NULL, show_film},
        {"win.timeline-zoom", "s", zoom},
        {"win.snap", NULL, snap},
        {"win.adjust", NULL, adjust},
        {"win.import-sound", NULL, import_sound},
        {"win.spoken-line", NULL, spoken_line},
        {"win.edit-words", NULL, edit_words},
        {"win.ripple-delete", NULL, ripple_delete},
        {"win.add-marker", NULL, add_marker},
        {"win.previous-marker", NULL, go_marker},
        {"win.next-marker", NULL, go_marker},
    };
    for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(klass, actions[i].name, actions[i].parameter,
                                        actions[i].activate);
}
