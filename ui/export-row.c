// SPDX-License-Identifier: GPL-3.0-or-later
#include "export-row.h"

#include "time-text.h"

struct _RushesExportRow {
    GtkListBoxRow parent_instance;

    GtkLabel *title, *state;
    GtkProgressBar *progress;
    GtkButton *retry, *cancel;

    RushesExportQueue *queue;
    RushesExportJob *job;
};

G_DEFINE_FINAL_TYPE(RushesExportRow, rushes_export_row, GTK_TYPE_LIST_BOX_ROW)

static void rushes_export_row_dispose(GObject *object)
{
    RushesExportRow *self = RUSHES_EXPORT_ROW(object);

    if (self->job)
        g_signal_handlers_disconnect_by_data(self->job, self);
    g_clear_object(&self->job);
    g_clear_object(&self->queue);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_EXPORT_ROW);
    G_OBJECT_CLASS(rushes_export_row_parent_class)->dispose(object);
}

static char *describe(RushesExportJob *job)
{
    double fraction = rushes_export_job_get_fraction(job);
    g_autofree char *left = rushes_time_text_left(rushes_export_job_get_eta(job));

    switch (rushes_export_job_get_state(job)) {
    case RUSHES_EXPORT_RUNNING:
        return g_strdup_printf("%s · %.0f %%%s%s", rushes_export_job_get_phase(job), fraction * 100,
                               *left ? " · " : "", left);
    case RUSHES_EXPORT_FAILED:
        return g_strdup(rushes_export_job_get_error(job));
    case RUSHES_EXPORT_WAITING:
        break;
    }
    return g_strdup("Waiting");
}

static void update(RushesExportRow *self)
{
    RushesExportState state = rushes_export_job_get_state(self->job);
    g_autofree char *text = describe(self->job);
    gboolean failed = state == RUSHES_EXPORT_FAILED;

    gtk_label_set_label(self->state, text);
    gtk_progress_bar_set_fraction(self->progress, rushes_export_job_get_fraction(self->job));
    gtk_widget_set_visible(GTK_WIDGET(self->progress), state == RUSHES_EXPORT_RUNNING);
    gtk_widget_set_visible(GTK_WIDGET(self->retry), failed);
    gtk_button_set_icon_name(self->cancel,
                             failed ? "window-close-symbolic" : "process-stop-symbolic");
    gtk_widget_set_tooltip_text(GTK_WIDGET(self->cancel), failed ? "Take Off the List" : "Cancel");
    gtk_widget_remove_css_class(GTK_WIDGET(self->state), failed ? "dim-label" : "error");
    gtk_widget_add_css_class(GTK_WIDGET(self->state), failed ? "error" : "dim-label");
}

static void on_retry(RushesExportRow *self)
{
    rushes_export_queue_retry(self->queue, self->job);
}

static void on_cancel(RushesExportRow *self)
{
    rushes_export_queue_cancel(self->queue, self->job);
}

static void rushes_export_row_class_init(RushesExportRowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_export_row_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/export-row.ui");
    gtk_widget_class_bind_template_child(widget, RushesExportRow, title);
    gtk_widget_class_bind_template_child(widget, RushesExportRow, state);
    gtk_widget_class_bind_template_child(widget, RushesExportRow, progress);
    gtk_widget_class_bind_template_child(widget, RushesExportRow, retry);
    gtk_widget_class_bind_template_child(widget, RushesExportRow, cancel);
    gtk_widget_class_bind_template_callback(widget, on_retry);
    gtk_widget_class_bind_template_callback(widget, on_cancel);
}

static void rushes_export_row_init(RushesExportRow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

RushesExportRow *rushes_export_row_new(RushesExportQueue *queue, RushesExportJob *job)
{
    RushesExportRow *self = g_object_new(RUSHES_TYPE_EXPORT_ROW, NULL);
    g_autofree char *name = g_path_get_basename(rushes_export_job_get_path(job));
    g_autofree char *shown = g_filename_display_name(name);
    g_autofree char *title =
        g_strdup_printf("Export · %s · %s", shown, rushes_export_job_get_title(job));

    self->queue = g_object_ref(queue);
    self->job = g_object_ref(job);
    gtk_label_set_label(self->title, title);
    gtk_widget_set_tooltip_text(GTK_WIDGET(self), rushes_export_job_get_path(job));
    g_signal_connect_swapped(job, "notify", G_CALLBACK(update), self);
    update(self);
    return self;
}
