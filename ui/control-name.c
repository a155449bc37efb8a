// SPDX-License-Identifier: GPL-3.0-or-later
#include "control-name.h"

void rushes_control_name(GtkWidget *control, const char *name)
{
    GtkWidget *button = gtk_widget_get_first_child(control);

    gtk_accessible_update_property(GTK_ACCESSIBLE(control), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                   -1);
    if (!GTK_IS_BUTTON(button))
        return;
    // Else its label's words would follow the name.
    gtk_accessible_reset_relation(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_RELATION_LABELLED_BY);
    gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}
