// SPDX-License-Identifier: GPL-3.0-or-later
//
// popover-at.h - a popover of a widget that takes in no children of its own, for once.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

// Opens it at the parent, which holds it until it is closed.
void rushes_popover_open_at(GtkPopover *popover, GtkWidget *parent);

G_END_DECLS
