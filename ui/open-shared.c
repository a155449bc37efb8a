// SPDX-License-Identifier: GPL-3.0-or-later
#include "open-shared.h"

#include <unistd.h>

#include "project/share.h"

#define PULSE_MS 150

typedef struct Unpacking {
    char *path;
    RushesSharedFunc func;
    gpointer data;
    GtkWindow *dialog;
    guint timer;
} Unpacking;

static void unpacking_free(Unpacking *unpacking)
{
    g_clear_handle_id(&unpacking->timer, g_source_remove);
    if (unpacking->dialog)
        gtk_window_destroy(unpacking->dialog);
    g_clear_object(&unpacking->dialog);
    g_free(unpacking->path);
    g_free(unpacking);
}

gboolean rushes_is_shared_file(const char *path)
{
    g_autofree char *lower = g_ascii_strdown(path, -1);

    return g_str_has_suffix(lower, RUSHES_SHARE_ENDING);
}

static gboolean pulse(gpointer bar)
{
    gtk_progress_bar_pulse(bar);
    return G_SOURCE_CONTINUE;
}

static void unpack(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Unpacking *unpacking = data;
    g_autofree char *beside = g_path_get_dirname(unpacking->path);
    const char *parent = access(beside, W_OK) == 0 ? beside : g_get_home_dir();
    GError *failure = NULL;
    char *folder = rushes_share_unpack(unpacking->path, parent, cancellable, &failure);

    if (folder)
        g_task_return_pointer(task, folder, g_free);
    else
        g_task_return_error(task, failure);
}

static void on_unpacked(GObject *source, GAsyncResult *result, gpointer data)
{
    Unpacking *unpacking = g_task_get_task_data(G_TASK(result));
    g_autoptr(GError) failure = NULL;
    g_autofree char *folder = g_task_propagate_pointer(G_TASK(result), &failure);

    g_clear_handle_id(&unpacking->timer, g_source_remove);
    gtk_window_destroy(unpacking->dialog);
    g_clear_object(&unpacking->dialog);
    unpacking->func(folder, failure, unpacking->data);
    g_application_release(g_application_get_default());
}

static void on_answer(AdwMessageDialog *dialog, const char *answer, GCancellable *cancellable)
{
    g_cancellable_cancel(cancellable);
}

void rushes_open_shared(GtkWindow *parent, const char *path, RushesSharedFunc func, gpointer data)
{
    Unpacking *unpacking = g_new0(Unpacking, 1);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *name = g_filename_display_name(base);
    GtkWidget *dialog = adw_message_dialog_new(parent, "Unpacking", name);
    GtkWidget *bar = gtk_progress_bar_new();

    unpacking->path = g_strdup(path);
    unpacking->func = func;
    unpacking->data = data;
    unpacking->dialog = g_object_ref(GTK_WINDOW(dialog));
    gtk_accessible_update_property(GTK_ACCESSIBLE(bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Unpacking goes on", -1);
    adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog), bar);
    adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "cancel", "_Cancel");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "cancel");
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_answer), cancellable, 0);
    gtk_window_present(GTK_WINDOW(dialog));
    unpacking->timer = g_timeout_add(PULSE_MS, pulse, bar);
    g_application_hold(g_application_get_default()); // there may be no window yet
    g_autoptr(GTask) task = g_task_new(NULL, cancellable, on_unpacked, NULL);
    g_task_set_task_data(task, unpacking, (GDestroyNotify)unpacking_free);
    g_task_run_in_thread(task, unpack);
}
