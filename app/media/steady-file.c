// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/steady-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((gsize)1 << 20)

gboolean rushes_steady_file_open(RushesSteadyFile *self, const char *path, GError **error)
{
    struct stat info;

    self->name = g_filename_display_name(path);
    // Without waiting: opening a pipe that nobody writes to would.
    self->fd = g_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
    if (self->fd < 0 || fstat(self->fd, &info) != 0) {
        int reason = errno;
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason), "%s cannot be read: %s.",
                    self->name, g_strerror(reason));
        return FALSE;
    }
    if (!S_ISREG(info.st_mode)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, "%s is not a file.",
                    self->name);
        return FALSE;
    }
    self->bytes = (guint64)info.st_size;
    return TRUE;
}

void rushes_steady_file_clear(RushesSteadyFile *self)
{
    if (self->fd >= 0)
        close(self->fd);
    self->fd = -1;
    g_clear_pointer(&self->name, g_free);
}

gboolean rushes_steady_file_read(const RushesSteadyFile *self, guint64 offset, void *out,
                                 gsize bytes, GError **error)
{
    guint8 *at = out;

    while (bytes > 0) {
        gssize got = pread(self->fd, at, bytes, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int reason = errno;
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason), "%s cannot be read: %s.",
                        self->name, g_strerror(reason));
            return FALSE;
        }
        if (got == 0) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                        "%s became shorter while it was read; try again with a file that nothing "
                        "writes to.",
                        self->name);
            return FALSE;
        }
        at += got;
        offset += (guint64)got;
        bytes -= (gsize)got;
    }
    return TRUE;
}

gboolean rushes_steady_file_pass(const RushesSteadyFile *self, guint64 offset, guint64 bytes,
                                 RushesSteadyTake take, gpointer user, GError **error)
{
    g_autofree guint8 *piece = g_malloc((gsize)MIN(bytes, PIECE) + 1);

    while (bytes > 0) {
        gsize now = (gsize)MIN(bytes, PIECE);
        if (!rushes_steady_file_read(self, offset, piece, now, error) ||
            !take(piece, now, user, error))
            return FALSE;
        offset += now;
        bytes -= now;
    }
    return TRUE;
}

gboolean rushes_steady_file_hash(const guint8 *data, gsize bytes, gpointer checksum,
                                 GError **error G_GNUC_UNUSED)
{
    g_checksum_update(checksum, data, (gssize)bytes);
    return TRUE;
}

char *rushes_steady_file_checksum(const char *path, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);

    if (!rushes_steady_file_open(&file, path, error) ||
        !rushes_steady_file_pass(&file, 0, file.bytes, rushes_steady_file_hash, checksum, error))
        return NULL;
    return g_strdup(g_checksum_get_string(checksum));
}
