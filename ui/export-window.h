// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-window.h - a take or the film becomes a file: what, as which kind, where; then how far it is.
#pragma once
#include <adwaita.h>

#include "project/project.h"

G_BEGIN_DECLS

// `take` is the one that is looked at, or NULL. Says the end through "win.say" of the parent. Owned
// by GTK until it is closed; closing it cancels what is being written and leaves nothing.
GtkWindow *rushes_export_window_new(GtkWindow *parent, RushesProject *project, RushesTake *take);

G_END_DECLS
