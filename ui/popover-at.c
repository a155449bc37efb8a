// SPDX-License-Identifier: GPL-3.0-or-later
#include "popover-at.h"

static gboolean take_away(gpointer popover)
{
    if (gtk_widget_get_parent(popover))
        gtk_widget_unparent(popover);
    return G_SOURCE_REMOVE;
}

static void on_closed(GtkPopover *popover)
{
    // Later: the chosen action still finds its window through it.
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, take_away, g_object_ref(popover), g_object_unref);
}

void rushes_popover_open_at(GtkPopover *popover, GtkWidget *parent)
{
    gtk_widget_set_parent(GTK_WIDGET(popover), parent);
    g_signal_connect(popover, "closed", G_CALLBACK(on_closed), NULL);
    gtk_popover_popup(popover);
}
