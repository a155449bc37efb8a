// SPDX-License-Identifier: GPL-3.0-or-later
//
// open-file.h - a counted file descriptor: whoever reads holds a reference, so that its owner may let
// go of the file at any time. Any thread.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RushesOpenFile RushesOpenFile;

// Takes the descriptor; NULL when it is negative.
RushesOpenFile *rushes_open_file_new(int fd);
RushesOpenFile *rushes_open_file_ref(RushesOpenFile *self); // NULL-safe
void rushes_open_file_unref(RushesOpenFile *self);          // NULL-safe

gint64 rushes_open_file_get_length(RushesOpenFile *self); // bytes; 0 for NULL
// All of them, or FALSE: a short file is an error and never a signal, as a mapping's would be.
gboolean rushes_open_file_read(RushesOpenFile *self, gpointer out, gsize bytes, gint64 at);
gboolean rushes_open_file_write(RushesOpenFile *self, gconstpointer from, gsize bytes, gint64 at);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesOpenFile, rushes_open_file_unref)

G_END_DECLS
