// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/share.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "places.h"
#include "rushes-error.h"

#define BLOCK_BYTES    (256 * 1024)
#define MAX_ENTRIES    1000000
#define MAX_NAME       1024
#define PROJECT_ENDING ".rushes"

// What of a project's folder is the project; anything else there is not ours to pass on.
static const char *const parts[] = {"project.json", "journal.jsonl", "takes", "inputs", "media"};

static gboolean fail_archive(GError **error, const char *path, struct archive *archive)
{
    const char *reason = archive ? archive_error_string(archive) : NULL;
    int number = archive ? archive_errno(archive) : ENOMEM;

    if (number == ENOSPC)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "%s: there is no space left on the device", path);
    else
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: %s", path,
                    reason ? reason : "out of memory");
    return FALSE;
}

// ---- packing ----
typedef struct Packing {
    struct archive *archive;
    const char *path; // for messages
    GCancellable *cancellable;
    guint8 *block;
} Packing;

static gboolean pack_bytes(Packing *self, int fd, const char *from, gint64 bytes, GError **error)
{
    // Exactly as many as the entry promised: a file that still grows is taken as it was, and one that shrank is an error.
    for (gint64 left = bytes; left > 0;) {
        gssize got = read(fd, self->block, (gsize)MIN(left, BLOCK_BYTES));
        if (g_cancellable_set_error_if_cancelled(self->cancellable, error))
            return FALSE;
        if (got <= 0) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be read whole", from);
            return FALSE;
        }
        if (archive_write_data(self->archive, self->block, (gsize)got) != got)
            return fail_archive(error, self->path, self->archive);
        left -= got;
    }
    return TRUE;
}

static gboolean pack_file(Packing *self, const char *from, const char *name, GError **error)
{
    int fd = g_open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
    struct stat info;
    gboolean packed = FALSE;

    if (fd < 0 || fstat(fd, &info) != 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be read (%s)", from,
                    g_strerror(errno));
        goto done;
    }
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname_utf8(entry, name);
    archive_entry_set_size(entry, info.st_size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, info.st_mtime, 0);
    gboolean begun = archive_write_header(self->archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    packed = begun ? pack_bytes(self, fd, from, info.st_size, error)
                   : fail_archive(error, self->path, self->archive);

done:
    if (fd >= 0)
        close(fd);
    return packed;
}

// What a take needs no more once it has its lasting copy.
static gboolean is_superseded(const char *folder, const char *name)
{
    static const char *const raw[] = {"frames.rgb", "preview.rgb", "step.safetensors", NULL};
    return g_strv_contains(raw, name) && rushes_frame_store_has_master(folder);
}

static gboolean pack_tree(Packing *self, const char *from, const char *name, GError **error)
{
    if (g_file_test(from, G_FILE_TEST_IS_SYMLINK))
        return TRUE;
    if (!g_file_test(from, G_FILE_TEST_IS_DIR))
        return pack_file(self, from, name, error);
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    const char *child;
    if (!dir)
        return FALSE;
    while ((child = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(from, child, NULL);
        g_autofree char *inside_name = g_strconcat(name, "/", child, NULL);
        // Temporary files of a worker or an import that is at work just now.
        if (child[0] == '.' || g_str_has_suffix(child, ".new") ||
            g_str_has_suffix(child, ".part") || is_superseded(from, child))
            continue;
        if (!pack_tree(self, inside, inside_name, error))
            return FALSE;
    }
    return TRUE;
}

// Where the model of each take came from, and its licence.
static gboolean pack_credits(Packing *self, RushesProject *project, const char *root,
                             GError **error)
{
    static const char *const files[] = {"DATA.md", "LICENSE"};
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) folders = rushes_places_list_model_folders();
    GListModel *takes = rushes_project_get_takes(project);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        const char *model = rushes_take_get_recipe(take)->model;
        // An id names a folder of the library; a model given by its path is the creator's own.
        if (!model || strchr(model, '/') || !g_hash_table_add(seen, g_strdup(model)))
            continue;
        for (char **folder = folders; *folder; folder++)
            for (guint f = 0; f < G_N_ELEMENTS(files); f++) {
                g_autofree char *from = g_build_filename(*folder, model, files[f], NULL);
                g_autofree char *name = g_strdup_printf("%s/credits/%s/%s", root, model, files[f]);
                if (g_file_test(from, G_FILE_TEST_IS_REGULAR) &&
                    !pack_file(self, from, name, error))
                    return FALSE;
            }
    }
    return TRUE;
}

static gboolean pack_all(Packing *self, RushesProject *project, GError **error)
{
    const char *folder = rushes_project_get_folder(project);
    g_autofree char *root = g_path_get_basename(folder);

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *from = g_build_filename(folder, parts[i], NULL);
        g_autofree char *name = g_strconcat(root, "/", parts[i], NULL);
        if (g_file_test(from, G_FILE_TEST_EXISTS) && !pack_tree(self, from, name, error))
            return FALSE;
    }
    return pack_credits(self, project, root, error);
}

