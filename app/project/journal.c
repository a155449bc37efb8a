// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rushes-error.h"

struct RushesJournal {
    char *path;
    int fd; // -1 when only read
    off_t bytes;
    guint64 seq;
    guint length;
};

static gboolean fail(GError **error, const char *path, const char *what)
{
    int code = errno;
    g_set_error(error, RUSHES_ERROR,
                code == EROFS || code == EACCES ? RUSHES_ERROR_READ_ONLY : RUSHES_ERROR_IO,
                "%s cannot be %s: %s; %s.", path, what, g_strerror(code),
                code == ENOSPC ? "free some space and repeat the edit"
                               : "the edit was not made and everything before it is safe");
    return FALSE;
}

// Keeps what replay could not use, so that nothing a person wrote is lost.
static char *keep_damaged(const char *path, const char *rest, gsize bytes)
{
    for (guint n = 1; n < 1000; n++) {
        g_autofree char *name = g_strdup_printf("%s.damaged-%u", path, n);
        if (g_file_test(name, G_FILE_TEST_EXISTS))
            continue;
        return g_file_set_contents(name, rest, (gssize)bytes, NULL) ? g_steal_pointer(&name) : NULL;
    }
    return NULL;
}

// Returns the bytes of whole, good lines.
static gsize replay_lines(RushesJournal *self, const char *text, gsize bytes,
                          RushesJournalFunc replay, gpointer data, gboolean *broken)
{
    gsize good = 0;

    *broken = FALSE;
    while (good < bytes) {
        const char *end = memchr(text + good, '\n', bytes - good);
        if (!end)
            break;
        g_autoptr(cJSON) edit = cJSON_ParseWithLength(text + good, (gsize)(end - text) - good);
        double seq = rushes_json_number(edit, "seq", 0);
        if (!cJSON_IsObject(edit) || seq <= (double)self->seq || seq > 9e15 ||
            !replay(edit, data)) {
            *broken = TRUE;
            break;
        }
        self->seq = (guint64)seq;
        self->length++;
        good = (gsize)(end - text) + 1;
    }
    return good;
}

RushesJournal *rushes_journal_open(const char *path, gboolean writable, RushesJournalFunc replay,
                                   gpointer data, char **damaged, GError **error)
{
    g_autoptr(RushesJournal) self = g_new0(RushesJournal, 1);
    g_autofree char *text = NULL;
    gsize bytes = 0;
    gboolean broken = FALSE;

    self->path = g_strdup(path);
    self->fd = -1;
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_get_contents(path, &text, &bytes, error))
        return NULL;
    gsize good = replay_lines(self, text, bytes, replay, data, &broken);
    self->bytes = (off_t)good;
    if (!writable)
        return g_steal_pointer(&self);
    if (broken) {
        g_autofree char *kept = keep_damaged(path, text + good, bytes - good);
        if (!kept) {
            fail(error, path, "repaired");
            return NULL;
        }
        if (damaged)
            *damaged = g_steal_pointer(&kept);
    }
    self->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (self->fd < 0 || ftruncate(self->fd, self->bytes) < 0) {
        fail(error, path, "written");
        return NULL;
    }
    return g_steal_pointer(&self);
}

void rushes_journal_close(RushesJournal *self)
{
    if (!self)
        return;
    if (self->fd >= 0)
        close(self->fd);
    g_free(self->path);
    g_free(self);
}

static gboolean write_all(int fd, const char *text, gsize length, off_t at)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, text, length, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FALSE;
        text += n;
        length -= (gsize)n;
        at += n;
    }
    return TRUE;
}

gboolean rushes_journal_is_writable(RushesJournal *self, GError **error)
{
    if (self->fd < 0)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY,
                    "This project is open for reading only: use Save As to go on in a copy.");
    return self->fd >= 0;
}

gboolean rushes_journal_append(RushesJournal *self, cJSON *edit, GError **error)
{
    if (!rushes_journal_is_writable(self, error))
        return FALSE;
    rushes_json_put(edit, "seq", cJSON_CreateNumber((double)(self->seq + 1)));
    char *line = cJSON_PrintUnformatted(edit);
    gsize length = strlen(line);
    line[length] = '\n'; // over the terminator: the length is what counts from here
    gboolean written =
        write_all(self->fd, line, length + 1, self->bytes) && fdatasync(self->fd) == 0;
    if (!written) {
        fail(error, self->path, "written");
        // Half a line would be dropped at the next opening; a whole one that was not acknowledged
        // must not come back either.
        if (ftruncate(self->fd, self->bytes) < 0)
            g_warning("%s: %s", self->path, g_strerror(errno));
    } else {
        self->bytes += (off_t)length + 1;
        self->seq++;
        self->length++;
    }
    cJSON_free(line);
    return written;
}

gboolean rushes_journal_clear(RushesJournal *self, GError **error)
{
    if (self->fd < 0)
        return TRUE;
    if (ftruncate(self->fd, 0) < 0)
        return fail(error, self->path, "emptied");
    self->bytes = 0;
    self->length = 0;
    return TRUE;
}

guint64 rushes_journal_get_seq(RushesJournal *self)
{
    return self->seq;
}

void rushes_journal_set_seq(RushesJournal *self, guint64 seq)
{
    self->seq = MAX(self->seq, seq);
}

guint rushes_journal_get_length(RushesJournal *self)
{
    return self->length;
}
