// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/recipe-file.h"

#include <string.h>

#include "media/mp4-boxes.h"

// A take.json has the job below "recipe", a job is one itself.
static RushesRecipe *from_object(const cJSON *object, GError **error)
{
    const cJSON *recipe = cJSON_GetObjectItemCaseSensitive(object, "recipe");
    const cJSON *job = cJSON_IsObject(recipe) ? recipe : object;

    if (!cJSON_GetObjectItemCaseSensitive(job, "prompt"))
        return NULL;
    return rushes_recipe_from_json(job, error);
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
    if (!g_str_has_suffix(lower, ".mp4") && !g_str_has_suffix(lower, ".m4v"))
        return NULL;
    g_autofree char *text = rushes_mp4_read_recipe(path, error);
    g_autoptr(cJSON) job = text ? cJSON_ParseWithLength(text, strlen(text)) : NULL;
    return job ? from_object(job, error) : NULL;
}
