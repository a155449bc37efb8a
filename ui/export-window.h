// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-window.h - a take or the film becomes a file: what, as which kind, where. The queue writes it.
#pragma once
#include <adwaita.h>

#include "queue/export-queue.h"

G_BEGIN_DECLS

// `take` is the one that is looked at, or NULL. Says through "win.say" of the parent that the export is in the queue, or
// why not. Owned by GTK until it is closed.
GtkWindow *rushes_export_window_new(GtkWindow *parent, RushesExportQueue *exports,
                                    RushesProject *project, RushesTake *take);

G_END_DECLS
