// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-edit.c - the ops of a project: applying one, inverting one, and the undo and redo built
// on both. The journal gets undo and redo as ordinary ops, so replay knows nothing of them.
#include "project/project-private.h"

#include <string.h>

#include "project/take-start.h"
#include "rushes-error.h"

#define WRITE_LABEL     "Write"
#define UNDO_DEPTH      1000
#define MERGE_WITHIN_US (1 * G_USEC_PER_SEC)
// Who thinks for as long as this while writing begins something new.
#define WRITE_WITHIN_US (30 * G_USEC_PER_SEC)

typedef struct UndoEntry {
    char *label;
    char *merge_key;     // NULL: never merged with the next
    gint64 merge_within; // microseconds
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

// One line for all ops of a group: a process that ends leaves all of them or none.
static gboolean write_group(RushesProject *self, GError **error)
{
    cJSON *first = cJSON_GetArrayItem(self->group_ops, 0);

    if (!first)
        return TRUE;
    if (!first->next)
        return rushes_journal_append(self->journal, first, error);
    g_autoptr(cJSON) all = project_op_new("all");
    cJSON_AddItemReferenceToObject(all, "ops", self->group_ops);
    return rushes_journal_append(self->journal, all, error);
}

// Applies and journals one op; its inverse is owned by the caller, NULL on failure. Applied first,
// because a line that does not fit must never reach the journal; nothing is drawn in between.
// In a group the line is written at its end.
static cJSON *commit(RushesProject *self, cJSON *op, GError **error)
{
    g_autoptr(cJSON) inverse = project_invert(self, op);
    if (!inverse)
        project_misfit(error, "What was to be edited is not in this project any more.");
    gboolean fits = inverse && rushes_journal_is_writable(self->journal, error) &&
                    project_apply(self, op, error);
    if (self->group_depth > 0) {
        self->group_failed |= !fits;
        if (!fits)
            return NULL;
        cJSON_AddItemToArray(self->group_ops, cJSON_Duplicate(op, TRUE));
        cJSON_InsertItemInArray(self->group_inverses, 0, cJSON_Duplicate(inverse, TRUE));
        return g_steal_pointer(&inverse);
    }
    if (fits && !rushes_journal_append(self->journal, op, error)) {
        project_apply(self, inverse, NULL);
        fits = FALSE;
    }
    if (!fits)
        return NULL;
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

// Words that were written and taken out again, letter by letter, are an edit undone.
static gboolean is_taken_back(const UndoEntry *entry, const cJSON *op)
{
    const cJSON *first = entry->inverses->len > 0 ? entry->inverses->pdata[0] : NULL;
    return g_str_equal(rushes_json_string(op, "op", ""), "draft") && first &&
           cJSON_Compare(first, op, TRUE);
}

static void turn_over(RushesProject *self, cJSON *inverse)
{
    UndoEntry *entry = g_queue_pop_head(&self->undo);
    UndoEntry *back = push_entry(&self->redo, entry->label, NULL);

    g_ptr_array_add(back->inverses, inverse);
    undo_entry_free(entry);
    project_notify_undo(self);
    project_emit_edited(self);
}

// Takes ownership of `op`. `label` NULL: an edit that undo does not know.
static gboolean edit(RushesProject *self, cJSON *op, const char *label, const char *merge_key,
                     GError **error)
{
    g_autoptr(cJSON) owned = op;
    gint64 now = g_get_monotonic_time();
    UndoEntry *entry = g_queue_peek_head(&self->undo);
    gboolean joins = self->group_depth > 0
                         ? self->group_open
                         : entry && merge_key && g_strcmp0(entry->merge_key, merge_key) == 0 &&
                               now - entry->at < entry->merge_within;
    gboolean taken_back = joins && self->group_depth == 0 && is_taken_back(entry, op);
    cJSON *inverse = commit(self, op, error);

    if (!inverse)
        return FALSE;
    if (!label) {
        cJSON_Delete(inverse);
        project_emit_edited(self);
        return TRUE;
    }
    if (taken_back) {
        turn_over(self, inverse);
        return TRUE;
    }
    if (!joins || !entry) {
        entry = push_entry(&self->undo, self->group_depth > 0 ? self->group_label : label,
                           self->group_depth > 0 ? NULL : merge_key);
        entry->merge_within = g_str_equal(label, WRITE_LABEL) ? WRITE_WITHIN_US : MERGE_WITHIN_US;
    }
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
        self->group_open = self->group_failed = FALSE;
        self->group_ops = cJSON_CreateArray();
        self->group_inverses = cJSON_CreateArray();
    }
}

static gboolean touches_draft(const cJSON *ops)
{
    const cJSON *op;

    cJSON_ArrayForEach(op, ops)
    {
        if (g_str_equal(rushes_json_string(op, "op", ""), "draft"))
            return TRUE;
    }
    return FALSE;
}

static void take_back_group(RushesProject *self)
{
    const cJSON *inverse;

    cJSON_ArrayForEach(inverse, self->group_inverses) project_apply(self, inverse, NULL);
    if (self->group_open)
        undo_entry_free(g_queue_pop_head(&self->undo));
    project_notify_undo(self);
    project_emit_edited(self);
    if (touches_draft(self->group_inverses))
        project_emit_draft_changed(self);
}

gboolean rushes_project_end(RushesProject *self, GError **error)
{
    const cJSON *op;

    g_return_val_if_fail(self->group_depth > 0, FALSE);
    if (--self->group_depth > 0)
        return !self->group_failed;
    gboolean kept = !self->group_failed && write_group(self, error);
    if (!kept)
        take_back_group(self);
    else
        cJSON_ArrayForEach(op, self->group_ops) save_touched_take(self, op);
    g_clear_pointer(&self->group_ops, cJSON_Delete);
    g_clear_pointer(&self->group_inverses, cJSON_Delete);
    self->group_open = FALSE;
    return kept;
}

// Commits the ops of the newest entry of `from`, last first, and keeps their inverses in `to`: all or none.
static gboolean turn_back(RushesProject *self, GQueue *from, GQueue *to, GError **error)
{
    UndoEntry *entry = g_queue_peek_head(from);

    if (!entry)
        return FALSE;
    UndoEntry *back = push_entry(to, entry->label, NULL);
    gboolean draft = FALSE;
    rushes_project_begin(self, entry->label);
    for (guint i = entry->inverses->len; i-- > 0 && !self->group_failed;) {
        const cJSON *op = entry->inverses->pdata[i];
        cJSON *inverse = commit(self, entry->inverses->pdata[i], error);
        if (inverse)
            g_ptr_array_add(back->inverses, inverse);
        draft |= g_str_equal(rushes_json_string(op, "op", ""), "draft");
    }
    gboolean whole = rushes_project_end(self, error);
    undo_entry_free(g_queue_pop_head(whole ? from : to));
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
    // The prompt's editor has an undo of its own, letter by letter, while it has the focus.
    gboolean words =
        cJSON_GetArraySize(fields) == 1 && (g_str_equal(fields->child->string, "prompt") ||
                                            g_str_equal(fields->child->string, "negative"));
    g_autofree char *key = g_strconcat("draft-", fields->child->string, NULL);
    cJSON *op = project_op_new("draft");
    cJSON_AddItemToObject(op, "fields", fields);
    return edit(self, op, words ? WRITE_LABEL : "Change Settings", key, error);
}

gboolean rushes_project_next_seed(RushesProject *self, guint64 seed, GError **error)
{
    g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, seed);
    cJSON *op = project_op_new("draft");

    cJSON_AddStringToObject(cJSON_AddObjectToObject(op, "fields"), "seed", digits);
    return edit(self, op, NULL, NULL, error);
}

