// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/take-proof.h"

#include "json-file.h"
#include "media/steady-file.h"
#include "rushes-error.h"

const char *rushes_take_get_file_hash(RushesTake *take, const char *name)
{
    const cJSON *files = cJSON_GetObjectItemCaseSensitive(rushes_take_get_result(take), "files");

    return cJSON_IsObject(files) ? rushes_json_string(files, name, NULL) : NULL;
}

void rushes_take_set_file_hash(RushesTake *take, const char *name, const char *sha256)
{
    const cJSON *old = rushes_take_get_result(take);
    g_autoptr(cJSON) result = old ? cJSON_Duplicate(old, TRUE) : cJSON_CreateObject();
    cJSON *files = cJSON_GetObjectItemCaseSensitive(result, "files");

    if (!cJSON_IsObject(files)) {
        files = cJSON_CreateObject();
        rushes_json_put(result, "files", files);
    }
    rushes_json_put(files, name, cJSON_CreateString(sha256));
    rushes_take_set_result(take, result);
}

gboolean rushes_take_prove_file(const char *path, const char *sha256, GError **error)
{
    g_autoptr(GError) failure = NULL;

    if (!sha256)
        return TRUE;
    g_autofree char *found = rushes_steady_file_checksum(path, &failure);
    // A take that is put away meanwhile loses its raw frames to a copy that was proved against them.
    if (!found && !g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!found) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    if (g_ascii_strcasecmp(found, sha256) == 0)
        return TRUE;
    g_autofree char *shown = g_filename_display_name(path);
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                "%s is not what was generated: it was changed afterwards; put the file back, or "
                "generate the take again.",
                shown);
    return FALSE;
}
