// SPDX-License-Identifier: GPL-3.0-or-later
#include "export-window.h"

struct _RushesExportWindow {
    AdwWindow parent_instance;

    AdwComboRow *what, *preset;
    GtkSwitch *credentials;
    GtkSwitch *watermark;
    GtkSwitch *visible_mark;

    RushesProject *project;
    RushesTake *take; // or NULL
    gboolean has_film;
    RushesExportQueue *exports;
};

#define RUSHES_TYPE_EXPORT_WINDOW (rushes_export_window_get_type())
G_DECLARE_FINAL_TYPE(RushesExportWindow, rushes_export_window, RUSHES, EXPORT_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE(RushesExportWindow, rushes_export_window, ADW_TYPE_WINDOW)

static void rushes_export_window_dispose(GObject *object)
{
    RushesExportWindow *self = RUSHES_EXPORT_WINDOW(object);

    g_clear_object(&self->exports);
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
        .watermark = gtk_switch_get_active(self->watermark) ? RUSHES_WATERMARK_LOSSY
                                                            : RUSHES_WATERMARK_NEVER,
        .visible_mark = gtk_switch_get_active(self->visible_mark),
    };
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;

    if (!rushes_export_queue_add(self->exports, self->project, path, &request, notices, &failure)) {
        say(self, failure->message);
        return;
    }
    say(self, "The export is in the queue.");
    for (guint i = 0; i < notices->len; i++)
        say(self, notices->pdata[i]);
    gtk_window_close(GTK_WINDOW(self));
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
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, what);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, preset);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, credentials);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, watermark);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, visible_mark);
    gtk_widget_class_bind_template_callback(widget, on_go);
    gtk_widget_class_bind_template_callback(widget, on_preset);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void rushes_export_window_init(RushesExportWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
}

GtkWindow *rushes_export_window_new(GtkWindow *parent, RushesExportQueue *exports,
                                    RushesProject *project, RushesTake *take)
{
    RushesExportWindow *self =
        g_object_new(RUSHES_TYPE_EXPORT_WINDOW, "transient-for", parent, NULL);

    self->exports = g_object_ref(exports);
    self->project = g_object_ref(project);
    self->take = take ? g_object_ref(take) : NULL;
    self->has_film = g_list_model_get_n_items(rushes_project_get_shots(project)) > 0;
    fill_choices(self);
    return GTK_WINDOW(self);
}