gboolean rushes_share_pack(RushesProject *project, const char *path, GCancellable *cancellable,
                           GError **error)
{
    g_autofree char *temporary = g_strdup_printf("%s.%08x.part", path, g_random_int());
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
    Packing packing = {
        .archive = archive_write_new(), .path = path, .cancellable = cancellable, .block = block};
    gboolean done = FALSE;

    int fd = g_open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", path,
                    g_strerror(errno));
    } else if (archive_write_set_format_zip(packing.archive) != ARCHIVE_OK ||
               archive_write_set_options(packing.archive, "zip:compression=deflate") !=
                   ARCHIVE_OK ||
               archive_write_open_fd(packing.archive, fd) != ARCHIVE_OK) {
        fail_archive(error, path, packing.archive);
    } else if (pack_all(&packing, project, error)) {
        done = archive_write_close(packing.archive) == ARCHIVE_OK && fsync(fd) == 0 &&
               g_rename(temporary, path) == 0;
        if (!done)
            fail_archive(error, path, packing.archive);
    }
    archive_write_free(packing.archive);
    if (fd >= 0)
        close(fd);
    if (!done)
        g_unlink(temporary);
    return done;
}

// ---- unpacking ----
// "Name.rushes/..." without a step upwards, a hidden part or anything that is not a plain name.
static gboolean is_safe_name(const char *name)
{
    if (!name || !g_utf8_validate(name, -1, NULL) || strlen(name) > MAX_NAME || strchr(name, '\\'))
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

static gboolean refuse(GError **error, const char *path, const char *what)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT, "%s: %s; nothing was unpacked", path,
                what);
    return FALSE;
}

static gboolean unpack_file(struct archive *archive, const char *to, const char *path,
                            GCancellable *cancellable, guint8 *block, GError **error)
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
        if (got < 0) {
            good = fail_archive(error, path, archive);
        } else if (g_cancellable_set_error_if_cancelled(cancellable, error)) {
            good = FALSE;
        } else if (write(fd, block, (gsize)got) != got) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "%s: cannot be written (%s)", to, g_strerror(errno));
            good = FALSE;
        }
    }
    return close(fd) == 0 && good;
}

// Everything into `folder`; *root receives the one name at the top.
static gboolean unpack_all(struct archive *archive, const char *path, const char *folder,
                           char **root, GCancellable *cancellable, GError **error)
{
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
    struct archive_entry *entry;
    int status;
    guint entries = 0;

    while ((status = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
        const char *name = archive_entry_pathname_utf8(entry);
        if (++entries > MAX_ENTRIES)
            return refuse(error, path, "holds more than a million files");
        if (!is_safe_name(name))
            return refuse(error, path, "holds a name that has no place in a project");
        g_autofree char *top = g_strndup(name, (gsize)(strchr(name, '/') - name));
        if (*root && !g_str_equal(*root, top))
            return refuse(error, path, "holds more than one project");
        if (!*root)
            *root = g_strdup(top);
        if (archive_entry_filetype(entry) == AE_IFDIR)
            continue;
        if (archive_entry_filetype(entry) != AE_IFREG)
            return refuse(error, path, "holds a link or a device");
        g_autofree char *to = g_build_filename(folder, name, NULL);
        if (!unpack_file(archive, to, path, cancellable, block, error))
            return FALSE;
    }
    if (status != ARCHIVE_EOF)
        return fail_archive(error, path, archive);
    return *root ? TRUE : refuse(error, path, "holds no project");
}

static void remove_tree(const char *path)
{
    g_autoptr(GDir) dir =
        g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        remove_tree(inside);
    }
    g_remove(path);
}

char *rushes_share_unpack(const char *path, const char *parent, GCancellable *cancellable,
                          GError **error)
{
    g_autofree char *temporary = g_build_filename(parent, ".rushes-unpack-XXXXXX", NULL);
    g_autofree char *root = NULL, *target = NULL;
    struct archive *archive = archive_read_new();
    gboolean done = FALSE;

    // By the list at its end only: read front to back, a file that was cut short would pass for whole.
    archive_read_support_format_zip_seekable(archive);
    if (!g_mkdtemp(temporary)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", parent,
                    g_strerror(errno));
        archive_read_free(archive);
        return NULL;
    }
    if (archive_read_open_filename(archive, path, BLOCK_BYTES) != ARCHIVE_OK)
        fail_archive(error, path, archive);
    else
        done = unpack_all(archive, path, temporary, &root, cancellable, error);
    archive_read_free(archive);
    if (done) {
        g_autofree char *inside = g_build_filename(temporary, root, NULL);
        target = g_build_filename(parent, root, NULL);
        if (g_file_test(target, G_FILE_TEST_EXISTS)) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                        "%s exists already; move it away or unpack elsewhere", target);
            done = FALSE;
        } else if (g_rename(inside, target) != 0) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", target,
                        g_strerror(errno));
            done = FALSE;
        }
    }
    remove_tree(temporary);
    return done ? g_steal_pointer(&target) : NULL;
}
