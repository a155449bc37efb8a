// SPDX-License-Identifier: GPL-3.0-or-later
#include "shortcuts.h"

void rushes_shortcuts_present(GtkWindow *parent)
{
    g_autoptr(GtkBuilder) builder = gtk_builder_new_from_resource("/io/rushes/Studio/shortcuts.ui");
    GtkWindow *window = GTK_WINDOW(gtk_builder_get_object(builder, "shortcuts"));

    gtk_window_set_transient_for(window, parent);
    g_object_set(window, "section-name", "make", NULL);
    gtk_window_present(window);
}
