// SPDX-License-Identifier: GPL-3.0-or-later
#include "self-test.h"

#include <adwaita.h>
#include <string.h>

#include "time-text.h"

typedef struct SelfTest {
    AdwMessageDialog *dialog; // owned by GTK; NULL once it is closed
    GSubprocess *process;
    GDataInputStream *lines;
    GtkProgressBar *bar;
    GtkLabel *label;
    guint clock;
    gint64 began;
    guint done, of;
    char *check; // the one that was done last
    char *last;  // line that says something else
} SelfTest;

static void self_test_free(SelfTest *test)
{
    g_clear_handle_id(&test->clock, g_source_remove);
    if (test->dialog)
        g_object_remove_weak_pointer(G_OBJECT(test->dialog), (gpointer *)&test->dialog);
    g_object_unref(test->lines);
    g_object_unref(test->process);
    g_free(test->check);
    g_free(test->last);
    g_free(test);
}

static void show_progress(SelfTest *test)
{
    double used = (double)(g_get_monotonic_time() - test->began) / G_USEC_PER_SEC;
    g_autofree char *time = rushes_time_text_about(used);
    g_autofree char *text = NULL;

    if (test->of == 0)
        text = g_strdup_printf("Opening the device, %s used", time);
    else
        text =
            g_strdup_printf("Check %u of %u, %s used: %s", test->done, test->of, time, test->check);
    gtk_label_set_label(test->label, text);
    gtk_progress_bar_set_fraction(test->bar, test->of ? (double)test->done / test->of : 0);
}

static gboolean on_clock(gpointer data)
{
    SelfTest *test = data;
    if (test->dialog)
        show_progress(test);
    return G_SOURCE_CONTINUE;
}

static void on_waited(GObject *source, GAsyncResult *result, gpointer data)
{
    SelfTest *test = data;

    g_subprocess_wait_finish(test->process, result, NULL);
    if (test->dialog) {
        gboolean passed = g_subprocess_get_successful(test->process);
        double used = (double)(g_get_monotonic_time() - test->began) / G_USEC_PER_SEC;
        g_autofree char *time = rushes_time_text_about(used);
        g_autofree char *body =
            g_strdup_printf("%s, in %s.", test->last ? test->last : "The test said nothing", time);
        gtk_widget_set_visible(GTK_WIDGET(test->bar), FALSE);
        gtk_widget_set_visible(GTK_WIDGET(test->label), FALSE);
        adw_message_dialog_set_heading(test->dialog, passed ? "This Device Computes Correctly"
                                                            : "The Self-Test Did Not Pass");
        adw_message_dialog_set_body(test->dialog, body);
        adw_message_dialog_set_response_label(test->dialog, "stop", "_Close");
    }
    self_test_free(test);
}

static void on_line(GObject *source, GAsyncResult *result, gpointer data)
{
    SelfTest *test = data;
    g_autofree char *line = g_data_input_stream_read_line_finish(test->lines, result, NULL, NULL);
    guint done, of;
    int name = 0;

    if (!line) {
        g_subprocess_wait_async(test->process, NULL, on_waited, test);
        return;
    }
    g_autofree char *text = g_utf8_make_valid(line, -1);
    if (sscanf(text, "check %u of %u: %n", &done, &of, &name) == 2 && name > 0) {
        test->done = done;
        test->of = MAX(done, of);
        g_free(test->check);
        test->check = g_strdup(text + name);
        if (test->dialog)
            show_progress(test);
    } else if (*g_strstrip(text)) {
        g_free(test->last);
        test->last = g_strdup(text);
    }
    g_data_input_stream_read_line_async(test->lines, G_PRIORITY_DEFAULT, NULL, on_line, test);
}

static void on_response(AdwMessageDialog *dialog, const char *response, GSubprocess *process)
{
    g_subprocess_force_exit(process); // harmless once it has ended; what it runs ends with it
}

static void follow(SelfTest *test, GSubprocess *process)
{
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6);

    test->process = g_object_ref(process);
    test->lines = g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    test->began = g_get_monotonic_time();
    test->bar = GTK_PROGRESS_BAR(gtk_progress_bar_new());
    test->label = GTK_LABEL(gtk_label_new(NULL));
    gtk_label_set_ellipsize(test->label, PANGO_ELLIPSIZE_END);
    gtk_label_set_width_chars(test->label, 44);
    gtk_label_set_max_width_chars(test->label, 44);
    gtk_widget_add_css_class(GTK_WIDGET(test->label), "numeric");
    gtk_accessible_update_property(GTK_ACCESSIBLE(test->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   "Checks done", -1);
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(test->bar));
    gtk_box_append(GTK_BOX(box), GTK_WIDGET(test->label));
    adw_message_dialog_set_extra_child(test->dialog, box);
    show_progress(test);
    test->clock = g_timeout_add_seconds(1, on_clock, test);
    g_object_add_weak_pointer(G_OBJECT(test->dialog), (gpointer *)&test->dialog);
    g_signal_connect_object(test->dialog, "response", G_CALLBACK(on_response), process, 0);
    g_data_input_stream_read_line_async(test->lines, G_PRIORITY_DEFAULT, NULL, on_line, test);
}

void rushes_self_test_present(GtkWindow *parent)
{
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autoptr(GError) failure = NULL;
    g_autoptr(GSubprocess) process =
        g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, &failure,
                         program ? program : "rushes", "verify", "--progress", NULL);
    GtkWidget *dialog = adw_message_dialog_new(parent, "Testing the Device", NULL);

    adw_message_dialog_set_body(
        ADW_MESSAGE_DIALOG(dialog),
        process ? "Every operation runs on this device and is compared with a known result. A free "
                  "machine needs a minute or two the first time and less later, a busy one longer. "
                  "It can be stopped at any moment; nothing depends on it."
                : failure->message);
    adw_message_dialog_add_response(ADW_MESSAGE_DIALOG(dialog), "stop", "_Stop");
    adw_message_dialog_set_close_response(ADW_MESSAGE_DIALOG(dialog), "stop");
    if (process) {
        SelfTest *test = g_new0(SelfTest, 1);
        test->dialog = ADW_MESSAGE_DIALOG(dialog);
        follow(test, process);
    }
    gtk_window_present(GTK_WINDOW(dialog));
}
