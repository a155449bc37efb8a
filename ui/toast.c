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
