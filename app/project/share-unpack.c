// SPDX-License-Identifier: GPL-3.0-or-later
//
// share-unpack.c - a project out of an archive that somebody sent. Every name, size and count is hostile.
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "project/share.h"
#include "remove-tree.h"
#include "rushes-error.h"

#define BLOCK_BYTES    (256 * 1024)
#define MAX_ENTRIES    100000 // some ten thousand takes
#define MAX_NAME       1024
#define PROJECT_ENDING ".rushes"
// Shared projects are stored as they are but for their texts (share-pack.c), so that none is anywhere near this many
// times its archive; what is was made to fill the disk.
#define MOST_EXPANSION 100
#define SMALL_BYTES    (64LL * 1024 * 1024) // that do no harm, however little they were packed into
#define SPARE_BYTES    (256LL * 1024 * 1024) // that stay free on the disk

typedef struct Unpacking {
    const char *path;
    char *root;      // the one name at the top
    gint64 packed;   // bytes of the archive
    gint64 declared; // bytes that its list promises, and that may be written
    GCancellable *cancellable;
} Unpacking;

static gboolean refuse(const Unpacking *self, const char *what, GError **error)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT, "%s %s; nothing was unpacked", self->path,
                what);
    return FALSE;
}

static gboolean fail_archive(const Unpacking *self, struct archive *archive, GError **error)
{
    const char *reason = archive_error_string(archive);
    g_autofree char *what = g_strdup_printf(
        "is damaged or no shared project (%s); ask for it again", reason ? reason : "no reason");

    return refuse(self, what, error);
}

// By the list at its end only: read front to back, a file that was cut short would pass for whole.
static struct archive *open_archive(const Unpacking *self, GError **error)
{
    struct archive *archive = archive_read_new();

    archive_read_support_format_zip_seekable(archive);
    if (archive_read_open_filename(archive, self->path, BLOCK_BYTES) == ARCHIVE_OK)
        return archive;
    fail_archive(self, archive, error);
    archive_read_free(archive);
    return NULL;
}

// "Name.rushes/..." without a step upwards, a hidden part or anything that is not a plain name.
static gboolean is_safe_name(const char *name)
{
    if (!name || !g_utf8_validate(name, -1, NULL) || strlen(name) > MAX_NAME || strchr(name, '\\'))
        return FALSE;
    for (const char *c = name; *c; c++)
        if (g_ascii_iscntrl(*c))
            return FALSE;
    g_auto(GStrv) steps = g_strsplit(name, "/", -1);
    guint count = g_strv_length(steps);
    if (count < 2 || !g_str_has_suffix(steps[0], PROJECT_ENDING) ||
        strlen(steps[0]) == strlen(PROJECT_ENDING))
        return FALSE;
    for (guint i = 0; i < count; i++) {
        gboolean is_end_of_folder = i + 1 == count && !*steps[i];
        if (steps[i][0] == '.' || (!*steps[i] && !is_end_of_folder))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_entry(Unpacking *self, struct archive_entry *entry, GHashTable *names,
                            GError **error)
{
    const char *name = archive_entry_pathname_utf8(entry);

    if (g_hash_table_size(names) >= MAX_ENTRIES)
        return refuse(self, "holds more than a hundred thousand files", error);
    if (!is_safe_name(name))
        return refuse(self, "holds a name that has no place in a project", error);
    if (!g_hash_table_add(names, g_strdup(name)))
        return refuse(self, "holds a name twice", error);
    g_autofree char *top = g_strndup(name, (gsize)(strchr(name, '/') - name));
    if (self->root && !g_str_equal(self->root, top))
        return refuse(self, "holds more than one project", error);
    if (!self->root)
        self->root = g_steal_pointer(&top);
    if (archive_entry_filetype(entry) != AE_IFREG && archive_entry_filetype(entry) != AE_IFDIR)
        return refuse(self, "holds a link or a device", error);
    if (archive_entry_is_encrypted(entry))
        return refuse(self, "is locked with a password", error);
    if (!archive_entry_size_is_set(entry) && archive_entry_filetype(entry) == AE_IFREG)
        return refuse(self, "does not say how large its files are", error);
    gint64 bytes = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    if (bytes < 0 || bytes > G_MAXINT64 - self->declared)
        return refuse(self, "promises more than any disk holds", error);
    self->declared += bytes;
    return TRUE;
}

// What the list promises must be what a project of this size can be, and must fit the disk.
static gboolean check_size(const Unpacking *self, const char *parent, GError **error)
{
    g_autofree char *needed = g_format_size((guint64)self->declared);
    g_autofree char *packed = g_format_size((guint64)self->packed);
    struct statvfs disk;

    if (self->declared > SMALL_BYTES && self->declared / MOST_EXPANSION > self->packed) {
        g_autofree char *what = g_strdup_printf(
            "would unpack to %s from %s, which no shared project does", needed, packed);
        return refuse(self, what, error);
    }
    if (statvfs(parent, &disk) != 0)
        return TRUE;
    gint64 room = (gint64)((guint64)disk.f_bavail * disk.f_frsize) - SPARE_BYTES;
    if (self->declared <= room)
        return TRUE;
    g_autofree char *left = g_format_size((guint64)MAX(room, 0));
    g_autofree char *what = g_strdup_printf(
        "needs %s and the disk has room for %s; free some, or unpack it elsewhere", needed, left);
    return refuse(self, what, error);
}

// The whole list, before a byte is written.
static gboolean check_list(Unpacking *self, const char *parent, GError **error)
{
    struct archive *archive = open_archive(self, error);
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    struct archive_entry *entry;
    gboolean good = archive != NULL;
    int status = ARCHIVE_EOF;

    while (good && ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
                    status == ARCHIVE_WARN))
        good = !g_cancellable_set_error_if_cancelled(self->cancellable, error) &&
               check_entry(self, entry, names, error);
    if (good && status != ARCHIVE_EOF)
        good = fail_archive(self, archive, error);
    if (good) {
        g_autofree char *json = self->root ? g_strconcat(self->root, "/project.json", NULL) : NULL;
        if (!json || !g_hash_table_contains(names, json))
            good = refuse(self, "holds no project", error);
    }
    good = good && check_size(self, parent, error);
    if (archive)
        archive_read_free(archive);
    return good;
}

static gboolean unpack_file(Unpacking *self, struct archive *archive, const char *to, gint64 *total,
                            guint8 *block, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(to);
    gssize got;

    if (g_mkdir_with_parents(folder, 0755) != 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be created (%s)", folder,
                    g_strerror(errno));
        return FALSE;
    }
    int fd = g_open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", to,
                    g_strerror(errno));
        return FALSE;
    }
    gboolean good = TRUE;
    while (good && (got = archive_read_data(archive, block, BLOCK_BYTES)) != 0) {
        *total += MAX(got, 0);
        if (got < 0) {
            good = fail_archive(self, archive, error);
        } else if (*total > self->declared) {
            good = refuse(self, "holds more than its list says", error);
        } else if (g_cancellable_set_error_if_cancelled(self->cancellable, error)) {
            good = FALSE;
        } else if (write(fd, block, (gsize)got) != got) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno ? errno : ENOSPC),
                        "%s: cannot be written (%s)", to, g_strerror(errno ? errno : ENOSPC));
            good = FALSE;
        }
    }
    return close(fd) == 0 && good;
}

