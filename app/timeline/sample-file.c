// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/sample-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "rushes-error.h"

char *rushes_sample_file_folder(RushesProject *project, GError **error)
{
    char *folder = g_build_filename(rushes_project_get_folder(project), "media", NULL);

    if (g_mkdir_with_parents(folder, 0755) == 0)
        return folder;
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be created (%s)", folder,
                g_strerror(errno));
    g_free(folder);
    return NULL;
}

// As errno says; the creator knows the folder, not the file in it.
static gboolean fail(const RushesSampleFile *out, GError **error)
{
    int number = errno;
    g_autofree char *folder = g_path_get_dirname(out->path);
    gboolean full = number == ENOSPC || number == EDQUOT || number == EFBIG;

    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "The sound cannot be written into %s: %s.",
                folder,
                full ? "the disk is full; free some space and try again" : g_strerror(number));
    return FALSE;
}

gboolean rushes_sample_file_open(RushesSampleFile *out, const char *folder, const char *name,
                                 GError **error)
{
    out->path = g_build_filename(folder, name, NULL);
    out->temporary = g_strconcat(out->path, ".new", NULL);
    out->file = fopen(out->temporary, "we");
    return out->file || fail(out, error);
}

gboolean rushes_sample_file_add(RushesSampleFile *out, const void *data, gsize bytes,
                                GError **error)
{
    out->bytes += bytes;
    if (out->bytes > RUSHES_SAMPLE_FILE_MOST) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "The sound is longer than four hours; cut it first");
        return FALSE;
    }
    if (fwrite(data, 1, bytes, out->file) == bytes)
        return TRUE;
    return fail(out, error);
}

gboolean rushes_sample_file_close(RushesSampleFile *out, gboolean good, GError **error)
{
    if (out->file) {
        gboolean flushed = fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
        flushed = fclose(out->file) == 0 && flushed;
        if (good && !(flushed && g_rename(out->temporary, out->path) == 0))
            good = fail(out, error);
        if (!good)
            g_unlink(out->temporary);
    }
    g_free(out->path);
    g_free(out->temporary);
    return good;
}
