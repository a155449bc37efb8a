// SPDX-License-Identifier: GPL-3.0-or-later
#include "export-window.h"

#include "export/film-export.h"
#include "time-text.h"

struct _RushesExportWindow {
    AdwWindow parent_instance;

    GtkButton *go;
    GtkStack *stack;
    AdwComboRow *what, *preset;
    GtkSwitch *credentials;
    GtkLabel *progress_label;
    GtkProgressBar *progress;

    RushesProject *project;
    RushesTake *take; // or NULL
    gboolean has_film;
    RushesExporter *exporter; // while it writes
    GCancellable *cancellable;
};

#define RUSHES_TYPE_EXPORT_WINDOW (rushes_export_window_get_type())
G_DECLARE_FINAL_TYPE(RushesExportWindow, rushes_export_window, RUSHES, EXPORT_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE(RushesExportWindow, rushes_export_window, ADW_TYPE_WINDOW)

static void rushes_export_window_dispose(GObject *object)
{
    RushesExportWindow *self = RUSHES_EXPORT_WINDOW(object);

    g_cancellable_cancel(self->cancellable);
    if (self->exporter)
        g_signal_handlers_disconnect_by_data(self->exporter, self);
    g_clear_object(&self->exporter);
    g_clear_object(&self->cancellable);
    g_clear_object(&self->project);
    g_clear_object(&self->take);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_EXPORT_WINDOW);
    G_OBJECT_CLASS(rushes_export_window_parent_class)->dispose(object);
}

static void say(RushesExportWindow *self, const char *sentence)
{
    GtkWindow *parent = gtk_window_get_transient_for(GTK_WINDOW(self));
    if (parent)
        gtk_widget_activate_action(GTK_WIDGET(parent), "win.say", "s", sentence);
}

static const RushesExportPreset *chosen_preset(RushesExportWindow *self)
{
    return rushes_export_preset_at(adw_combo_row_get_selected(self->preset));
}

static void on_preset(RushesExportWindow *self)
{
    const RushesExportPreset *preset = chosen_preset(self);
    if (preset)
        adw_action_row_set_subtitle(ADW_ACTION_ROW(self->preset), preset->detail);
}

static void on_progress(RushesExportWindow *self)
{
    g_autofree char *left = rushes_time_text_left(rushes_exporter_get_eta(self->exporter));
    g_autofree char *text = g_strdup_printf("Writing%s%s", *left ? " · " : "", left);

    gtk_label_set_label(self->progress_label, text);
    gtk_progress_bar_set_fraction(self->progress, rushes_exporter_get_fraction(self->exporter));
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesExportWindow) self = data;
    g_autoptr(GError) failure = NULL;

    gboolean written = rushes_exporter_finish(RUSHES_EXPORTER(source), result, &failure);
    if (!self->exporter)
        return; // closed, and so cancelled
    if (written)
        say(self, "Exported. The recipe travels inside the file.");
    else if (!g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        say(self, failure->message);
    gtk_window_destroy(GTK_WINDOW(self));
}

static gboolean exports_film(RushesExportWindow *self)
{
    return self->has_film && (!self->take || adw_combo_row_get_selected(self->what) == 1);
}

static void start(RushesExportWindow *self, const char *path)
{
    RushesFilmExport request = {
        .preset = chosen_preset(self)->name,
        .take = exports_film(self) ? 0 : rushes_take_get_number(self->take),
        .is_signed = gtk_switch_get_active(self->credentials),
    };
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;

    self->exporter = rushes_film_export_new(self->project, path, &request, notices, &failure);
    if (!self->exporter) {
        say(self, failure->message);
        return;
    }
    for (guint i = 0; i < notices->len; i++)
        say(self, notices->pdata[i]);
    gtk_widget_set_sensitive(GTK_WIDGET(self->go), FALSE);
    gtk_stack_set_visible_child_name(self->stack, "progress");
    g_signal_connect_swapped(self->exporter, "notify", G_CALLBACK(on_progress), self);
    on_progress(self);
    rushes_exporter_start(self->exporter, self->cancellable, on_finished, g_object_ref(self));
}

static void on_place_chosen(GtkNativeDialog *dialog, int response, RushesExportWindow *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        start(self, path);
    }
    g_object_unref(dialog);
}

static void on_go(RushesExportWindow *self)
{
    const RushesExportPreset *preset = chosen_preset(self);
    const char *ending = rushes_container_ending(preset->container);
    const char *title = rushes_project_get_title(self->project);
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        "Export To", GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_SAVE, "_Export", NULL);
    g_autofree char *name =
        exports_film(self)
            ? g_strdup_printf("%s%s%s", title, *ending ? "." : "", ending)
            : g_strdup_printf("%s - take %d%s%s", title, rushes_take_get_number(self->take),
                              *ending ? "." : "", ending);

    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
    g_signal_connect(dialog, "response", G_CALLBACK(on_place_chosen), self);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

static void fill_choices(RushesExportWindow *self)
{
    g_autoptr(GtkStringList) what = gtk_string_list_new(NULL);
    g_autoptr(GtkStringList) presets = gtk_string_list_new(NULL);

    if (self->take) {
        g_autofree char *name = g_strdup_printf("Take %d", rushes_take_get_number(self->take));
        gtk_string_list_append(what, name);
    }
    if (self->has_film)
        gtk_string_list_append(what, "The film on the timeline");
    adw_combo_row_set_model(self->what, G_LIST_MODEL(what));
    for (guint i = 0; rushes_export_preset_at(i); i++)
        gtk_string_list_append(presets, rushes_export_preset_at(i)->title);
    adw_combo_row_set_model(self->preset, G_LIST_MODEL(presets));
    on_preset(self);
}

static void rushes_export_window_class_init(RushesExportWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_export_window_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/export-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, go);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, stack);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, what);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, preset);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, credentials);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, progress_label);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, progress);
    gtk_widget_class_bind_template_callback(widget, on_go);
    gtk_widget_class_bind_template_callback(widget, on_preset);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void rushes_export_window_init(RushesExportWindow *self)
{
    self->cancellable = g_cancellable_new();
    gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWindow *rushes_export_window_new(GtkWindow *parent, RushesProject *project, RushesTake *take)
{
    RushesExportWindow *self =
        g_object_new(RUSHES_TYPE_EXPORT_WINDOW, "transient-for", parent, NULL);

    self->project = g_object_ref(project);
    self->take = take ? g_object_ref(take) : NULL;
    self->has_film = g_list_model_get_n_items(rushes_project_get_shots(project)) > 0;
    fill_choices(self);
    return GTK_WINDOW(self);
}
