// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-save-as.c - Save As: the project is copied beside the work that goes on, and the window goes over to the copy.
#include "project/project-copy.h"
#include "window-private.h"

#define SHOW_AFTER_MS 400 // what takes less needs no window

typedef struct SaveAs {
    RushesWindow *window; // weak; NULL once it is closed
    RushesProject *project;
    char *folder;
    GCancellable *cancellable;
    AdwMessageDialog *dialog; // owned by GTK; NULL before and after
    GtkProgressBar *bar;
    guint show_source;
    double fraction;
} SaveAs;

static void save_as_free(SaveAs *save)
{
    g_clear_handle_id(&save->show_source, g_source_remove);
    g_clear_weak_pointer(&save->window);
    g_object_unref(save->project);
    g_object_unref(save->cancellable);
    g_free(save->folder);
    g_free(save);
}

static void on_progress(double fraction, gpointer data)
{
    SaveAs *save = data;

    save->fraction = fraction;
    if (save->dialog)
        gtk_progress_bar_set_fraction(save->bar, fraction);
}

// The window goes over to the copy, unless it has another project by now.
static void go_over(SaveAs *save, GError **error)
{
    g_autoptr(RushesProject) copy = NULL;

    if (save->window->project != save->project) {
        g_autofree char *shown = g_filename_display_name(save->folder);
        g_autofree char *sentence = g_strdup_printf("The copy is whole: %s", shown);
        window_say(save->window, sentence);
        return;
    }
    copy = rushes_project_open(save->folder, RUSHES_PROJECT_DEFAULT, error);
    if (copy)
        rushes_window_set_project(save->window, copy);
}

static void on_copied(GObject *source, GAsyncResult *result, gpointer data)
{
    SaveAs *save = data;
    GError *failure = NULL;
    gboolean copied = rushes_project_copy_finish(save->project, result, &failure);

    if (save->dialog) {
        gtk_window_destroy(GTK_WINDOW(save->dialog));
        g_clear_weak_pointer(&save->dialog);
    }
    if (save->window && copied)
        go_over(save, &failure);
    if (g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_clear_error(&failure);
    if (save->window)
        window_check(save->window, failure);
    else
        g_clear_error(&failure);
    save_as_free(save);
}

static void on_response(AdwMessageDialog *dialog, const char *response, GCancellable *cancellable)
{
    g_cancellable_cancel(cancellable);
}

static gboolean show_progress(gpointer data)
{
    SaveAs *save = data;

    save->show_source = 0;
    if (!save->window)
        return G_SOURCE_REMOVE;
    GtkWidget *dialog = adw_message_dialog_new(
        GTK_WINDOW(save->window), "Copying the Project",
        "Work can go on meanwhile: the copy has it, too. After Cancel nothing of it is left.");
    save->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    gtk_progress_bar_set_fraction(save->bar, save->fraction);
    gtk_accessible_update_property(GTK_ACCESSIBLE(save->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Copied", -1);
    g_set_weak_pointer(&save->dialog, ADW_MESSAGE_DIALOG(dialog));
    adw_message_dialog_set_extra_child(save->dialog, GTK_WIDGET(save->bar));
    adw_message_dialog_add_response(save->dialog, "cancel", "_Cancel");
    adw_message_dialog_set_close_response(save->dialog, "cancel");
    gtk_window_set_modal(GTK_WINDOW(dialog), FALSE);
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_response), save->cancellable, 0);
    gtk_window_present(GTK_WINDOW(dialog));
    return G_SOURCE_REMOVE;
}

static void copy_to(RushesWindow *self, const char *path)
{
    SaveAs *save = g_new0(SaveAs, 1);

    g_set_weak_pointer(&save->window, self);
    save->project = g_object_ref(self->project);
    save->folder =
        g_str_has_suffix(path, ".rushes") ? g_strdup(path) : g_strconcat(path, ".rushes", NULL);
    save->cancellable = g_cancellable_new();
    // Who closes the window has given the copy up.
    g_signal_connect_object(self, "unrealize", G_CALLBACK(g_cancellable_cancel), save->cancellable,
                            G_CONNECT_SWAPPED);
    save->show_source = g_timeout_add(SHOW_AFTER_MS, show_progress, save);
    rushes_project_copy_async(self->project, save->folder, save->cancellable, on_progress, save,
                              on_copied, save);
}

static void on_save_as_chosen(GtkNativeDialog *dialog, int response, RushesWindow *self)
{
    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        if (path)
            copy_to(self, path);
    }
    g_object_unref(dialog);
}

static void act_save_as(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    GtkFileChooserNative *dialog = gtk_file_chooser_native_new(
        "Save Project As", GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_SAVE, "_Save", NULL);
    g_autofree char *name =
        g_strdup_printf("%s copy.rushes", rushes_project_get_title(self->project));

    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), name);
    g_signal_connect(dialog, "response", G_CALLBACK(on_save_as_chosen), self);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

void window_install_save_as_action(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.save-as", NULL, act_save_as);
}
