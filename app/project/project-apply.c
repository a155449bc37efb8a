// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-apply.c - what each op does to the state of a project, and the op that takes it back.
#include "project/project-private.h"

#include <string.h>

#include "rushes-error.h"

gboolean project_misfit(GError **error, const char *what)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, "%s", what);
    return FALSE;
}

cJSON *project_op_new(const char *name)
{
    cJSON *op = cJSON_CreateObject();
    cJSON_AddStringToObject(op, "op", name);
    return op;
}

cJSON *project_op_with_id(const char *name, const char *id)
{
    cJSON *op = project_op_new(name);
    cJSON_AddStringToObject(op, "id", id);
    return op;
}

gboolean project_find_index(GListStore *store, gpointer object, guint *index)
{
    return object && g_list_store_find(store, object, index);
}

static RushesTake *find_removed(RushesProject *self, const char *id)
{
    for (guint i = 0; i < self->removed->len; i++) {
        if (g_str_equal(rushes_take_get_id(self->removed->pdata[i]), id))
            return self->removed->pdata[i];
    }
    return NULL;
}

static guint op_index(const cJSON *op, GListStore *store, guint spare)
{
    guint count = g_list_model_get_n_items(G_LIST_MODEL(store)) + spare;
    guint most = count > 0 ? count - 1 : 0;
    return (guint)rushes_json_int(op, "index", 0, (int)most, (int)most);
}

static gboolean apply_draft(RushesProject *self, const cJSON *op, GError **error)
{
    g_autoptr(cJSON) merged = rushes_recipe_to_json(self->draft);
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(op, "fields");
    const cJSON *field;

    cJSON_ArrayForEach(field, fields)
    {
        if (cJSON_IsNull(field))
            cJSON_DeleteItemFromObjectCaseSensitive(merged, field->string);
        else
            rushes_json_put(merged, field->string, cJSON_Duplicate(field, TRUE));
    }
    RushesRecipe *draft = rushes_recipe_from_json(merged, error);
    if (!draft)
        return FALSE;
    rushes_recipe_free(self->draft);
    self->draft = draft;
    self->draft_takes = rushes_json_int(fields, "takes", 1, 64, self->draft_takes);
    return TRUE;
}

static gboolean apply_take(RushesProject *self, const char *name, const cJSON *op, GError **error)
{
    const char *id = rushes_json_string(op, "id", "");
    RushesTake *take = rushes_project_find_take(self, id);
    guint index;

    if (g_str_equal(name, "take-add")) {
        if (take)
            return TRUE; // found in the takes folder before the journal was read
        take = find_removed(self, id);
        if (!take)
            return project_misfit(error, "The take is not in the project's folder any more.");
        g_list_store_insert(self->takes, op_index(op, self->takes, 1), take);
        g_ptr_array_remove(self->removed, take);
        return TRUE;
    }
    if (!take)
        return project_misfit(error, "The take is not in this project.");
    if (g_str_equal(name, "take-remove") && project_find_index(self->takes, take, &index)) {
        g_ptr_array_add(self->removed, g_object_ref(take));
        g_list_store_remove(self->takes, index);
        return TRUE;
    }
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(op, "fields");
    rushes_take_set_star(take, rushes_json_bool(fields, "star", rushes_take_get_star(take)));
    g_autofree char *note =
        g_strdup(rushes_json_string(fields, "note", rushes_take_get_note(take)));
    rushes_take_set_note(take, note);
    return TRUE;
}

static gboolean apply_shot(RushesProject *self, const char *name, const cJSON *op, GError **error)
{
    if (g_str_equal(name, "shot-add")) {
        const cJSON *fields = cJSON_GetObjectItemCaseSensitive(op, "shot");
        const char *id = rushes_json_string(fields, "id", "");
        if (!*id || rushes_project_find_shot(self, id))
            return project_misfit(error, "The shot has no name of its own.");
        const char *take_id = rushes_json_string(fields, "take", "");
        RushesTake *take = rushes_project_find_take(self, take_id);
        g_autoptr(RushesShot) shot =
            rushes_shot_new(fields, take ? take : find_removed(self, take_id));
        g_list_store_insert(self->shots, op_index(op, self->shots, 1), shot);
        return TRUE;
    }
    RushesShot *found = rushes_project_find_shot(self, rushes_json_string(op, "id", ""));
    guint index;
    if (!project_find_index(self->shots, found, &index))
        return project_misfit(error, "The shot is not in this project.");
    g_autoptr(RushesShot) shot = g_object_ref(found);
    if (g_str_equal(name, "shot-set")) {
        rushes_shot_merge(shot, cJSON_GetObjectItemCaseSensitive(op, "fields"));
        return TRUE;
    }
    g_list_store_remove(self->shots, index);
    if (g_str_equal(name, "shot-move"))
        g_list_store_insert(self->shots, op_index(op, self->shots, 1), shot);
    return TRUE;
}

