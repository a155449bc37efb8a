// SPDX-License-Identifier: GPL-3.0-or-later
//
// toast.h - a sentence that shows for a while, whole: AdwToast cuts a title off after one line.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

AdwToast *rushes_toast_new(const char *sentence);

// Escape closes the window, also while a toast is shown: the overlay would only put that away.
void rushes_toast_let_escape_close(GtkWindow *window);

G_END_DECLS
