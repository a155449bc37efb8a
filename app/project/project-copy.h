// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-copy.h - a whole project copied to another folder while it is being worked in.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

// How much of the bytes is copied, 0 to 1; on the main context that was the thread's default at the start.
typedef void (*RushesCopyProgress)(double fraction, gpointer data);

// Copies the project into `folder`, which must not exist, on a thread of its own. What is edited or made meanwhile
// is in the copy, too: its state is that of the end. The copy is whole or, after an error or a cancel, not there;
// this project stays as it is.
void rushes_project_copy_async(RushesProject *self, const char *folder, GCancellable *cancellable,
                               RushesCopyProgress progress, gpointer progress_data,
                               GAsyncReadyCallback callback, gpointer data);
// G_IO_ERROR_CANCELLED when it was cancelled.
gboolean rushes_project_copy_finish(RushesProject *self, GAsyncResult *result, GError **error);

G_END_DECLS
