// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-edit.c - the ops of a project: applying one, inverting one, and the undo and redo built
// on both. The journal gets undo and redo as ordinary ops, so replay knows nothing of them.
#include "project/project-private.h"

#include <string.h>

#include "rushes-error.h"

#define UNDO_DEPTH      1000
#define MERGE_WITHIN_US (1 * G_USEC_PER_SEC)

typedef struct UndoEntry {
    char *label;
    char *merge_key;     // NULL: never merged with the next
    gint64 at;           // monotonic
    GPtrArray *inverses; // cJSON ops that take it back, in the order they were made
} UndoEntry;

static void undo_entry_free(gpointer data)
{
    UndoEntry *entry = data;
    g_free(entry->label);
    g_free(entry->merge_key);
    g_ptr_array_unref(entry->inverses);
    g_free(entry);
}

void project_clear_undo(RushesProject *self)
{
    g_queue_clear_full(&self->undo, undo_entry_free);
    g_queue_clear_full(&self->redo, undo_entry_free);
}

static gboolean misfit(GError **error, const char *what)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, "%s", what);
    return FALSE;
}

static cJSON *op_new(const char *name)
{
    cJSON *op = cJSON_CreateObject();
    cJSON_AddStringToObject(op, "op", name);
    return op;
}

static cJSON *op_with_id(const char *name, const char *id)
{
    cJSON *op = op_new(name);
    cJSON_AddStringToObject(op, "id", id);
    return op;
}

static gboolean find_index(GListStore *store, gpointer object, guint *index)
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
            return misfit(error, "The take is not in the project's folder any more.");
        g_list_store_insert(self->takes, op_index(op, self->takes, 1), take);
        g_ptr_array_remove(self->removed, take);
        return TRUE;
    }
    if (!take)
        return misfit(error, "The take is not in this project.");
    if (g_str_equal(name, "take-remove") && find_index(self->takes, take, &index)) {
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
            return misfit(error, "The shot has no name of its own.");
        const char *take_id = rushes_json_string(fields, "take", "");
        RushesTake *take = rushes_project_find_take(self, take_id);
        g_autoptr(RushesShot) shot =
            rushes_shot_new(fields, take ? take : find_removed(self, take_id));
        g_list_store_insert(self->shots, op_index(op, self->shots, 1), shot);
        return TRUE;
    }
    RushesShot *found = rushes_project_find_shot(self, rushes_json_string(op, "id", ""));
    guint index;
    if (!find_index(self->shots, found, &index))
        return misfit(error, "The shot is not in this project.");
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
    const char *key = rushes_json_string(op, "key", "");
    if (!g_str_equal(name, "set") || !*key)
        return misfit(error, "The edit is of a kind that this version of Rushes does not know.");
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(op, "value");
    if (value && !cJSON_IsNull(value))
        rushes_json_put(self->values, key, cJSON_Duplicate(value, TRUE));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(self->values, key);
    return TRUE;
}

// For each field of the op, what it is now, or null.
static cJSON *old_fields(const cJSON *fields, const cJSON *now)
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
static cJSON *invert(RushesProject *self, const cJSON *op)
{
    const char *name = rushes_json_string(op, "op", "");
    const char *id = rushes_json_string(op, "id", "");
    const cJSON *fields = cJSON_GetObjectItemCaseSensitive(op, "fields");
    cJSON *inverse = NULL;
    guint index = 0;

    if (g_str_equal(name, "set")) {
        const char *key = rushes_json_string(op, "key", "");
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(self->values, key);
        inverse = op_new("set");
        cJSON_AddStringToObject(inverse, "key", key);
        cJSON_AddItemToObject(inverse, "value",
                              value ? cJSON_Duplicate(value, TRUE) : cJSON_CreateNull());
    } else if (g_str_equal(name, "draft")) {
        g_autoptr(cJSON) now = rushes_recipe_to_json(self->draft);
        cJSON_AddNumberToObject(now, "takes", self->draft_takes);
        inverse = op_new("draft");
        cJSON_AddItemToObject(inverse, "fields", old_fields(fields, now));
    } else if (g_str_equal(name, "take-add")) {
        inverse = op_with_id("take-remove", id);
    } else if (g_str_equal(name, "shot-add")) {
        const cJSON *shot = cJSON_GetObjectItemCaseSensitive(op, "shot");
        inverse = op_with_id("shot-remove", rushes_json_string(shot, "id", ""));
    } else if (g_str_has_prefix(name, "take-")) {
        RushesTake *take = rushes_project_find_take(self, id);
        if (!find_index(self->takes, take, &index))
            return NULL;
        if (g_str_equal(name, "take-remove")) {
            inverse = op_with_id("take-add", id);
            cJSON_AddNumberToObject(inverse, "index", index);
        } else {
            g_autoptr(cJSON) now = cJSON_CreateObject();
            cJSON_AddBoolToObject(now, "star", rushes_take_get_star(take));
            cJSON_AddStringToObject(now, "note", rushes_take_get_note(take));
            inverse = op_with_id("take-set", id);
            cJSON_AddItemToObject(inverse, "fields", old_fields(fields, now));
        }
    } else if (g_str_has_prefix(name, "shot-")) {
        RushesShot *shot = rushes_project_find_shot(self, id);
        if (!find_index(self->shots, shot, &index))
            return NULL;
        const cJSON *now = rushes_shot_get_fields(shot);
        if (g_str_equal(name, "shot-set")) {
            inverse = op_with_id("shot-set", id);
            cJSON_AddItemToObject(inverse, "fields", old_fields(fields, now));
        } else if (g_str_equal(name, "shot-remove")) {
            inverse = op_new("shot-add");
            cJSON_AddItemToObject(inverse, "shot", cJSON_Duplicate(now, TRUE));
            cJSON_AddNumberToObject(inverse, "index", index);
        } else {
            inverse = op_with_id("shot-move", id);
            cJSON_AddNumberToObject(inverse, "index", index);
        }
    }
    return inverse;
}

