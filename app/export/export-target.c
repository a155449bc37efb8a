// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/export-target.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "provenance/credentials.h"
#include "remove-tree.h"

static char *workshop_of(const char *path, guint32 tag)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *base = g_path_get_basename(path);

    return g_strdup_printf("%s/.%s.%08x.export", folder, base, tag);
}

gboolean rushes_export_target_clear_remains(const char *path, guint32 tag)
{
    g_autofree char *workshop = workshop_of(path, tag);
    gboolean is_there = g_file_test(workshop, G_FILE_TEST_IS_DIR);

    rushes_remove_tree(workshop);
    return is_there;
}

static gboolean fail(const char *path, int number, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    const char *cause = number == ENOENT   ? "its folder is not there; make it, or choose another"
                        : number == ENOSPC ? "there is no space left on the device; free some"
                        : number == EDQUOT ? "your share of the device is used up; free some space"
                        : number == EROFS  ? "the device is read-only; choose another folder"
                        : number == EACCES || number == EPERM
                            ? "its folder may not be written to; choose another"
                            : g_strerror(number);

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(number), "%s cannot be written: %s.",
                shown, cause);
    return FALSE;
}

// A folder is replaced only when it is empty. Told before the work, and not when it is done.
static gboolean may_replace(const char *path, gboolean is_folder, GError **error)
{
    g_autofree char *shown = g_filename_display_name(path);
    const char *fault = NULL;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!is_folder && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        fault = "it is a folder; name a file";
    } else if (is_folder) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        if (!dir)
            fault = "it is a file, and the pictures need a folder; choose another name";
        else if (g_dir_read_name(dir))
            fault = "there are files in that folder; empty it, or choose another name";
    }
    if (fault)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s cannot be written: %s.", shown,
                    fault);
    return !fault;
}

gboolean rushes_export_target_open(RushesExportTarget *self, const char *path, gboolean is_folder,
                                   guint32 tag, GError **error)
{
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *workshop = workshop_of(path, tag);

    if (!may_replace(path, is_folder, error))
        return FALSE;
    rushes_remove_tree(workshop);
    if (g_mkdir(workshop, 0755) != 0)
        return fail(path, errno, error);
    self->path = g_strdup(path);
    self->workshop = g_steal_pointer(&workshop);
    self->hidden = g_build_filename(self->workshop, base, NULL);
    return TRUE;
}

// A film must not stand for a moment beside the credentials of the one it replaces: the old ones step aside first.
gboolean rushes_export_target_publish(RushesExportTarget *self, GError **error)
{
    g_autofree char *hidden_store = g_strconcat(self->hidden, RUSHES_SIDECAR_ENDING, NULL);
    g_autofree char *store = g_strconcat(self->path, RUSHES_SIDECAR_ENDING, NULL);
    g_autofree char *aside = g_build_filename(self->workshop, "replaced", NULL);
    gboolean had_store = g_rename(store, aside) == 0;

    if (g_rename(self->hidden, self->path) != 0) {
        int number = errno;
        if (had_store && g_rename(aside, store) != 0)
            g_warning("%s is lost: %s", store, g_strerror(errno));
        return fail(self->path, number, error);
    }
    if (g_file_test(hidden_store, G_FILE_TEST_EXISTS) && g_rename(hidden_store, store) != 0)
        return fail(store, errno, error);
    return TRUE;
}

void rushes_export_target_name(const RushesExportTarget *self, GError **error)
{
    if (!error || !*error)
        return;
    g_autofree char *shown = g_filename_display_name(self->path);
    g_autofree char *hidden_shown = g_filename_display_name(self->hidden);
    g_autofree char *workshop_shown = g_filename_display_name(self->workshop);
    g_autofree char *told = g_strconcat(hidden_shown, " cannot be written: ", NULL);

    // A disk that is full while the file is signed or moved is told by names that nobody knows.
    if (g_error_matches(*error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) &&
        strstr((*error)->message, workshop_shown) && !strstr((*error)->message, told)) {
        g_clear_error(error);
        fail(self->path, ENOSPC, error);
        return;
    }
    g_auto(GStrv) parts = g_strsplit((*error)->message, hidden_shown, -1);
    char *message = g_strjoinv(shown, parts);

    g_free((*error)->message);
    (*error)->message = message;
}

void rushes_export_target_clear(RushesExportTarget *self)
{
    if (self->workshop)
        rushes_remove_tree(self->workshop);
    g_clear_pointer(&self->path, g_free);
    g_clear_pointer(&self->workshop, g_free);
    g_clear_pointer(&self->hidden, g_free);
}
