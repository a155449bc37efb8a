// SPDX-License-Identifier: GPL-3.0-or-later
//
// steady-file.h - reads a file that somebody else may cut short meanwhile. A mapped one would then end the program
// with SIGBUS; here the read fails with one sentence.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct RushesSteadyFile {
    int fd;
    char *name;    // for people
    guint64 bytes; // when it was opened
} RushesSteadyFile;

// Regular files alone: a pipe would be waited for, a device would never end. Clear it in any case.
gboolean rushes_steady_file_open(RushesSteadyFile *self, const char *path, GError **error);
// Exactly `bytes` from `offset` on. FALSE with an error when they are no longer there.
gboolean rushes_steady_file_read(const RushesSteadyFile *self, guint64 offset, void *out,
                                 gsize bytes, GError **error);
// A span piece by piece, each at most a megabyte, until `take` returns FALSE (it then sets the error).
typedef gboolean (*RushesSteadyTake)(const guint8 *data, gsize bytes, gpointer user,
                                     GError **error);
gboolean rushes_steady_file_pass(const RushesSteadyFile *self, guint64 offset, guint64 bytes,
                                 RushesSteadyTake take, gpointer user, GError **error);
// A GChecksum as `user` of the above.
gboolean rushes_steady_file_hash(const guint8 *data, gsize bytes, gpointer checksum,
                                 GError **error);
// The whole file as text of 64 hexadecimal digits, SHA-256. Owned by the caller.
char *rushes_steady_file_checksum(const char *path, GError **error);
void rushes_steady_file_clear(RushesSteadyFile *self);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RushesSteadyFile, rushes_steady_file_clear)
// A file that is not open.
#define RUSHES_STEADY_FILE_INIT                                                                    \
    {                                                                                              \
        .fd = -1                                                                                   \
    }

G_END_DECLS
