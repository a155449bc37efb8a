// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue-row.h"

#include "time-text.h"

struct _RushesQueueRow {
    GtkListBoxRow parent_instance;

    GtkLabel *title, *state;
    GtkProgressBar *progress;
    GtkButton *up, *down, *pause, *cancel;

    RushesQueue *queue;
    RushesQueueItem *item;
    RushesTake *take;
};

G_DEFINE_FINAL_TYPE(RushesQueueRow, rushes_queue_row, GTK_TYPE_LIST_BOX_ROW)

static void rushes_queue_row_dispose(GObject *object)
{
    RushesQueueRow *self = RUSHES_QUEUE_ROW(object);

    if (self->take)
        g_signal_handlers_disconnect_by_data(self->take, self);
    g_clear_object(&self->take);
    g_clear_object(&self->item);
    g_clear_object(&self->queue);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_QUEUE_ROW);
    G_OBJECT_CLASS(rushes_queue_row_parent_class)->dispose(object);
}

static void update(RushesQueueRow *self)
{
    RushesTakeState state = rushes_take_get_state(self->take);
    gboolean running = state == RUSHES_TAKE_RUNNING, paused = state == RUSHES_TAKE_PAUSED;
    const char *error = rushes_take_get_error(self->take);
    g_autofree char *left = rushes_time_text_left(running ? rushes_take_get_eta(self->take) : -1);
    g_autofree char *text =
        running
            ? g_strdup_printf("%s · %.0f %%%s%s", rushes_take_get_stage(self->take),
                              rushes_take_get_fraction(self->take) * 100, *left ? " · " : "", left)
            : g_strdup(error                              ? error // the disk is full, say
                       : paused                           ? "Paused"
                       : state == RUSHES_TAKE_INTERRUPTED ? "Goes on from its last step"
                                                          : "Waiting");

    gtk_label_set_label(self->state, text);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->state), running ? NULL : error); // the whole of it
    gtk_progress_bar_set_fraction(self->progress, rushes_take_get_fraction(self->take));
    gtk_widget_set_visible(GTK_WIDGET(self->progress), running);
    gtk_button_set_icon_name(self->pause, paused ? "media-playback-start-symbolic"
                                                 : "media-playback-pause-symbolic");
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->pause), paused ? "Resume" : "Pause");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->pause), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   paused ? "Resume" : "Pause", -1);
}

static int find_position(RushesQueueRow *self)
{
    guint count = g_list_model_get_n_items(G_LIST_MODEL(self->queue));

    for (guint i = 0; i < count; i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self->queue), i);
        if (item == self->item)
            return (int)i;
    }
    return -1;
}

static void move(RushesQueueRow *self, int by)
{
    int index = find_position(self); // among the takes: exports stand in the same list
    g_autoptr(GError) failure = NULL;

    if (index >= 0 && index + by >= 0 &&
        !rushes_queue_move(self->queue, self->item, (guint)(index + by), &failure))
        gtk_widget_activate_action(GTK_WIDGET(self), "win.say", "s", failure->message);
}

static void on_up(RushesQueueRow *self)
{
    move(self, -1);
}

static void on_down(RushesQueueRow *self)
{
    move(self, 1);
}

static void on_pause(RushesQueueRow *self)
{
    gboolean paused = rushes_take_get_state(self->take) == RUSHES_TAKE_PAUSED;
    rushes_queue_pause_item(self->queue, self->item, !paused);
}

static void on_cancel(RushesQueueRow *self)
{
    rushes_queue_cancel(self->queue, self->item);
}

static void rushes_queue_row_class_init(RushesQueueRowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_queue_row_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/queue-row.ui");
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, title);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, state);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, progress);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, up);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, down);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, pause);
    gtk_widget_class_bind_template_child(widget, RushesQueueRow, cancel);
    gtk_widget_class_bind_template_callback(widget, on_up);
    gtk_widget_class_bind_template_callback(widget, on_down);
    gtk_widget_class_bind_template_callback(widget, on_pause);
    gtk_widget_class_bind_template_callback(widget, on_cancel);
}

static void rushes_queue_row_init(RushesQueueRow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

RushesQueueRow *rushes_queue_row_new(RushesQueue *queue, RushesQueueItem *item, const char *here)
{
    RushesQueueRow *self = g_object_new(RUSHES_TYPE_QUEUE_ROW, NULL);
    RushesTake *take = rushes_queue_item_get_take(item);
    g_autofree char *name = rushes_queue_item_dup_name(item, here);
    g_autofree char *title = g_strdup_printf("%s · %s", name, rushes_take_get_recipe(take)->prompt);

    self->queue = g_object_ref(queue);
    self->item = g_object_ref(item);
    self->take = g_object_ref(take);
    gtk_label_set_label(self->title, title);
    g_signal_connect_swapped(take, "notify", G_CALLBACK(update), self);
    update(self);
    return self;
}