gboolean rushes_project_set_value(RushesProject *self, const char *key, const cJSON *value,
                                  const char *label, GError **error)
{
    cJSON *op = project_op_new("set");
    cJSON_AddStringToObject(op, "key", key);
    cJSON_AddItemToObject(op, "value", value ? cJSON_Duplicate(value, TRUE) : cJSON_CreateNull());
    g_autofree char *merge_key = g_strconcat(label, key, NULL);
    return edit(self, op, label, merge_key, error);
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
    UndoEntry *newest = g_queue_peek_head(&self->undo);
    if (newest) // what is changed after it was generated is another edit
        g_clear_pointer(&newest->merge_key, g_free);
    if (!edit(self, project_op_with_id("take-add", rushes_take_get_id(take)), NULL, NULL, error)) {
        g_ptr_array_remove(self->removed, take);
        return NULL;
    }
    return take; // the list holds it
}

gboolean rushes_project_remove_take(RushesProject *self, RushesTake *take, GError **error)
{
    return edit(self, project_op_with_id("take-remove", rushes_take_get_id(take)), "Delete Take",
                NULL, error);
}

static gboolean edit_take(RushesProject *self, RushesTake *take, const char *key, cJSON *value,
                          const char *label, GError **error)
{
    cJSON *op = project_op_with_id("take-set", rushes_take_get_id(take));
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

// Put right after the take that it continues, an extension goes on where that ends: the frames that it began
// from are still there for who draws its edge out.
static int first_new_frame(RushesProject *self, RushesTake *take, guint position)
{
    guint count = g_list_model_get_n_items(G_LIST_MODEL(self->shots));

    if (position == 0 || count == 0)
        return 0;
    g_autoptr(RushesShot) before =
        g_list_model_get_item(G_LIST_MODEL(self->shots), MIN(position, count) - 1);
    return rushes_take_start_after(take, rushes_shot_get_take(before), rushes_shot_get_out(before));
}

gboolean rushes_project_add_shot(RushesProject *self, RushesTake *take, guint position,
                                 GError **error)
{
    g_autofree char *id = g_uuid_string_random();
    cJSON *op = project_op_new("shot-add");
    cJSON *shot = cJSON_AddObjectToObject(op, "shot");

    cJSON_AddStringToObject(shot, "id", id);
    cJSON_AddStringToObject(shot, "take", rushes_take_get_id(take));
    cJSON_AddNumberToObject(shot, "in", first_new_frame(self, take, position));
    cJSON_AddNumberToObject(shot, "out", MAX(0, rushes_take_get_recipe(take)->frames - 1));
    cJSON_AddNumberToObject(op, "index", position);
    return edit(self, op, "Add Shot", NULL, error);
}

gboolean rushes_project_remove_shot(RushesProject *self, RushesShot *shot, GError **error)
{
    return edit(self, project_op_with_id("shot-remove", rushes_shot_get_id(shot)), "Remove Shot",
                NULL, error);
}

gboolean rushes_project_move_shot(RushesProject *self, RushesShot *shot, guint position,
                                  GError **error)
{
    guint index;
    if (project_find_index(self->shots, shot, &index) && index == position)
        return TRUE;
    cJSON *op = project_op_with_id("shot-move", rushes_shot_get_id(shot));
    cJSON_AddNumberToObject(op, "index", position);
    return edit(self, op, "Move Shot", NULL, error);
}

gboolean rushes_project_edit_shot(RushesProject *self, RushesShot *shot, const char *label,
                                  const cJSON *fields, GError **error)
{
    g_autoptr(cJSON) now = project_old_fields(fields, rushes_shot_get_fields(shot));
    if (cJSON_Compare(now, fields, TRUE))
        return TRUE;
    cJSON *op = project_op_with_id("shot-set", rushes_shot_get_id(shot));
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