static gboolean unpack_all(Unpacking *self, const char *folder, GError **error)
{
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
    struct archive *archive = open_archive(self, error);
    struct archive_entry *entry;
    gboolean good = archive != NULL;
    gint64 total = 0;
    int status = ARCHIVE_EOF;

    while (good && ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
                    status == ARCHIVE_WARN)) {
        const char *name = archive_entry_pathname_utf8(entry);
        // The file was checked, but it may be another one by now.
        if (!is_safe_name(name) || !g_str_has_prefix(name, self->root)) {
            good = refuse(self, "changed while it was read", error);
        } else if (archive_entry_filetype(entry) == AE_IFREG) {
            g_autofree char *to = g_build_filename(folder, name, NULL);
            good = unpack_file(self, archive, to, &total, block, error);
        }
    }
    if (good && status != ARCHIVE_EOF)
        good = fail_archive(self, archive, error);
    if (archive)
        archive_read_free(archive);
    return good;
}

static char *publish(Unpacking *self, const char *temporary, const char *parent, GError **error)
{
    g_autofree char *inside = g_build_filename(temporary, self->root, NULL);
    g_autofree char *target = g_build_filename(parent, self->root, NULL);

    if (g_file_test(target, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "%s exists already; move it away or unpack elsewhere", target);
        return NULL;
    }
    if (g_rename(inside, target) != 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", target,
                    g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&target);
}

char *rushes_share_unpack(const char *path, const char *parent, GCancellable *cancellable,
                          GError **error)
{
    Unpacking unpacking = {.path = path, .cancellable = cancellable};
    g_autofree char *temporary = g_build_filename(parent, ".rushes-unpack-XXXXXX", NULL);
    char *target = NULL;
    GStatBuf info;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "There is no file %s", path);
        return NULL;
    }
    if (g_stat(path, &info) == 0)
        unpacking.packed = info.st_size;
    if (!check_list(&unpacking, parent, error)) {
        g_free(unpacking.root);
        return NULL;
    }
    if (!g_mkdtemp(temporary)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s: nothing can be unpacked there (%s); choose a folder that is there and may "
                    "be written to",
                    parent, g_strerror(errno));
        g_free(unpacking.root);
        return NULL;
    }
    if (unpack_all(&unpacking, temporary, error))
        target = publish(&unpacking, temporary, parent, error);
    rushes_remove_tree(temporary);
    g_free(unpacking.root);
    return target;
}
