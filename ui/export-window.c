// SPDX-License-Identifier: GPL-3.0-or-later
#include "export-window.h"

#include "provenance/signer.h"
#include "settings.h"
#include "time-text.h"

struct _RushesExportWindow {
    AdwWindow parent_instance;

    AdwComboRow *what, *preset;
    AdwActionRow *size, *signer;
    GtkSwitch *credentials;
    GtkSwitch *time_stamp, *time_stamp_required;
    GtkEntry *time_stamp_address;
    GtkLabel *trouble;
    GtkWidget *go;
    GtkSwitch *watermark;
    GtkSwitch *visible_mark;
    GSettings *settings; // NULL without a schema

    RushesProject *project;
    RushesTake *take; // or NULL
    gboolean has_film;
    RushesExportQueue *exports;
    gboolean measures, measures_again; // the size; the choice changed meanwhile
};

#define RUSHES_TYPE_EXPORT_WINDOW (rushes_export_window_get_type())
G_DECLARE_FINAL_TYPE(RushesExportWindow, rushes_export_window, RUSHES, EXPORT_WINDOW, AdwWindow)
G_DEFINE_FINAL_TYPE(RushesExportWindow, rushes_export_window, ADW_TYPE_WINDOW)

static void rushes_export_window_dispose(GObject *object)
{
    RushesExportWindow *self = RUSHES_EXPORT_WINDOW(object);

    g_clear_object(&self->exports);
    g_clear_object(&self->settings);
    g_clear_object(&self->project);
    g_clear_object(&self->take);
    gtk_widget_dispose_template(GTK_WIDGET(self), RUSHES_TYPE_EXPORT_WINDOW);
    G_OBJECT_CLASS(rushes_export_window_parent_class)->dispose(object);
}

