// SPDX-License-Identifier: GPL-3.0-or-later
//
// history-window.h - the takes as the tree they grew in, with what changed from parent to child, and
// a search over the prompts and notes of all projects.
#pragma once
#include <adwaita.h>

#include "project/library.h"
#include "project/project.h"

G_BEGIN_DECLS

// `take` (an id, or NULL) is selected at first. Choosing a take activates "win.show-take" on the parent, a
// hit elsewhere "app.open-take". Owned by GTK until it is closed.
GtkWindow *rushes_history_window_new(GtkWindow *parent, RushesProject *project,
                                     RushesLibrary *library, const char *take);

G_END_DECLS