// A star or a note lives in the take's own file too, so that a take that is carried away keeps it.
static void save_touched_take(RushesProject *self, const cJSON *op)
{
    if (!g_str_equal(rushes_json_string(op, "op", ""), "take-set"))
        return;
    RushesTake *take = rushes_project_find_take(self, rushes_json_string(op, "id", ""));
    g_autoptr(GError) failure = NULL;
    if (take && !rushes_take_save(take, &failure))
        g_message("%s", failure->message); // the journal has it; the next save writes it again
}

// Applies and journals one op; its inverse is owned by the caller, NULL on failure. Applied first,
// because a line that does not fit must never reach the journal; nothing is drawn in between.
static cJSON *commit(RushesProject *self, cJSON *op, GError **error)
{
    g_autoptr(cJSON) inverse = invert(self, op);
    if (!inverse) {
        misfit(error, "What was to be edited is not in this project any more.");
        return NULL;
    }
    if (!project_apply(self, op, error))
        return NULL;
    if (!rushes_journal_append(self->journal, op, error)) {
        project_apply(self, inverse, NULL);
        return NULL;
    }
    save_touched_take(self, op);
    return g_steal_pointer(&inverse);
}

static UndoEntry *push_entry(GQueue *queue, const char *label, const char *merge_key)
{
    UndoEntry *entry = g_new0(UndoEntry, 1);
    entry->label = g_strdup(label);
    entry->merge_key = g_strdup(merge_key);
    entry->inverses = g_ptr_array_new_with_free_func((GDestroyNotify)cJSON_Delete);
    g_queue_push_head(queue, entry);
    return entry;
}

// Takes ownership of `op`. `label` NULL: an edit that undo does not know.
static gboolean edit(RushesProject *self, cJSON *op, const char *label, const char *merge_key,
                     GError **error)
{
    g_autoptr(cJSON) owned = op;
    cJSON *inverse = commit(self, op, error);

    if (!inverse)
        return FALSE;
    if (!label) {
        cJSON_Delete(inverse);
        project_emit_edited(self);
        return TRUE;
    }
    gint64 now = g_get_monotonic_time();
    UndoEntry *entry = g_queue_peek_head(&self->undo);
    gboolean joins = self->group_depth > 0
                         ? self->group_open
                         : entry && merge_key && g_strcmp0(entry->merge_key, merge_key) == 0 &&
                               now - entry->at < MERGE_WITHIN_US;
    if (!joins || !entry)
        entry = push_entry(&self->undo, self->group_depth > 0 ? self->group_label : label,
                           self->group_depth > 0 ? NULL : merge_key);
    self->group_open = self->group_depth > 0;
    entry->at = now;
    g_ptr_array_add(entry->inverses, inverse);
    g_queue_clear_full(&self->redo, undo_entry_free);
    if (g_queue_get_length(&self->undo) > UNDO_DEPTH)
        undo_entry_free(g_queue_pop_tail(&self->undo));
    project_notify_undo(self);
    project_emit_edited(self);
    return TRUE;
}

void rushes_project_begin(RushesProject *self, const char *label)
{
    if (self->group_depth++ == 0) {
        self->group_label = g_intern_string(label);
        self->group_open = FALSE;
    }
}

