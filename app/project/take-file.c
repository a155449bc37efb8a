// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-file.c - a take's folder and its take.json.
#include <errno.h>
#include <glib/gstdio.h>

#include "project/take-private.h"
#include "rushes-error.h"

#define TAKE_VERSION 1

static char *new_id(void)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *day = g_date_time_format(now, "%Y%m%d-%H%M%S");
    return g_strdup_printf("%s-%08x", day, g_random_int());
}

RushesTake *rushes_take_create(const char *takes_folder, int number, const RushesRecipe *recipe,
                               const char *parent, GError **error)
{
    g_autoptr(RushesTake) self = g_object_new(RUSHES_TYPE_TAKE, NULL);

    self->id = new_id();
    self->folder = g_build_filename(takes_folder, self->id, NULL);
    self->number = number;
    self->recipe = rushes_recipe_copy(recipe);
    self->parent = g_strdup(parent);
    self->created = g_get_real_time() / G_USEC_PER_SEC;
    if (g_mkdir_with_parents(self->folder, 0755) < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "The folder %s cannot be made: %s; make room or choose another place.",
                    self->folder, g_strerror(errno));
        return NULL;
    }
    return rushes_take_save(self, error) ? g_steal_pointer(&self) : NULL;
}

static void set_id_from_folder(RushesTake *self, const char *folder)
{
    self->folder = g_strdup(folder);
    self->id = g_path_get_basename(folder);
}

RushesTake *rushes_take_load(const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "take.json", NULL);
    g_autoptr(cJSON) json = rushes_json_file_read(path, error);

    if (!json)
        return NULL;
    if (rushes_json_number(json, "version", 0) > TAKE_VERSION) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_NEWER,
                    "%s was written by a newer version of Rushes; update Rushes to see this take.",
                    path);
        return NULL;
    }
    g_autoptr(RushesTake) self = g_object_new(RUSHES_TYPE_TAKE, NULL);
    set_id_from_folder(self, folder);
    self->recipe = rushes_recipe_from_json(cJSON_GetObjectItemCaseSensitive(json, "recipe"), error);
    if (!self->recipe) {
        g_prefix_error(error, "%s: ", path);
        return NULL;
    }
    if (!rushes_take_state_from_string(rushes_json_string(json, "state", NULL), &self->state)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s: the field \"state\" is not one that Rushes writes; set it to \"done\" or "
                    "\"interrupted\".",
                    path);
        return NULL;
    }
    // Nobody runs a take that is only being loaded; the queue takes it up again if it has the job.
    if (self->state == RUSHES_TAKE_RUNNING)
        self->state = RUSHES_TAKE_INTERRUPTED;
    self->number = rushes_json_int(json, "number", 1, 1000000, 1);
    self->parent = g_strdup(rushes_json_string(json, "parent", NULL));
    self->created = (gint64)CLAMP(rushes_json_number(json, "created", 0), 0.0, 1e12);
    self->star = rushes_json_bool(json, "star", FALSE);
    g_free(self->note);
    self->note = g_strdup(rushes_json_string(json, "note", ""));
    self->error = g_strdup(rushes_json_string(json, "error", NULL));
    self->rate = rushes_json_int(json, "rate", 1, 768000, 0);
    self->channels = rushes_json_int(json, "channels", 1, 8, 1);
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(json, "result");
    if (cJSON_IsObject(result))
        self->result = cJSON_Duplicate(result, TRUE);
    return g_steal_pointer(&self);
}

gboolean rushes_take_save(RushesTake *self, GError **error)
{
    g_autofree char *path = g_build_filename(self->folder, "take.json", NULL);
    g_autoptr(cJSON) json = cJSON_CreateObject();

    cJSON_AddNumberToObject(json, "version", TAKE_VERSION);
    cJSON_AddNumberToObject(json, "number", self->number);
    cJSON_AddStringToObject(json, "state", rushes_take_state_to_string(self->state));
    cJSON_AddNumberToObject(json, "created", (double)self->created);
    if (self->parent)
        cJSON_AddStringToObject(json, "parent", self->parent);
    cJSON_AddBoolToObject(json, "star", self->star);
    cJSON_AddStringToObject(json, "note", self->note);
    if (self->error)
        cJSON_AddStringToObject(json, "error", self->error);
    if (self->rate > 0) {
        cJSON_AddNumberToObject(json, "rate", self->rate);
        cJSON_AddNumberToObject(json, "channels", self->channels);
    }
    cJSON_AddItemToObject(json, "recipe", rushes_recipe_to_json(self->recipe));
    if (self->result)
        cJSON_AddItemToObject(json, "result", cJSON_Duplicate(self->result, TRUE));
    return rushes_json_file_write(path, json, error);
}
