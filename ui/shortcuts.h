// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

// Shows the keyboard shortcuts over `parent`. Made when asked for: GTK's own help overlay is a window that exists
// unseen from the start, and a screen reader that asks for a window which has just been closed is given that one,
// which has no place on its bus yet and ends the program (GTK 4.8).
void rushes_shortcuts_present(GtkWindow *parent);

G_END_DECLS
