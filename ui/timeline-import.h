// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-import.h - a file of music or voice becomes a clip of the sound lane, decoded in a thread of its own.
#pragma once
#include <gio/gio.h>

#include "project/project.h"

G_BEGIN_DECLS

// The clip stands at `seconds`. The project is edited on the main thread, at the end.
void rushes_timeline_import_async(RushesProject *project, GFile *file, double seconds,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer data);
// Where the clip ends in the film; negative with one sentence when there is none.
double rushes_timeline_import_finish(RushesProject *project, GAsyncResult *result, GError **error);

G_END_DECLS