// What fits of a group is applied, and the first that does not is told.
static gboolean apply_all(RushesProject *self, const cJSON *op, GError **error)
{
    gboolean fits = TRUE;
    const cJSON *part;

    cJSON_ArrayForEach(part, cJSON_GetObjectItemCaseSensitive(op, "ops"))
    {
        GError **first = fits ? error : NULL;
        fits &= g_str_equal(rushes_json_string(part, "op", ""), "all")
                    ? project_misfit(first, "A group of edits holds another group.")
                    : project_apply(self, part, first);
    }
    return fits;
}

gboolean project_apply(RushesProject *self, const cJSON *op, GError **error)
{
    static const char *const shot_ops[] = {"shot-add", "shot-remove", "shot-set", "shot-move",
                                           NULL};
    static const char *const take_ops[] = {"take-add", "take-remove", "take-set", NULL};
    const char *name = rushes_json_string(op, "op", "");

    if (g_strv_contains(shot_ops, name))
        return apply_shot(self, name, op, error);
    if (g_strv_contains(take_ops, name))
        return apply_take(self, name, op, error);
    if (g_str_equal(name, "draft"))
        return apply_draft(self, op, error);
    if (g_str_equal(name, "all"))
        return apply_all(self, op, error);
    const char *key = rushes_json_string(op, "key", "");
    if (!g_str_equal(name, "set") || !*key)
        return project_misfit(error,
                              "The edit is of a kind that this version of Rushes does not know.");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(op, "value");
    if (value && !cJSON_IsNull(value))
        rushes_json_put(self->values, key, cJSON_Duplicate(value, TRUE));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(self->values, key);
    return TRUE;
}

// For each field of the op, what it is now, or null.
cJSON *project_old_fields(const cJSON *fields, const cJSON *now)
{
    cJSON *old = cJSON_CreateObject();
    const cJSON *field;
    cJSON_ArrayForEach(field, fields)
    {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(now, field->string);
        cJSON_AddItemToObject(old, field->string,
                              value ? cJSON_Duplicate(value, TRUE) : cJSON_CreateNull());
    }
    return old;
}

// The op that takes `op` back, computed before it is applied. NULL when `op` does not fit.
cJSON *project_invert(RushesProject *self, const cJSON *op)
{
    const char *name = rushes_json_string(op, "op", "");
    const char *id = rushes_json_string(op, "id", "");
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(op, "fields");
    cJSON *inverse = NULL;
    guint index = 0;

    if (g_str_equal(name, "set")) {
        const char *key = rushes_json_string(op, "key", "");
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(self->values, key);
        inverse = project_op_new("set");
        cJSON_AddStringToObject(inverse, "key", key);
        cJSON_AddItemToObject(inverse, "value",
                              value ? cJSON_Duplicate(value, TRUE) : cJSON_CreateNull());
    } else if (g_str_equal(name, "draft")) {
        g_autoptr(cJSON) now = rushes_recipe_to_json(self->draft);
        cJSON_AddNumberToObject(now, "takes", self->draft_takes);
        inverse = project_op_new("draft");
        cJSON_AddItemToObject(inverse, "fields", project_old_fields(fields, now));
    } else if (g_str_equal(name, "take-add")) {
        inverse = project_op_with_id("take-remove", id);
    } else if (g_str_equal(name, "shot-add")) {
        const cJSON *shot = cJSON_GetObjectItemCaseSensitive(op, "shot");
        inverse = project_op_with_id("shot-remove", rushes_json_string(shot, "id", ""));
    } else if (g_str_has_prefix(name, "take-")) {
        RushesTake *take = rushes_project_find_take(self, id);
        if (!project_find_index(self->takes, take, &index))
            return NULL;
        if (g_str_equal(name, "take-remove")) {
            inverse = project_op_with_id("take-add", id);
            cJSON_AddNumberToObject(inverse, "index", index);
        } else {
            g_autoptr(cJSON) now = cJSON_CreateObject();
            cJSON_AddBoolToObject(now, "star", rushes_take_get_star(take));
            cJSON_AddStringToObject(now, "note", rushes_take_get_note(take));
            inverse = project_op_with_id("take-set", id);
            cJSON_AddItemToObject(inverse, "fields", project_old_fields(fields, now));
        }
    } else if (g_str_has_prefix(name, "shot-")) {
        RushesShot *shot = rushes_project_find_shot(self, id);
        if (!project_find_index(self->shots, shot, &index))
            return NULL;
        const cJSON *now = rushes_shot_get_fields(shot);
        if (g_str_equal(name, "shot-set")) {
            inverse = project_op_with_id("shot-set", id);
            cJSON_AddItemToObject(inverse, "fields", project_old_fields(fields, now));
        } else if (g_str_equal(name, "shot-remove")) {
            inverse = project_op_new("shot-add");
            cJSON_AddItemToObject(inverse, "shot", cJSON_Duplicate(now, TRUE));
            cJSON_AddNumberToObject(inverse, "index", index);
        } else {
            inverse = project_op_with_id("shot-move", id);
            cJSON_AddNumberToObject(inverse, "index", index);
        }
    }
    return inverse;
}
