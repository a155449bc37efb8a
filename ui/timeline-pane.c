// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline-pane.h"

#include "control-name.h"
#include "shot-block.h"
#include "sound-block.h"
#include "time-text.h"
#include "timeline-import.h"
#include "timeline-inspector.h"
#include "timeline/film-edit.h"

struct _RushesTimelinePane {
    AdwBin parent_instance;

    GtkLabel *time, *length, *invitation, *import_label;
    GtkDropDown *aspect;
    GtkToggleButton *snap;
    GtkBox *importing;
    GtkSpinner *spinner;
    RushesTimelineRow *row;

    RushesProject *project;
    RushesComposer *source;
    RushesPlayer *player;
    GSList *waiting; // GFile to import, in order
    double import_at;
    GCancellable *import; // of the file that is read just now, or NULL
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
    g_cancellable_cancel(self->import);
    g_slist_free_full(g_steal_pointer(&self->waiting), g_object_unref);
    g_clear_object(&self->project);
    g_clear_object(&self->source);
    g_clear_object(&self->player);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_TIMELINE_PANE);
    G_OBJECT_CLASS(rushes_timeline_pane_parent_class)->dispose(object);
}

static const char *const aspects[] = {NULL, "16:9", "9:16", "1:1"}; // as in timeline-pane.ui

static void update(RushesTimelinePane *self)
{
    RushesFrameFormat format = {0};
    guint shots = g_list_model_get_n_items(rushes_project_get_shots(self->project));
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(self->source), &format);
    g_autofree char *length =
        rushes_time_text_clip(format.fps > 0 ? format.frames / format.fps : 0);
    g_autofree char *text =
        g_strdup_printf(shots == 1 ? "%u shot, %s" : "%u shots, %s", shots, length);
    gboolean playing =
        self->player && rushes_player_get_source(self->player) == RUSHES_FRAME_SOURCE(self->source);
    g_autofree char *time = rushes_time_text_clip(
        playing && format.fps > 0 ? rushes_player_get_position(self->player) / format.fps : 0);
    gtk_label_set_label(self->time, time);
    const char *aspect = rushes_film_get_aspect(self->project);
    guint chosen = 0;
    for (guint i = 1; i < G_N_ELEMENTS(aspects); i++)
        chosen = g_strcmp0(aspect, aspects[i]) == 0 ? i : chosen;
    if (gtk_drop_down_get_selected(self->aspect) != chosen)
        gtk_drop_down_set_selected(self->aspect, chosen);
    gtk_label_set_label(self->length, shots > 0 ? text : "");
    gtk_widget_set_visible(GTK_WIDGET(self->invitation),
                           shots == 0 && !rushes_project_get_value(self->project, "sound"));
}

static void on_aspect(RushesTimelinePane *self)
{
    guint chosen = gtk_drop_down_get_selected(self->aspect);
    g_autoptr(GError) failure = NULL;

    if (!self->project || chosen >= G_N_ELEMENTS(aspects))
        return;
    if (!rushes_film_set_aspect(self->project, aspects[chosen], &failure))
        g_signal_emit(self, signals[SAY], 0, failure->message);
}

static void on_snap(RushesTimelinePane *self)
{
    rushes_timeline_row_set_snaps(self->row, gtk_toggle_button_get_active(self->snap));
}

void rushes_timeline_pane_toggle_snap(RushesTimelinePane *self)
{
    gtk_toggle_button_set_active(self->snap, !gtk_toggle_button_get_active(self->snap));
}

// ---- importing ----
static void import_next(RushesTimelinePane *self);

static void on_imported(GObject *project, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesTimelinePane) self = data;
    g_autoptr(GError) failure = NULL;
    double end = rushes_timeline_import_finish(RUSHES_PROJECT(project), result, &failure);

    g_clear_object(&self->import);
    if (!self->project)
        return; // the window is gone
    if (end >= 0)
        self->import_at = end;
    else if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_signal_emit(self, signals[SAY], 0, failure->message);
    import_next(self);
}

