// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/open-file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

struct RushesOpenFile {
    int fd;
};

RushesOpenFile *rushes_open_file_new(int fd)
{
    if (fd < 0)
        return NULL;
    RushesOpenFile *self = g_atomic_rc_box_new0(RushesOpenFile);
    self->fd = fd;
    return self;
}

RushesOpenFile *rushes_open_file_ref(RushesOpenFile *self)
{
    return self ? g_atomic_rc_box_acquire(self) : NULL;
}

static void close_file(gpointer data)
{
    close(((RushesOpenFile *)data)->fd);
}

void rushes_open_file_unref(RushesOpenFile *self)
{
    if (self)
        g_atomic_rc_box_release_full(self, close_file);
}

gint64 rushes_open_file_get_length(RushesOpenFile *self)
{
    struct stat info;
    return self && fstat(self->fd, &info) == 0 ? info.st_size : 0;
}

gboolean rushes_open_file_read(RushesOpenFile *self, gpointer out, gsize bytes, gint64 at)
{
    char *to = out;
    while (bytes > 0) {
        ssize_t n = pread(self->fd, to, bytes, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        to += n;
        bytes -= (gsize)n;
        at += n;
    }
    return TRUE;
}

gboolean rushes_open_file_write(RushesOpenFile *self, gconstpointer from, gsize bytes, gint64 at)
{
    const char *next = from;
    while (bytes > 0) {
        ssize_t n = pwrite(self->fd, next, bytes, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        next += n;
        bytes -= (gsize)n;
        at += n;
    }
    return TRUE;
}
