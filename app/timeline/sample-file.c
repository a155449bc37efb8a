// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/sample-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "rushes-error.h"

#define MAX_MEDIA_BYTES                                                                            \
    ((guint64)4 * 3600 * RUSHES_TIMELINE_RATE * RUSHES_SAMPLE_FRAME_BYTES) // four hours

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

gboolean rushes_sample_file_open(RushesSampleFile *out, const char *folder, const char *name,
                                 GError **error)
{
    out->path = g_build_filename(folder, name, NULL);
    out->temporary = g_strconcat(out->path, ".new", NULL);
    out->file = fopen(out->temporary, "we");
    if (!out->file)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)",
                    out->temporary, g_strerror(errno));
    return out->file != NULL;
}

gboolean rushes_sample_file_add(RushesSampleFile *out, const void *data, gsize bytes,
                                GError **error)
{
    out->bytes += bytes;
    if (out->bytes > MAX_MEDIA_BYTES) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "The sound is longer than four hours; cut it first");
        return FALSE;
    }
    if (fwrite(data, 1, bytes, out->file) == bytes)
        return TRUE;
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", out->temporary,
                g_strerror(errno));
    return FALSE;
}

gboolean rushes_sample_file_close(RushesSampleFile *out, gboolean good, GError **error)
{
    if (out->file) {
        gboolean flushed = fflush(out->file) == 0 && fsync(fileno(out->file)) == 0;
        flushed = fclose(out->file) == 0 && flushed;
        if (good && !(flushed && g_rename(out->temporary, out->path) == 0)) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)",
                        out->path, g_strerror(errno));
            good = FALSE;
        }
        if (!good)
            g_unlink(out->temporary);
    }
    g_free(out->path);
    g_free(out->temporary);
    return good;
}