void rushes_project_end(RushesProject *self)
{
    g_return_if_fail(self->group_depth > 0);
    self->group_depth--;
    self->group_open = FALSE;
}

// Commits the ops of the newest entry of `from`, last first, and keeps their inverses in `to`.
static gboolean turn_back(RushesProject *self, GQueue *from, GQueue *to, GError **error)
{
    UndoEntry *entry = g_queue_peek_head(from);
    gboolean draft = FALSE;

    if (!entry)
        return FALSE;
    UndoEntry *back = push_entry(to, entry->label, NULL);
    while (entry->inverses->len > 0) {
        cJSON *op = entry->inverses->pdata[entry->inverses->len - 1];
        cJSON *inverse = commit(self, op, error);
        if (!inverse)
            break;
        draft |= g_str_equal(rushes_json_string(op, "op", ""), "draft");
        g_ptr_array_add(back->inverses, inverse);
        g_ptr_array_remove_index(entry->inverses, entry->inverses->len - 1);
    }
    gboolean whole = entry->inverses->len == 0;
    if (whole)
        undo_entry_free(g_queue_pop_head(from));
    if (back->inverses->len == 0)
        undo_entry_free(g_queue_pop_head(to));
    project_notify_undo(self);
    project_emit_edited(self);
    if (draft)
        project_emit_draft_changed(self);
    return whole;
}

gboolean rushes_project_undo(RushesProject *self, GError **error)
{
    return turn_back(self, &self->undo, &self->redo, error);
}

gboolean rushes_project_redo(RushesProject *self, GError **error)
{
    return turn_back(self, &self->redo, &self->undo, error);
}

const char *rushes_project_get_undo_label(RushesProject *self)
{
    UndoEntry *entry = g_queue_peek_head(&self->undo);
    return entry ? entry->label : NULL;
}

const char *rushes_project_get_redo_label(RushesProject *self)
{
    UndoEntry *entry = g_queue_peek_head(&self->redo);
    return entry ? entry->label : NULL;
}

// The fields of `after` that differ from `before`, absent ones as null.
static cJSON *changed_fields(const cJSON *before, const cJSON *after)
{
    cJSON *fields = cJSON_CreateObject();
    const cJSON *field;

    cJSON_ArrayForEach(field, after)
    {
        const cJSON *old = cJSON_GetObjectItemCaseSensitive(before, field->string);
        if (!old || !cJSON_Compare(old, field, TRUE))
            cJSON_AddItemToObject(fields, field->string, cJSON_Duplicate(field, TRUE));
    }
    cJSON_ArrayForEach(field, before)
    {
        if (!cJSON_GetObjectItemCaseSensitive(after, field->string))
            cJSON_AddNullToObject(fields, field->string);
    }
    return fields;
}

gboolean rushes_project_set_draft(RushesProject *self, const RushesRecipe *draft, int takes,
                                  GError **error)
{
    g_autoptr(cJSON) before = rushes_recipe_to_json(self->draft);
    g_autoptr(cJSON) after = rushes_recipe_to_json(draft);
    cJSON *fields = changed_fields(before, after);

    if (takes != self->draft_takes)
        cJSON_AddNumberToObject(fields, "takes", takes);
    if (!fields->child) {
        cJSON_Delete(fields);
        return TRUE;
    }
    // The prompt's editor has its own undo, letter by letter.
    gboolean words =
        cJSON_GetArraySize(fields) == 1 && (g_str_equal(fields->child->string, "prompt") ||
                                            g_str_equal(fields->child->string, "negative"));
    g_autofree char *key = g_strconcat("draft-", fields->child->string, NULL);
    cJSON *op = op_new("draft");
    cJSON_AddItemToObject(op, "fields", fields);
    return edit(self, op, words ? NULL : "Change Settings", key, error);
}

gboolean rushes_project_set_value(RushesProject *self, const char *key, const cJSON *value,
                                  const char *label, GError **error)
{
    cJSON *op = op_new("set");
    cJSON_AddStringToObject(op, "key", key);
    cJSON_AddItemToObject(op, "value", value ? cJSON_Duplicate(value, TRUE) : cJSON_CreateNull());
    return edit(self, op, label, key, error);
}

gboolean rushes_project_set_title(RushesProject *self, const char *title, GError **error)
{
    g_autoptr(cJSON) value = cJSON_CreateString(title);
    gboolean done = rushes_project_set_value(self, "title", value, "Rename", error);
    g_object_notify(G_OBJECT(self), "title");
    return done;
}