static void import_next(RushesTimelinePane *self)
{
    gboolean more = self->waiting != NULL;

    gtk_widget_set_visible(GTK_WIDGET(self->importing), more);
    gtk_spinner_set_spinning(self->spinner, more);
    if (!more)
        return;
    g_autoptr(GFile) file = self->waiting->data;
    self->waiting = g_slist_delete_link(self->waiting, self->waiting);
    g_autofree char *name = g_file_get_basename(file);
    g_autofree char *text = g_strdup_printf("Importing %s", name);
    gtk_label_set_label(self->import_label, text);
    self->import = g_cancellable_new();
    rushes_timeline_import_async(self->project, file, self->import_at, self->import, on_imported,
                                 g_object_ref(self));
}

static void on_cancel_import(RushesTimelinePane *self)
{
    g_slist_free_full(g_steal_pointer(&self->waiting), g_object_unref);
    g_cancellable_cancel(self->import);
}

void rushes_timeline_pane_import(RushesTimelinePane *self, GSList *files, double seconds)
{
    if (rushes_project_get_read_only(self->project)) {
        g_signal_emit(self, signals[SAY], 0,
                      "This project is open for reading only: use Save As to go on in a copy.");
        return;
    }
    if (!self->import)
        self->import_at = seconds;
    for (GSList *at = files; at; at = at->next)
        self->waiting = g_slist_append(self->waiting, g_object_ref(at->data));
    if (!self->import)
        import_next(self);
}

static void on_files(RushesTimelinePane *self, GSList *files, double seconds)
{
    rushes_timeline_pane_import(self, files, seconds);
}

// ---- settings ----
static void on_adjust(RushesTimelinePane *self, GtkWidget *block)
{
    if (RUSHES_IS_SHOT_BLOCK(block)) {
        gtk_widget_activate_action(GTK_WIDGET(self), "win.show-film", NULL);
        rushes_timeline_inspector_open_shot(block, self->project,
                                            rushes_shot_block_get_shot(RUSHES_SHOT_BLOCK(block)),
                                            self->source);
    } else if (RUSHES_IS_SOUND_BLOCK(block)) {
        rushes_timeline_inspector_open_sound(block, self->project,
                                             rushes_sound_block_get_id(RUSHES_SOUND_BLOCK(block)));
    }
}

void rushes_timeline_pane_adjust(RushesTimelinePane *self)
{
    GtkWidget *block = rushes_timeline_row_get_block(self->row);

    if (block)
        on_adjust(self, block);
    else
        g_signal_emit(self, signals[SAY], 0, "Choose a shot or a sound on the timeline first.");
}

static void on_marker(RushesTimelinePane *self, GtkWidget *button, guint index)
{
    rushes_timeline_inspector_open_marker(button, self->project, index);
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
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, import_label);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, aspect);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, snap);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, importing);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, spinner);
    gtk_widget_class_bind_template_child(widget, RushesTimelinePane, row);
    gtk_widget_class_bind_template_callback(widget, on_aspect);
    gtk_widget_class_bind_template_callback(widget, on_snap);
    gtk_widget_class_bind_template_callback(widget, on_cancel_import);
    signals[SEEK] = g_signal_new("seek", RUSHES_TYPE_TIMELINE_PANE, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 1, G_TYPE_INT);
    signals[SAY] = g_signal_new("say", RUSHES_TYPE_TIMELINE_PANE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void rushes_timeline_pane_init(RushesTimelinePane *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    rushes_control_name(GTK_WIDGET(self->aspect), "Aspect of the film");
    g_signal_connect_swapped(self->row, "seek", G_CALLBACK(on_seek), self);
    g_signal_connect_swapped(self->row, "say", G_CALLBACK(on_say), self);
    g_signal_connect_swapped(self->row, "files", G_CALLBACK(on_files), self);
    g_signal_connect_swapped(self->row, "adjust", G_CALLBACK(on_adjust), self);
    g_signal_connect_swapped(self->row, "marker", G_CALLBACK(on_marker), self);
}

void rushes_timeline_pane_set_project(RushesTimelinePane *self, RushesProject *project,
                                      RushesComposer *film)
{
    if (self->source)
        g_signal_handlers_disconnect_by_data(self->source, self);
    on_cancel_import(self); // what was on its way was for the project before
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
