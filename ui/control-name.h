// SPDX-License-Identifier: GPL-3.0-or-later
//
// control-name.h - the name a screen reader says for a control that has its focus in a button of its own.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

// Names a GtkMenuButton or GtkDropDown and the button in it, which is what Tab comes to.
void rushes_control_name(GtkWidget *control, const char *name);

G_END_DECLS
