// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/generate-consent.h"

#include <string.h>

#include "media/mp4-boxes.h"
#include "project/recipe-file.h"
#include "rights/consent-use.h"
#include "rights/picture-marks.h"
#include "rights/rights-sources.h"
#include "rushes-error.h"

// What a film's recipe says of the person in it: the shots are many, the last one is continued.
static void read_film_origin(const char *clip, RushesRecipe *into)
{
    g_autofree char *text = rushes_mp4_read_recipe(clip, NULL);
    g_autoptr(cJSON) film = text ? cJSON_ParseWithLength(text, strlen(text)) : NULL;
    const cJSON *shot;

    cJSON_ArrayForEach(shot, cJSON_GetObjectItemCaseSensitive(film, "shots"))
    {
        const cJSON *recipe = cJSON_GetObjectItemCaseSensitive(shot, "recipe");
        g_autoptr(RushesRecipe) take = rushes_recipe_from_json(recipe, NULL);
        if (take && take->shows_person)
            rushes_recipe_set_picture(into, take);
    }
}

// What the recipe inside a clip says of the picture it started from; an empty recipe when it says nothing.
static RushesRecipe *read_origin(const char *clip, GError **error)
{
    g_autoptr(GError) failure = NULL;
    RushesRecipe *recipe = rushes_recipe_file_read(clip, &failure);

    // A clip of any other origin has no recipe, which is no failure; one with a broken recipe might hide a record.
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (!recipe) {
        recipe = rushes_recipe_new();
        read_film_origin(clip, recipe);
    }
    return recipe;
}

static gboolean put(cJSON *job, const char *picture, gboolean person, const char *record)
{
    cJSON *consent = cJSON_CreateObject();

    if (picture)
        cJSON_AddStringToObject(consent, "picture_sha256", picture);
    cJSON_AddBoolToObject(consent, "person", person);
    if (record)
        cJSON_AddStringToObject(consent, "record", record);
    rushes_json_put(job, "consent", consent);
    return TRUE;
}

gboolean rushes_generate_put_consent(cJSON *job, const char *image, const char *extend,
                                     const char *record, GError **error)
{
    const char *file = image ? image : extend;

    if (record && !g_uuid_string_is_valid(record)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "\"%.60s\" is no consent record's name; rushes consent list shows them",
                    record);
        return FALSE;
    }
    if (!file) {
        const cJSON *given = cJSON_GetObjectItemCaseSensitive(job, "consent");
        if (!record)
            return TRUE;
        if (!cJSON_HasObjectItem(job, "conditioning")) {
            g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                                "--person names who is on the picture; give the picture with "
                                "--image");
            return FALSE;
        }
        return put(job, rushes_json_string(given, "picture_sha256", NULL), TRUE, record);
    }
    g_autofree char *hash = rushes_picture_hash(file, error);
    g_autoptr(RushesRecipe) origin = hash && extend ? read_origin(extend, error) : NULL;
    RushesPictureMark mark = RUSHES_PICTURE_UNMARKED;
    if (!hash || (extend && !origin) || !rushes_picture_marks_get(hash, &mark, NULL, error))
        return FALSE;
    if (origin && origin->shows_person && !record)
        return put(job, origin->picture_sha256, TRUE, origin->consent);
    // Whoever names a record says that there is a person; the same picture keeps that mark.
    if (record && !rushes_picture_marks_set(hash, RUSHES_PICTURE_PERSON, record, error))
        return FALSE;
    return put(job, hash, record || mark == RUSHES_PICTURE_PERSON, record);
}

gboolean rushes_generate_is_allowed(const cJSON *job, char **warning, GError **error)
{
    g_autoptr(cJSON) only = cJSON_CreateObject();
    const cJSON *consent = cJSON_GetObjectItemCaseSensitive(job, "consent");

    // The rest of the job is the worker's to judge.
    if (consent)
        cJSON_AddItemToObject(only, "consent", cJSON_Duplicate(consent, TRUE));
    g_autoptr(RushesRecipe) recipe = rushes_recipe_from_json(only, error);
    return recipe &&
           rushes_rights_sources_allow(rushes_json_string(job, "prompt", ""), warning, error) &&
           rushes_consent_allow_job(recipe, NULL, error);
}