RushesTake *rushes_project_add_take(RushesProject *self, const RushesRecipe *recipe,
                                    const char *parent, GError **error)
{
    g_autofree char *folder = g_build_filename(self->folder, "takes", NULL);
    int number = 0;

    if (self->read_only) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY,
                    "This project is open for reading only: use Save As to go on in a copy.");
        return NULL;
    }
    GListModel *takes = G_LIST_MODEL(self->takes);
    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        number = MAX(number, rushes_take_get_number(take));
    }
    for (guint i = 0; i < self->removed->len; i++)
        number = MAX(number, rushes_take_get_number(self->removed->pdata[i]));
    g_autoptr(RushesTake) take = rushes_take_create(folder, number + 1, recipe, parent, error);
    if (!take)
        return NULL;
    g_ptr_array_add(self->removed, g_object_ref(take)); // from where take-add fetches it
    if (!edit(self, op_with_id("take-add", rushes_take_get_id(take)), NULL, NULL, error)) {
        g_ptr_array_remove(self->removed, take);
        return NULL;
    }
    return take; // the list holds it
}

gboolean rushes_project_remove_take(RushesProject *self, RushesTake *take, GError **error)
{
    return edit(self, op_with_id("take-remove", rushes_take_get_id(take)), "Delete Take", NULL,
                error);
}

static gboolean edit_take(RushesProject *self, RushesTake *take, const char *key, cJSON *value,
                          const char *label, GError **error)
{
    cJSON *op = op_with_id("take-set", rushes_take_get_id(take));
    cJSON_AddItemToObject(cJSON_AddObjectToObject(op, "fields"), key, value);
    g_autofree char *merge_key = g_strconcat(key, rushes_take_get_id(take), NULL);
    return edit(self, op, label, merge_key, error);
}

gboolean rushes_project_set_star(RushesProject *self, RushesTake *take, gboolean star,
                                 GError **error)
{
    if (!!star == rushes_take_get_star(take))
        return TRUE;
    return edit_take(self, take, "star", cJSON_CreateBool(star), star ? "Star" : "Unstar", error);
}

gboolean rushes_project_set_note(RushesProject *self, RushesTake *take, const char *note,
                                 GError **error)
{
    if (g_strcmp0(note, rushes_take_get_note(take)) == 0)
        return TRUE;
    return edit_take(self, take, "note", cJSON_CreateString(note), "Edit Note", error);
}

gboolean rushes_project_add_shot(RushesProject *self, RushesTake *take, guint position,
                                 GError **error)
{
    g_autofree char *id = g_uuid_string_random();
    cJSON *op = op_new("shot-add");
    cJSON *shot = cJSON_AddObjectToObject(op, "shot");

    cJSON_AddStringToObject(shot, "id", id);
    cJSON_AddStringToObject(shot, "take", rushes_take_get_id(take));
    cJSON_AddNumberToObject(shot, "in", 0);
    cJSON_AddNumberToObject(shot, "out", MAX(0, rushes_take_get_recipe(take)->frames - 1));
    cJSON_AddNumberToObject(op, "index", position);
    return edit(self, op, "Add Shot", NULL, error);
}

gboolean rushes_project_remove_shot(RushesProject *self, RushesShot *shot, GError **error)
{
    return edit(self, op_with_id("shot-remove", rushes_shot_get_id(shot)), "Remove Shot", NULL,
                error);
}

gboolean rushes_project_move_shot(RushesProject *self, RushesShot *shot, guint position,
                                  GError **error)
{
    guint index;
    if (find_index(self->shots, shot, &index) && index == position)
        return TRUE;
    cJSON *op = op_with_id("shot-move", rushes_shot_get_id(shot));
    cJSON_AddNumberToObject(op, "index", position);
    return edit(self, op, "Move Shot", NULL, error);
}

gboolean rushes_project_edit_shot(RushesProject *self, RushesShot *shot, const char *label,
                                  const cJSON *fields, GError **error)
{
    g_autoptr(cJSON) now = old_fields(fields, rushes_shot_get_fields(shot));
    if (cJSON_Compare(now, fields, TRUE))
        return TRUE;
    cJSON *op = op_with_id("shot-set", rushes_shot_get_id(shot));
    cJSON_AddItemToObject(op, "fields", cJSON_Duplicate(fields, TRUE));
    g_autofree char *merge_key = g_strconcat(label, rushes_shot_get_id(shot), NULL);
    return edit(self, op, label, merge_key, error);
}

gboolean rushes_project_trim_shot(RushesProject *self, RushesShot *shot, int in, int out,
                                  GError **error)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    cJSON_AddNumberToObject(fields, "in", in);
    cJSON_AddNumberToObject(fields, "out", out);
    return rushes_project_edit_shot(self, shot, "Trim", fields, error);
}