// Why it cannot be exported, where the creator looks: the window stays open.
static void show_trouble(RushesExportWindow *self, const char *sentence)
{
    gtk_label_set_label(self->trouble, sentence);
    gtk_widget_set_visible(GTK_WIDGET(self->trouble), *sentence != 0);
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

static gboolean exports_film(RushesExportWindow *self)
{
    return self->has_film && (!self->take || adw_combo_row_get_selected(self->what) == 1);
}

static gboolean wants_stamp(RushesExportWindow *self)
{
    return gtk_switch_get_active(self->credentials) && gtk_switch_get_active(self->time_stamp);
}

// What is chosen. The address belongs to its row.
static RushesFilmExport request_of(RushesExportWindow *self)
{
    gboolean stamped = wants_stamp(self);

    return (RushesFilmExport){
        .preset = chosen_preset(self)->name,
        .take = exports_film(self) ? 0 : rushes_take_get_number(self->take),
        .is_signed = gtk_switch_get_active(self->credentials),
        .time_stamp_url =
            stamped ? gtk_editable_get_text(GTK_EDITABLE(self->time_stamp_address)) : NULL,
        .time_stamp_required = stamped && gtk_switch_get_active(self->time_stamp_required),
        .watermark = gtk_switch_get_active(self->watermark) ? RUSHES_WATERMARK_LOSSY
                                                            : RUSHES_WATERMARK_NEVER,
        .visible_mark = gtk_switch_get_active(self->visible_mark),
    };
}

// ---- the size, measured by encoding a second of it ----
static void measure(RushesExportWindow *self);

static void estimate(GTask *task, gpointer exporter, gpointer data, GCancellable *cancellable)
{
    g_task_return_int(task, (gssize)rushes_exporter_estimate(exporter));
}

static void on_measured(GObject *exporter, GAsyncResult *result, gpointer data)
{
    g_autoptr(RushesExportWindow) self = data;
    gssize bytes = g_task_propagate_int(G_TASK(result), NULL);

    self->measures = FALSE;
    if (!self->project)
        return; // closed meanwhile
    if (self->measures_again) {
        measure(self);
        return;
    }
    g_autofree char *size = rushes_time_text_bytes((double)bytes);
    g_autofree char *text =
        bytes > 0 ? g_strdup_printf("About %s", size) : g_strdup("Cannot be measured");
    adw_action_row_set_subtitle(self->size, text);
}

static void measure(RushesExportWindow *self)
{
    self->measures_again = self->measures;
    if (self->measures)
        return;
    RushesFilmExport request = request_of(self);
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;
    request.time_stamp_url = NULL; // may be half typed, and changes nothing
    request.time_stamp_required = FALSE;
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(self->project, "", &request, notices, &failure);
    gtk_widget_set_sensitive(self->go, exporter != NULL);
    if (!exporter) {
        show_trouble(self, failure->message);
        adw_action_row_set_subtitle(self->size, "There will be no file");
        return;
    }
    // What is doubtful is read before the export is started.
    g_ptr_array_add(notices, NULL);
    g_autofree char *doubts = g_strjoinv("\n", (char **)notices->pdata);
    show_trouble(self, doubts);
    adw_action_row_set_subtitle(self->size, "Measuring…");
    self->measures = TRUE;
    g_autoptr(GTask) task = g_task_new(exporter, NULL, on_measured, g_object_ref(self));
    g_task_run_in_thread(task, estimate);
}

static void on_choice(RushesExportWindow *self)
{
    const RushesExportPreset *preset = chosen_preset(self);

    if (!preset || !self->project)
        return; // while the window is made
    adw_action_row_set_subtitle(ADW_ACTION_ROW(self->preset), preset->detail);
    show_trouble(self, "");
    measure(self);
}

// ---- the export ----
static void start(RushesExportWindow *self, const char *path)
{
    RushesFilmExport request = request_of(self);
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) failure = NULL;

    if (!rushes_export_queue_add(self->exports, self->project, path, &request, notices, &failure)) {
        show_trouble(self, failure->message);
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

    if (wants_stamp(self) && !*gtk_editable_get_text(GTK_EDITABLE(self->time_stamp_address))) {
        gtk_widget_grab_focus(GTK_WIDGET(self->time_stamp_address));
        show_trouble(
            self, "Type the address of a time-stamping authority, or switch the time stamp off.");
        return;
    }
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

// Whose name the file will carry, when it is not this computer's own.
static void show_signer(RushesExportWindow *self)
{
    g_autofree char *folder = rushes_signer_folder();
    g_autoptr(GError) failure = NULL;

    if (!rushes_signer_is_own(folder))
        return;
    g_autoptr(RushesIdentity) identity = rushes_signer_open(folder, "", &failure);
    g_autofree char *name =
        identity
            ? rushes_identity_describe(g_ptr_array_index(rushes_identity_get_chain(identity), 0))
            : NULL;
    g_autofree char *told =
        identity ? g_strdup_printf("Says how it was made, signed by %s", name ? name : "you")
                 : g_strdup(failure->message);
    g_autofree char *text = g_markup_escape_text(told, -1); // a name may hold an ampersand
    adw_action_row_set_subtitle(self->signer, text);
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
    on_choice(self);
}

// What was chosen about time stamps last time; marks and credentials are on again for every export.
static void bind_settings(RushesExportWindow *self)
{
    const struct {
        const char *key;
        gpointer widget;
        const char *property;
    } bindings[] = {{"time-stamp", self->time_stamp, "active"},
                    {"time-stamp-address", self->time_stamp_address, "text"},
                    {"time-stamp-required", self->time_stamp_required, "active"}};

    self->settings = rushes_settings_new();
    for (guint i = 0; i < G_N_ELEMENTS(bindings) && self->settings; i++)
        g_settings_bind(self->settings, bindings[i].key, bindings[i].widget, bindings[i].property,
                        G_SETTINGS_BIND_DEFAULT);
}

static void rushes_export_window_class_init(RushesExportWindowClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = rushes_export_window_dispose;
    gtk_widget_class_set_template_from_resource(widget, "/io/rushes/Studio/export-window.ui");
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, what);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, preset);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, size);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, signer);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, credentials);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, time_stamp);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, time_stamp_address);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, time_stamp_required);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, trouble);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, go);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, watermark);
    gtk_widget_class_bind_template_child(widget, RushesExportWindow, visible_mark);
    gtk_widget_class_bind_template_callback(widget, on_go);
    gtk_widget_class_bind_template_callback(widget, on_choice);
    gtk_widget_class_add_binding_action(widget, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void rushes_export_window_init(RushesExportWindow *self)
{
    gtk_widget_init_template(GTK_WIDGET(self));
    bind_settings(self);
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
    show_signer(self);
    fill_choices(self);
    return GTK_WINDOW(self);
}
