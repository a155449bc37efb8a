// SPDX-License-Identifier: GPL-3.0-or-later
#include "self-test.h"

#include <adwaita.h>
#include <string.h>

typedef struct SelfTest {
    AdwMessageDialog *dialog; // owned by GTK; NULL once it is closed
    GSubprocess *process;
    GtkWidget *spinner;
} SelfTest;

static void self_test_free(SelfTest *test)
{
    g_object_unref(test->process);
    g_free(test);
}

// The last line that says something: "N passed, N failed".
static char *last_line(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output ? output : "", "\n", -1);
    for (guint i = g_strv_length(lines); i-- > 0;) {
        if (*g_strstrip(lines[i]))
            return g_strdup(lines[i]);
    }
    return g_strdup("The test said nothing.");
}

static void on_finished(GObject *source, GAsyncResult *result, gpointer data)
{
    SelfTest *test = data;
    g_autofree char *output = NULL;
    g_autoptr(GError) failure = NULL;
    gboolean ran =
        g_subprocess_communicate_utf8_finish(test->process, result, &output, NULL, &failure);
    if (test->dialog) {
        g_autofree char *line = ran ? last_line(output) : g_strdup(failure->message);
        gboolean passed = ran && g_subprocess_get_successful(test->process);
        gtk_spinner_stop(GTK_SPINNER(test->spinner));
        gtk_widget_set_visible(test->spinner, FALSE);
        adw_message_dialog_set_heading(test->dialog, passed ? "This Device Computes Correctly"
                                                            : "The Self-Test Did Not Pass");
        adw_message_dialog_set_body(test->dialog, line);
        adw_message_dialog_set_response_label(test->dialog, "stop", "_Close");
        g_object_remove_weak_pointer(G_OBJECT(test->dialog), (gpointer *)&test->dialog);
    }
    self_test_free(test);
}

static void on_response(AdwMessageDialog *dialog, const char *response, GSubprocess *process)
{
    g_subprocess_force_exit(process); // harmless once it has ended
}

void rushes_self_test_present(GtkWindow *parent)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GSubprocess) process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &failure,
                         program ? program : "rushes", "verify", NULL);
    GtkWidget *dialog = adw_message_dialog_new(parent, "Testing the Device", NULL);

    adw_message_dialog_set_body(
        ADW_MESSAGE_DIALOG(dialog),
        process ? "Every operation is compared with a known result. This takes up to two minutes."
                : failure->message);
    adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "stop", "_Stop");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "stop");
    if (process) {
        SelfTest *test = g_new0(SelfTest, 1);
        test->dialog = ADW_MESSAGE_DIALOG(dialog);
        test->process = g_object_ref(process);
        test->spinner = gtk_spinner_new();
        gtk_widget_set_size_request(test->spinner, 32, 32);
        gtk_spinner_start(GTK_SPINNER(test->spinner));
        adw_message_dialog_set_extra_child(test->dialog, test->spinner);
        g_object_add_weak_pointer(G_OBJECT(dialog), (gpointer *)&test->dialog);
        g_signal_connect_object(dialog, "response", G_CALLBACK(on_response), process, 0);
        g_subprocess_communicate_utf8_async(process, NULL, NULL, on_finished, test);
    }
    gtk_window_present(GTK_WINDOW(dialog));
}
