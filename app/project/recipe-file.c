// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/recipe-file.h"

#include <string.h>

#include "media/mp4-boxes.h"
#include "provenance/credentials.h"

// A take.json has the job below "recipe", a job is one itself.
static RushesRecipe *from_object(const cJSON *object, GError **error)
{
    const cJSON *recipe = cJSON_GetObjectItemCaseSensitive(object, "recipe");
    const cJSON *job = cJSON_IsObject(recipe) ? recipe : object;

    // A film has the recipe of each shot: the first one is where it begins.
    const cJSON *shots = cJSON_GetObjectItemCaseSensitive(object, "shots");
    const cJSON *first = cJSON_GetArrayItem(shots, 0);
    if (cJSON_IsObject(first))
        job = cJSON_GetObjectItemCaseSensitive(first, "recipe");
    if (!cJSON_GetObjectItemCaseSensitive(job, "prompt"))
        return NULL;
    return rushes_recipe_from_json(job, error);
}

// The lasting copy of a take lies beside its recipe; other exports have it in the credentials beside them.
static char *read_beside(const char *path)
{
    g_autofree char *sidecar = g_strconcat(path, RUSHES_SIDECAR_ENDING, NULL);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *take = g_build_filename(folder, "take.json", NULL);
    g_autoptr(RushesManifestReport) report = NULL;
    RushesCredentialsState state;

    if (g_str_equal(name, "take.mkv")) {
        g_autoptr(cJSON) json = rushes_json_file_read(take, NULL);
        return json ? cJSON_PrintUnformatted(json) : NULL;
    }
    if (!g_file_test(sidecar, G_FILE_TEST_IS_REGULAR) ||
        !rushes_credentials_inspect(path, &state, &report, NULL) || !report)
        return NULL;
    // The words of an altered file are no proof of anything, and still words to start from.
    return g_strdup(report->recipe_json);
}

RushesRecipe *rushes_recipe_file_read(const char *path, GError **error)
{
    g_autofree char *lower = g_ascii_strdown(path, -1);
    g_autofree char *inside = g_build_filename(path, "take.json", NULL);

    if (g_file_test(inside, G_FILE_TEST_IS_REGULAR)) {
        g_autoptr(cJSON) take = rushes_json_file_read(inside, error);
        return take ? from_object(take, error) : NULL;
    }
    if (g_str_has_suffix(lower, ".json")) {
        g_autoptr(cJSON) job = rushes_json_file_read(path, error);
        return job ? from_object(job, error) : NULL;
    }
    g_autofree char *text = g_str_has_suffix(lower, ".mp4") || g_str_has_suffix(lower, ".m4v")
                                ? rushes_mp4_read_recipe(path, error)
                                : read_beside(path);
    g_autoptr(cJSON) job = text ? cJSON_ParseWithLength(text, strlen(text)) : NULL;
    return job ? from_object(job, error) : NULL;
}
