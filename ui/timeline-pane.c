// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-pane.h"

#include "time-text.h"

struct _RushesTimelinePane {
    AdwBin parent_instance;

    GtkLabel *time, *length, *invitation;
    RushesTimelineRow *row;

    RushesProject *project;
    RushesComposer *source;
    RushesPlayer *player;
};

enum { SEEK, SAY, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesTimelinePane, rushes_timeline_pane, ADW_TYPE_BIN)

static void rushes_timeline_pane_dispose(GObject *object)
{
    RushesTimelinePane *self = RUSHES_TIMELINE_PANE(object);

    if (self->source)
        g_signal_handlers_disconnect_by_data(self->source, self);
    if (self->player)
        g_signal_handlers_disconnect_by_data(self->player, self);
    g_clear_object(&self->project);
    g_clear_object(&self->source);
    g_clear_object(&self->player);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_TIMELINE_PANE);
    G_OBJECT_CLASS(rushes_timeline_pane_parent_class)->dispose(object);
}

static void update(RushesTimelinePane *self)
{
    RushesFrameFormat format = {0};
    guint shots = g_list_model_get_n_items(rushes_project_get_shots(self->project));
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(self->source), &format);
    g_autofree char *length =
        rushes_time_text_clip(format.fps > 0 ? format.frames / format.fps : 0);
    g_autofree char *text =
        g_strdup_printf(shots == 1 ? "%u shot, %s" : "%u shots\n%s", shots, length);
    gboolean playing =
        self->player && rushes_player_get_source(self->player) == RUSHES_FRAME_SOURCE(self->source);
    g_autofree char *time = rushes_time_text_clip(
        playing && format.fps > 0 ? rushes_player_get_position(self->player) / format.fps : 0);
    gtk_label_set_label(self->time, time);
    gtk_label_set_label(self->length, shots > 0 ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(self->invitation), shots == 0);
}

static void on_zoom_in(RushesTimelinePane *self)
{
    rushes_timeline_row_set_scale(self->row, rushes_timeline_row_get_scale(self->row) * 1.4);
}

static void on_zoom_out(RushesTimelinePane *self)
{
    rushes_timeline_row_set_scale(self->row, rushes_timeline_row_get_scale(self->row) / 1.4);
}

static void on_seek(RushesTimelinePane *self, int frame)
{
    g_signal_emit(self, signals[SEEK], 0, frame);
}

static void on_say(RushesTimelinePane *self, const char *sentence)
{
    g_signal_emit(self, signals[SAY], 0, sentence);
}

static void rushes_timeline_pane_class_init(RushesTimelinePaneClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_timeline_pane_dispose;
    g_type_ensure(RUSHES_TYPE_TIMELINE_ROW);
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/timeline-pane.ui");
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, time);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, length);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, invitation);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, row);
    gtk_widget_class_bind_template_callback(widget, on_zoom_in);
    gtk_widget_class_bind_template_callback(widget, on_zoom_out);
    signals[SEEK] = g_signal_new("seek", RUSHES_TYPE_TIMELINE_PANE, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
    signals[SAY] = g_signal_new("say", RUSHES_TYPE_TIMELINE_PANE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_timeline_pane_init(RushesTimelinePane *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    g_signal_connect_swapped(self->row, "seek", G_CALLBACK(on_seek), self);
    g_signal_connect_swapped(self->row, "say", G_CALLBACK(on_say), self);
}

void rushes_timeline_pane_set_project(RushesTimelinePane *self, RushesProject *project,
                                      RushesComposer *film)
{
    if (self->source)
        g_signal_handlers_disconnect_by_data(self->source, self);
    g_set_object(&self->project, project);
    g_set_object(&self->source, film);
    g_signal_connect_swapped(film, "changed", G_CALLBACK(update), self);
    rushes_timeline_row_set_project(self->row, project, film);
    update(self);
}

void rushes_timeline_pane_set_player(RushesTimelinePane *self, RushesPlayer *player)
{
    self->player = g_object_ref(player);
    rushes_timeline_row_set_player(self->row, player);
    g_signal_connect_swapped(player, "notify::position", G_CALLBACK(update), self);
    g_signal_connect_swapped(player, "notify::source", G_CALLBACK(update), self);
}

RushesTimelineRow *rushes_timeline_pane_get_row(RushesTimelinePane *self)
{
    return self->row;
}
