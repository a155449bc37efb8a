// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue-button.h"

#include "export-row.h"
#include "queue-row.h"
#include "time-text.h"

struct _RushesQueueButton {
    AdwBin parent_instance;

    GtkMenuButton *button;
    GtkSpinner *spinner;
    GtkLabel *label, *summary;
    GtkToggleButton *hold;
    GtkListBox *list;

    RushesQueue *queue;
    GListModel *jobs;         // exports, then takes
    char *here;               // folder of the project in sight
    RushesTake *watched;      // the running one
    RushesExportJob *writing; // the export that is written
};

G_DEFINE_FINAL_TYPE(RushesQueueButton, rushes_queue_button, ADW_TYPE_BIN)

static void watch(RushesQueueButton *self, RushesTake *take);

static void rushes_queue_button_dispose(GObject *object)
{
    RushesQueueButton *self = RUSHES_QUEUE_BUTTON(object);

    watch(self, NULL);
    if (self->writing)
        g_signal_handlers_disconnect_by_data(self->writing, self);
    g_clear_object(&self->writing);
    if (self->queue) {
        g_signal_handlers_disconnect_by_data(rushes_queue_get_exports(self->queue), self);
        g_signal_handlers_disconnect_by_data(self->queue, self);
    }
    g_clear_object(&self->queue);
    g_clear_object(&self->jobs);
    g_clear_pointer(&self->here, g_free);
    // The template unparents its children, and AdwBin would do so to its own once more.
    adw_bin_set_child(ADW_BIN(self), NULL);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_QUEUE_BUTTON);
    G_OBJECT_CLASS(rushes_queue_button_parent_class)->dispose(object);
}

static char *export_text(RushesExportJob *job)
{
    double eta = rushes_export_job_get_eta(job);
    g_autofree char *about = eta >= 0 ? rushes_time_text_about(eta) : NULL;

    return g_strdup_printf("Export · %.0f %%%s%s", rushes_export_job_get_fraction(job) * 100,
                           about ? " · " : "", about ? about : "");
}

static char *running_text(RushesQueueItem *item, const char *here)
{
    RushesTake *take = rushes_queue_item_get_take(item);
    double eta = rushes_take_get_eta(take);
    g_autofree char *name = rushes_queue_item_dup_name(item, here);
    g_autofree char *about = eta >= 0 ? rushes_time_text_about(eta) : NULL;

    return g_strdup_printf("%s · %.0f %%%s%s", name, rushes_take_get_fraction(take) * 100,
                           about ? " · " : "", about ? about : "");
}

static guint count_failed(RushesExportQueue *exports)
{
    guint failed = 0;

    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(exports)); i++) {
        g_autoptr(RushesExportJob) job = g_list_model_get_item(G_LIST_MODEL(exports), i);
        failed += rushes_export_job_get_state(job) == RUSHES_EXPORT_FAILED;
    }
    return failed;
}

