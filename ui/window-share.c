// SPDX-License-Identifier: GPL-3.0-or-later
//
// window-share.c - a project, or one take, as one file for somebody else.
#include "project/share.h"
#include "window-private.h"

#define LOOK_MS 100 // how often the progress is looked at

// One packing: the plan is written by a thread while a dialog shows how far it is.
typedef struct Sharing {
    RushesSharePlan *plan;
    char *path;
    GCancellable *cancellable;
    GtkWindow *dialog;
    GtkProgressBar *bar;
    guint timer;
} Sharing;

static void sharing_free(Sharing *sharing)
{
    g_clear_handle_id(&sharing->timer, g_source_remove);
    if (sharing->dialog)
        gtk_window_destroy(sharing->dialog);
    g_clear_object(&sharing->dialog);
    rushes_share_plan_free(sharing->plan);
    g_free(sharing->path);
    g_clear_object(&sharing->cancellable);
    g_free(sharing);
}

static gboolean show_progress(gpointer data)
{
    Sharing *sharing = data;

    gtk_progress_bar_set_fraction(sharing->bar, rushes_share_plan_get_fraction(sharing->plan));
    return G_SOURCE_CONTINUE;
}

static void pack(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Sharing *sharing = data;
    GError *failure = NULL;

    if (rushes_share_plan_pack(sharing->plan, sharing->path, cancellable, &failure))
        g_task_return_boolean(task, TRUE);
    else
        g_task_return_error(task, failure);
}

static void on_packed(GObject *source, GAsyncResult *result, gpointer data)
{
    RushesWindow *self = RUSHES_WINDOW(source);
    Sharing *sharing = g_task_get_task_data(G_TASK(result));
    GError *failure = NULL;

    g_clear_handle_id(&sharing->timer, g_source_remove);
    gtk_window_destroy(sharing->dialog);
    g_clear_object(&sharing->dialog);
    if (!self->project)
        return; // the window was closed meanwhile
    if (g_task_propagate_boolean(G_TASK(result), &failure)) {
        g_autofree char *base = g_path_get_basename(sharing->path);
        g_autofree char *name = g_filename_display_name(base);
        g_autofree char *sentence =
            g_strdup_printf("%s is packed. It opens complete on another computer.", name);
        window_say(self, sentence);
    } else if (g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_error_free(failure);
    } else {
        window_check(self, failure);
    }
}

static void on_answer(AdwMessageDialog *dialog, const char *answer, GCancellable *cancellable)
{
    g_cancellable_cancel(cancellable);
}

static void start(RushesWindow *self, RushesSharePlan *plan, const char *path)
{
    Sharing *sharing = g_new0(Sharing, 1);
    GtkWidget *dialog = adw_message_dialog_new(GTK_WINDOW(self), "Packing", NULL);

    sharing->plan = plan;
    sharing->path = g_strdup(path);
    sharing->cancellable = g_cancellable_new();
    sharing->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    sharing->dialog = g_object_ref(GTK_WINDOW(dialog));
    gtk_accessible_update_property(GTK_ACCESSIBLE(sharing->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Progress of packing", -1);
    adw_message_dialog_set_extra_child(ADW_MESSAGE_DIALOG(dialog), GTK_WIDGET(sharing->bar));
    adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "cancel", "_Cancel");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "cancel");
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_answer), sharing->cancellable, 0);
    gtk_window_present(GTK_WINDOW(dialog));
    sharing->timer = g_timeout_add(LOOK_MS, show_progress, sharing);
    g_autoptr(GTask) task = g_task_new(self, sharing->cancellable, on_packed, NULL);
    g_task_set_task_data(task, sharing, (GDestroyNotify)sharing_free);
    g_task_run_in_thread(task, pack);
}

static void on_place_chosen(GtkNativeDialog *dialog, int response, RushesWindow *self)
{
    RushesSharePlan *plan = g_object_steal_data(G_OBJECT(dialog), "plan");

    if (response == GTK_RESPONSE_ACCEPT) {
        g_autoptr(GFile) file = gtk_file_chooser_get_file(GTK_FILE_CHOOSER(dialog));
        g_autofree char *path = g_file_get_path(file);
        g_autofree char *whole = path && !g_str_has_suffix(path, RUSHES_SHARE_ENDING)
                                     ? g_strconcat(path, RUSHES_SHARE_ENDING, NULL)
                                     : g_strdup(path);
        if (whole)
            start(self, g_steal_pointer(&plan), whole);
        else
            window_say(self, "Choose a folder of this computer or a mounted share.");
    }
    rushes_share_plan_free(plan);
    g_object_unref(dialog);
}

static void share(GtkWidget *widget, const char *action, GVariant *parameter)
{
    RushesWindow *self = RUSHES_WINDOW(widget);
    gboolean only_take = g_str_equal(action, "win.share-take");
    RushesTake *take = only_take ? window_current_take(self) : NULL;
    GError *failure = NULL;

    if (only_take && !take) {
        window_say(self, "Choose a take in the strip first.");
        return;
    }
    rushes_prompt_pane_flush(self->prompt);
    RushesSharePlan *plan = rushes_share_plan_new(self->project, take, &failure);
    if (!plan) {
        window_check(self, failure);
        return;
    }
    GtkFileChooserNative *dialog =
        gtk_file_chooser_native_new(only_take ? "Share This Take" : "Share the Project",
                                    GTK_WINDOW(self), GTK_FILE_CHOOSER_ACTION_SAVE, "_Pack", NULL);
    gtk_file_chooser_set_current_name(GTK_FILE_CHOOSER(dialog), rushes_share_plan_get_name(plan));
    g_object_set_data_full(G_OBJECT(dialog), "plan", plan, (GDestroyNotify)rushes_share_plan_free);
    g_signal_connect_object(dialog, "response", G_CALLBACK(on_place_chosen), self, 0);
    gtk_native_dialog_show(GTK_NATIVE_DIALOG(dialog));
}

void window_install_share_actions(GtkWidgetClass *klass)
{
    gtk_widget_class_install_action(klass, "win.share", NULL, share);
    gtk_widget_class_install_action(klass, "win.share-take", NULL, share);
}
