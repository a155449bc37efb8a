// SPDX-License-Identifier: GPL-3.0-or-later
#include "toast.h"

#define SECONDS    6
#define LINE_CHARS 60

AdwToast *rushes_toast_new(const char *sentence)
{
    AdwToast *toast = adw_toast_new("");
    GtkWidget *label = gtk_label_new(sentence);

    gtk_label_set_wrap(GTK_LABEL(label), TRUE);
    gtk_label_set_wrap_mode(GTK_LABEL(label), PANGO_WRAP_WORD_CHAR);
    gtk_label_set_xalign(GTK_LABEL(label), 0);
    gtk_label_set_max_width_chars(GTK_LABEL(label), LINE_CHARS);
    gtk_widget_add_css_class(label, "heading");
    adw_toast_set_custom_title(toast, label);
    adw_toast_set_timeout(toast, SECONDS);
    return toast;
}

// Not when a popover has the focus, which it closes.
static gboolean on_escape(GtkEventControllerKey *controller, guint key, guint code,
                          GdkModifierType state, GtkWindow *window)
{
    GtkWidget *focus = gtk_root_get_focus(GTK_ROOT(window));

    if (key != GDK_KEY_Escape || (state & gtk_accelerator_get_default_mod_mask()) != 0 ||
        (focus && gtk_widget_get_native(focus) != GTK_NATIVE(window)))
        return GDK_EVENT_PROPAGATE;
    gtk_window_close(window);
    return GDK_EVENT_STOP;
}

void rushes_toast_let_escape_close(GtkWindow *window)
{
    GtkEventController *controller = gtk_event_controller_key_new();

    gtk_event_controller_set_propagation_phase(controller, GTK_PHASE_CAPTURE);
    g_signal_connect(controller, "key-pressed", G_CALLBACK(on_escape), window);
    gtk_widget_add_controller(GTK_WIDGET(window), controller);
}
