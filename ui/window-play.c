// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-play.c - the transport: what the buttons below the picture and the keys do.
#include "window-private.h"

static void play(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_player_toggle(window_player(RUSHES_WINDOW(widget)));
}

static void play_looped(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesPlayer *player = window_player(RUSHES_WINDOW(widget));
    if (!rushes_player_get_source(player))
        return;
    rushes_player_set_loop(player, TRUE);
    rushes_player_play(player);
}

static void pause_playing(GtkWidget *widget, const char *action, GVariant *parameter)
{
    rushes_player_pause(window_player(RUSHES_WINDOW(widget)));
}

static void play_timeline(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    window_show_film(self);
    if (rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)))
        rushes_player_toggle(window_player(self));
}

static void shuttle(GtkWidget *widget, const char *action, GVariant *parameter)
{
    int direction = g_str_equal(action, "win.shuttle-back") ? -1 : 1;
    rushes_player_shuttle(window_player(RUSHES_WINDOW(widget)), direction);
}

static void step(GtkWidget *widget, const char *action, GVariant *parameter)
{
    static const struct {
        const char *action;
        int frames;
    } steps[] = {{"win.step-back", -1},
                 {"win.step-forward", 1},
                 {"win.jump-back", -10},
                 {"win.jump-forward", 10}};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (g_str_equal(action, steps[i].action))
            rushes_player_step(window_player(RUSHES_WINDOW(widget)), steps[i].frames);
    }
}

static void go(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesPlayer *player = window_player(RUSHES_WINDOW(widget));
    int first, last, in, out;

    rushes_player_get_range(player, &first, &last);
    g_object_get(player, "mark-in", &in, "mark-out", &out, NULL);
    if (g_str_equal(action, "win.go-start"))
        rushes_player_seek(player, 0);
    else if (g_str_equal(action, "win.go-end"))
        rushes_player_seek(player, G_MAXINT);
    else if (g_str_equal(action, "win.go-mark-in") && in >= 0)
        rushes_player_seek(player, in);
    else if (g_str_equal(action, "win.go-mark-out") && out >= 0)
        rushes_player_seek(player, out);
}

// In the timeline, I and O trim the sound that is chosen, else the shot under the play head; on a take they set marks.
static gboolean trim_at_head(RushesWindow *self, gboolean in)
{
    GListModel *shots = rushes_project_get_shots(self->project);
    int position = rushes_player_get_position(window_player(self));
    GError *failure = NULL;

    if (!rushes_preview_pane_shows_source(self->preview, RUSHES_FRAME_SOURCE(self->film)) ||
        g_list_model_get_n_items(shots) == 0)
        return FALSE;
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    int index = rushes_timeline_find_cut(film, position);
    if (index < 0)
        return TRUE;
    const RushesCut *cut = film->cuts->pdata[index];
    int start = cut->start, frame = rushes_cut_source_frame(film, cut, position);
    g_autoptr(RushesShot) shot = g_list_model_get_item(shots, (guint)index);
    rushes_project_trim_shot(self->project, shot, in ? frame : rushes_shot_get_in(shot),
                             in ? rushes_shot_get_out(shot) : frame, &failure);
    window_check(self, failure);
    if (in)
        rushes_player_seek(window_player(self), start);
    return TRUE;
}

static void mark(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    RushesPlayer *player = window_player(self);
    gboolean marks_in = g_str_equal(action, "win.mark-in");
    int in, out, position = rushes_player_get_position(player);

    if (window_trim_sound(self, marks_in) || trim_at_head(self, marks_in))
        return;
    g_object_get(player, "mark-in", &in, "mark-out", &out, NULL);
    if (marks_in)
        window_set_marks(self, position, out >= position ? out : -1);
    else
        window_set_marks(self, in <= position ? in : -1, position);
}

static void clear_marks(GtkWidget *widget, const char *action, GVariant *parameter)
{
    window_set_marks(RUSHES_WINDOW(widget), -1, -1);
}

static void go_cut(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    guint shots = g_list_model_get_n_items(rushes_project_get_shots(self->project));
    int position = rushes_player_get_position(window_player(self));

    if (shots == 0)
        return;
    window_show_film(self);
    g_autoptr(RushesTimeline) film = rushes_composer_get_timeline(self->film);
    int start = 0, end = MAX(0, film->frames - 1);
    for (guint i = 0; i < film->cuts->len; i++) {
        const RushesCut *cut = film->cuts->pdata[i];
        if (cut->start < position)
            start = cut->start; // the last one before here
        if (cut->start > position)
            end = MIN(end, cut->start); // the first one after
    }
    if (g_str_equal(action, "win.next-cut"))
        start = end;
    rushes_player_seek(window_player(self), start);
}

static void zoom(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    rushes_preview_pane_set_zoom(self->preview, g_variant_get_double(parameter));
}

static void zoom_fit(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    rushes_preview_pane_set_zoom(self->preview, g_str_equal(action, "win.zoom-real") ? 1 : 0);
}

static void fullscreen(GtkWidget *widget, const char *action, GVariant *parameter)
{
    if (gtk_window_is_fullscreen(GTK_WINDOW(widget)))
        gtk_window_unfullscreen(GTK_WINDOW(widget));
    else
        gtk_window_fullscreen(GTK_WINDOW(widget));
}

void window_install_play_actions(GtkWidgetClass *klass)
{
    static const struct {
        const char *name;
        GtkWidgetActionActivateFunc activate;
    } actions[] = {
        {"win.play", play},
        {"win.pause", pause_playing},
        {"win.play-looped", play_looped},
        {"win.play-timeline", play_timeline},
        {"win.shuttle-back", shuttle},
        {"win.shuttle-forward", shuttle},
        {"win.step-back", step},
        {"win.step-forward", step},
        {"win.jump-back", step},
        {"win.jump-forward", step},
        {"win.go-start", go},
        {"win.go-end", go},
        {"win.go-mark-in", go},
        {"win.go-mark-out", go},
        {"win.mark-in", mark},
        {"win.mark-out", mark},
        {"win.clear-marks", clear_marks},
        {"win.previous-cut", go_cut},
        {"win.next-cut", go_cut},
        {"win.zoom-fit", zoom_fit},
        {"win.zoom-real", zoom_fit},
        {"win.fullscreen", fullscreen},
    };
    for (guint i = 0; i < G_N_ELEMENTS(actions); i++)
        gtk_widget_class_install_action(klass, actions[i].name, NULL, actions[i].activate);
    gtk_widget_class_install_action(klass, "win.zoom", "d", zoom);
}