static void update(RushesQueueButton *self)
{
    RushesExportQueue *exports = rushes_queue_get_exports(self->queue);
    RushesExportJob *writing = rushes_export_queue_get_running(exports);
    guint jobs = g_list_model_get_n_items(G_LIST_MODEL(self->queue));
    guint failed = count_failed(exports); // they stay until the creator has seen them
    guint count = jobs + g_list_model_get_n_items(G_LIST_MODEL(exports)) - failed;
    gboolean paused = rushes_queue_get_paused(self->queue);
    RushesQueueItem *running = rushes_queue_get_running(self->queue);
    g_autofree char *text = NULL;
    g_autofree char *summary = NULL;

    if (running)
        text = running_text(running, self->here);
    else if (writing && !paused)
        text = export_text(writing);
    else if (paused && count > 0)
        text = g_strdup_printf("Paused · %u waiting", count);
    else if (count > 0)
        text = g_strdup_printf("%u waiting", count);
    else if (failed > 0)
        text = g_strdup_printf(failed == 1 ? "%u export failed" : "%u exports failed", failed);
    else
        text = g_strdup("Queue");
    gtk_label_set_label(self->label, text);
    gtk_accessible_update_property(GTK_ACCESSIBLE(self->button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   text, -1);
    gboolean busy = running || (writing && !paused);
    gtk_widget_set_visible(GTK_WIDGET(self->spinner), busy);
    gtk_spinner_set_spinning(self->spinner, busy);
    double eta = jobs > 0 ? rushes_queue_get_eta(self->queue) : -1;
    g_autofree char *left = rushes_time_text_left(eta);
    summary =
        g_strdup_printf(count == 1 ? "%u job%s%s" : "%u jobs%s%s", count, *left ? " · " : "", left);
    gtk_label_set_label(self->summary, summary);
    gtk_toggle_button_set_active(self->hold, paused);
    gtk_button_set_label(GTK_BUTTON(self->hold), paused ? "Resume All" : "Pause All");
}

static void watch(RushesQueueButton *self, RushesTake *take)
{
    if (self->watched)
        g_signal_handlers_disconnect_by_data(self->watched, self);
    g_set_object(&self->watched, take);
    if (take)
        g_signal_connect_swapped(take, "notify", G_CALLBACK(update), self);
}

static void on_running(RushesQueueButton *self)
{
    RushesQueueItem *item = rushes_queue_get_running(self->queue);
    watch(self, item ? rushes_queue_item_get_take(item) : NULL);
    update(self);
}

static void watch_export(RushesQueueButton *self)
{
    RushesExportJob *job = rushes_export_queue_get_running(rushes_queue_get_exports(self->queue));

    if (self->writing)
        g_signal_handlers_disconnect_by_data(self->writing, self);
    g_set_object(&self->writing, job);
    if (job)
        g_signal_connect_swapped(job, "notify", G_CALLBACK(update), self);
    update(self);
}

static void on_hold_toggled(RushesQueueButton *self)
{
    rushes_queue_set_paused(self->queue, gtk_toggle_button_get_active(self->hold));
}

static GtkWidget *create_row(gpointer item, gpointer data)
{
    RushesQueue *queue = RUSHES_QUEUE_BUTTON(data)->queue;

    if (RUSHES_IS_EXPORT_JOB(item))
        return GTK_WIDGET(rushes_export_row_new(rushes_queue_get_exports(queue), item));
    return GTK_WIDGET(rushes_queue_row_new(queue, item, RUSHES_QUEUE_BUTTON(data)->here));
}

static void rushes_queue_button_class_init(RushesQueueButtonClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_queue_button_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/queue-button.ui");
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, button);
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, spinner);
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, label);
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, summary);
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, hold);
    gtk_widget_class_bind_template_child(widget, RushesQueueButton, list);
    gtk_widget_class_bind_template_callback(widget, on_hold_toggled);
}

static void rushes_queue_button_init(RushesQueueButton *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

void rushes_queue_button_set_queue(RushesQueueButton *self, RushesQueue *queue)
{
    g_return_if_fail(RUSHES_IS_QUEUE_BUTTON(self) && !self->queue);

    self->queue = g_object_ref(queue);
    RushesExportQueue *exports = rushes_queue_get_exports(queue);
    // Exports first: they are few and soon done, and a row of takes moves only among takes.
    GListStore *lists = g_list_store_new(G_TYPE_LIST_MODEL);
    g_list_store_append(lists, exports);
    g_list_store_append(lists, queue);
    g_autoptr(GtkFlattenListModel) both = gtk_flatten_list_model_new(G_LIST_MODEL(lists));
    self->jobs = g_object_ref(G_LIST_MODEL(both));
    gtk_list_box_bind_model(self->list, self->jobs, create_row, self, NULL);
    g_signal_connect_swapped(exports, "items-changed", G_CALLBACK(update), self);
    g_signal_connect_swapped(exports, "notify::running", G_CALLBACK(watch_export), self);
    g_signal_connect_swapped(queue, "items-changed", G_CALLBACK(update), self);
    g_signal_connect_swapped(queue, "notify::running", G_CALLBACK(on_running), self);
    g_signal_connect_swapped(queue, "notify::paused", G_CALLBACK(update), self);
    on_running(self);
    watch_export(self);
}

void rushes_queue_button_set_project(RushesQueueButton *self, RushesProject *project)
{
    g_return_if_fail(RUSHES_IS_QUEUE_BUTTON(self) && self->queue);

    g_free(self->here);
    self->here = g_strdup(rushes_project_get_folder(project));
    // Its takes stand in the queue for those that were read without it, and all names are others.
    gtk_list_box_bind_model(self->list, self->jobs, create_row, self, NULL);
    on_running(self);
}

void rushes_queue_button_popup(RushesQueueButton *self)
{
    gtk_menu_button_popup(self->button);
}
