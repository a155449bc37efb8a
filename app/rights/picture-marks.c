// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/picture-marks.h"

#include <errno.h>
#include <glib/gstdio.h>

#include "json-file.h"
#include "places.h"
#include "rushes-error.h"

#define BLOCK_BYTES (256 * 1024)

char *rushes_picture_hash(const char *path, GError **error)
{
    g_autoptr(GFile) file = g_file_new_for_path(path);
    g_autoptr(GFileInputStream) stream = NULL;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree guint8 *block = g_malloc(BLOCK_BYTES);
    gssize got;

    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) { // a pipe would wait for ever
        g_autofree char *name = g_filename_display_name(path);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s is not a file that can be read; choose another.", name);
        return NULL;
    }
    stream = g_file_read(file, NULL, error);
    if (!stream)
        return NULL;
    while ((got = g_input_stream_read(G_INPUT_STREAM(stream), block, BLOCK_BYTES, NULL, error)) > 0)
        g_checksum_update(sum, block, got);
    return got == 0 ? g_strdup(g_checksum_get_string(sum)) : NULL;
}

static char *marks_path(void)
{
    return rushes_places_user_folder("pictures.json");
}

// An empty object when nothing was ever marked.
static cJSON *read_marks(const char *path, GError **error)
{
    g_autoptr(GError) failure = NULL;
    cJSON *marks;

    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return cJSON_CreateObject();
    marks = rushes_json_file_read(path, &failure);
    if (!marks)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "Which pictures show a person cannot be read, so no picture is used: %s Repair "
                    "the file, or delete it to be asked again.",
                    failure->message);
    return marks;
}

gboolean rushes_picture_marks_get(const char *sha256, RushesPictureMark *mark, char **record,
                                  GError **error)
{
    g_autofree char *path = marks_path();
    g_autoptr(cJSON) marks = read_marks(path, error);

    *mark = RUSHES_PICTURE_UNMARKED;
    if (record)
        *record = NULL;
    if (!marks)
        return FALSE;
    const cJSON *entry = cJSON_GetObjectItemCaseSensitive(marks, sha256);
    if (!cJSON_IsObject(entry))
        return TRUE;
    *mark = rushes_json_bool(entry, "person", TRUE) ? RUSHES_PICTURE_PERSON : RUSHES_PICTURE_NOBODY;
    if (record && *mark == RUSHES_PICTURE_PERSON)
        *record = g_strdup(rushes_json_string(entry, "record", NULL));
    return TRUE;
}

gboolean rushes_picture_marks_set(const char *sha256, RushesPictureMark mark, const char *record,
                                  GError **error)
{
    g_autofree char *path = marks_path();
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(cJSON) marks = read_marks(path, error);

    if (!marks)
        return FALSE;
    const cJSON *before = cJSON_GetObjectItemCaseSensitive(marks, sha256);
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddBoolToObject(entry, "person", mark == RUSHES_PICTURE_PERSON);
    if (!record)
        record = rushes_json_string(before, "record", NULL);
    if (record && mark == RUSHES_PICTURE_PERSON)
        cJSON_AddStringToObject(entry, "record", record);
    if (mark == RUSHES_PICTURE_UNMARKED) {
        cJSON_Delete(entry);
        cJSON_DeleteItemFromObjectCaseSensitive(marks, sha256);
    } else {
        rushes_json_put(marks, sha256, entry);
    }
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be created (%s)", folder,
                    g_strerror(errno));
        return FALSE;
    }
    return rushes_json_file_write(path, marks, error);
}
