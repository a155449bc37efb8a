// SPDX-License-Identifier: GPL-3.0-or-later
//
// open-shared.h - a project that somebody shared becomes one on this computer: unpacked beside its file, or in the home
// folder where that cannot be written, with a dialog that shows that it goes on and can end it.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

gboolean rushes_is_shared_file(const char *path); // by its ending

// Calls back with the new project's folder, or NULL and an error; both only for the call. G_IO_ERROR_CANCELLED when
// the creator ended it. `parent` may be NULL.
typedef void (*RushesSharedFunc)(const char *folder, const GError *error, gpointer data);
void rushes_open_shared(GtkWindow *parent, const char *path, RushesSharedFunc func, gpointer data);

G_END_DECLS
