// SPDX-License-Identifier: GPL-3.0-or-later
//
// archivist.h - gives each finished take of a project its lasting copy (take-master.h), one after another
// in a thread of low priority, and frees the raw frames. Takes that were finished while nobody looked are
// taken up when the project is opened. Main thread only.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_ARCHIVIST (rushes_archivist_get_type())
G_DECLARE_FINAL_TYPE(RushesArchivist, rushes_archivist, RUSHES, ARCHIVIST, GObject)

// Begins at once, unless the project is open for reading only. Holds no reference to the project;
// dispose ends the thread, within the time that one frame takes.
RushesArchivist *rushes_archivist_new(RushesProject *project);
// Takes that still wait or are being written.
guint rushes_archivist_get_pending(RushesArchivist *self);

G_END_DECLS
