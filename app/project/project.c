// SPDX-License-Identifier: GPL-3.0-or-later
//
// project.c - the files of a project: creating, opening with replay, saving, copying.
#include "project/project-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "rushes-error.h"

#define PROJECT_VERSION 1
// A journal of this many lines is folded into project.json at the next opening.
#define JOURNAL_FOLD 200

enum { PROP_CAN_UNDO = 1, PROP_CAN_REDO, PROP_NOTICE, PROP_TITLE, N_PROPS };
static GParamSpec *properties[N_PROPS];
enum { EDITED, DRAFT_CHANGED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE(RushesProject, rushes_project, G_TYPE_OBJECT)

static void rushes_project_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    RushesProject *self = RUSHES_PROJECT(object);

    switch (id) {
    case PROP_CAN_UNDO:
        g_value_set_boolean(value, !g_queue_is_empty(&self->undo));
        break;
    case PROP_CAN_REDO:
        g_value_set_boolean(value, !g_queue_is_empty(&self->redo));
        break;
    case PROP_NOTICE:
        g_value_set_string(value, self->notice);
        break;
    case PROP_TITLE:
        g_value_set_string(value, rushes_project_get_title(self));
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void rushes_project_finalize(GObject *object)
{
    RushesProject *self = RUSHES_PROJECT(object);

    project_clear_undo(self);
    rushes_journal_close(self->journal);
    if (self->lock >= 0)
        close(self->lock);
    g_free(self->folder);
    g_free(self->notice);
    cJSON_Delete(self->values);
    g_clear_pointer(&self->draft, rushes_recipe_free);
    g_clear_object(&self->takes);
    g_clear_object(&self->shots);
    g_clear_pointer(&self->removed, g_ptr_array_unref);
    G_OBJECT_CLASS(rushes_project_parent_class)->finalize(object);
}

static void rushes_project_class_init(RushesProjectClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

    object->get_property = rushes_project_get_property;
    object->finalize = rushes_project_finalize;
    properties[PROP_CAN_UNDO] = g_param_spec_boolean("can-undo", NULL, NULL, FALSE, flags);
    properties[PROP_CAN_REDO] = g_param_spec_boolean("can-redo", NULL, NULL, FALSE, flags);
    properties[PROP_NOTICE] = g_param_spec_string("notice", NULL, NULL, NULL, flags);
    properties[PROP_TITLE] = g_param_spec_string("title", NULL, NULL, NULL, flags);
    g_object_class_install_properties(object, N_PROPS, properties);
    signals[EDITED] = g_signal_new("edited", RUSHES_TYPE_PROJECT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
    signals[DRAFT_CHANGED] = g_signal_new("draft-changed", RUSHES_TYPE_PROJECT, G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void rushes_project_init(RushesProject *self)
{
    self->lock = -1;
    self->values = cJSON_CreateObject();
    self->draft = rushes_recipe_new();
    self->draft_takes = 1;
    self->takes = g_list_store_new(RUSHES_TYPE_TAKE);
    self->shots = g_list_store_new(RUSHES_TYPE_SHOT);
    self->removed = g_ptr_array_new_with_free_func(g_object_unref);
    g_queue_init(&self->undo);
    g_queue_init(&self->redo);
}

void project_notify_undo(RushesProject *self)
{
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_UNDO]);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_CAN_REDO]);
}

void project_emit_edited(RushesProject *self)
{
    g_signal_emit(self, signals[EDITED], 0);
}

void project_emit_draft_changed(RushesProject *self)
{
    g_signal_emit(self, signals[DRAFT_CHANGED], 0);
}

void project_set_notice(RushesProject *self, const char *notice)
{
    g_autofree char *joined =
        self->notice ? g_strdup_printf("%s %s", self->notice, notice) : g_strdup(notice);
    g_free(self->notice);
    self->notice = g_steal_pointer(&joined);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_NOTICE]);
}

static char *file_in(RushesProject *self, const char *name)
{
    return g_build_filename(self->folder, name, NULL);
}

static void add_ids(cJSON *state, const char *key, GPtrArray *takes)
{
    cJSON *ids = cJSON_AddArrayToObject(state, key);
    for (guint i = 0; i < takes->len; i++)
        cJSON_AddItemToArray(ids, cJSON_CreateString(rushes_take_get_id(takes->pdata[i])));
}

cJSON *project_state_to_json(RushesProject *self)
{
    cJSON *state = cJSON_Duplicate(self->values, TRUE);
    GListModel *model = G_LIST_MODEL(self->takes);
    g_autoptr(GPtrArray) takes = g_ptr_array_new_with_free_func(g_object_unref);

    rushes_json_put(state, "version", cJSON_CreateNumber(PROJECT_VERSION));
    if (self->journal)
        rushes_json_put(state, "seq",
                        cJSON_CreateNumber((double)rushes_journal_get_seq(self->journal)));
    rushes_json_put(state, "draft", rushes_recipe_to_json(self->draft));
    rushes_json_put(state, "draft_takes", cJSON_CreateNumber(self->draft_takes));
    for (guint i = 0; i < g_list_model_get_n_items(model); i++)
        g_ptr_array_add(takes, g_list_model_get_item(model, i));
    cJSON_DeleteItemFromObjectCaseSensitive(state, "takes");
    cJSON_DeleteItemFromObjectCaseSensitive(state, "removed");
    add_ids(state, "takes", takes);
    add_ids(state, "removed", self->removed);
    cJSON *shots = cJSON_CreateArray();
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self->shots)); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(G_LIST_MODEL(self->shots), i);
        cJSON_AddItemToArray(shots, cJSON_Duplicate(rushes_shot_get_fields(shot), TRUE));
    }
    rushes_json_put(state, "shots", shots);
    return state;
}

// Loads every take of the folder, by id. A take that cannot be read is left alone and named.
static GHashTable *load_takes(RushesProject *self)
{
    GHashTable *takes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_autofree char *folder = file_in(self, "takes");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *json = g_build_filename(path, "take.json", NULL);
        g_autoptr(GError) failure = NULL;
        if (!g_file_test(json, G_FILE_TEST_EXISTS))
            continue; // a copy that is under way, or not ours
        RushesTake *take = rushes_take_load(path, &failure);
        if (take)
            g_hash_table_insert(takes, (gpointer)rushes_take_get_id(take), take);
        else
            project_set_notice(self, failure->message);
    }
    return takes;
}

// Moves the takes that `ids` names from the table into `store` or `list`, in that order.
static guint place_takes(const cJSON *ids, GHashTable *takes, GListStore *store, GPtrArray *list)
{
    const cJSON *id;
    guint missing = 0;

    cJSON_ArrayForEach(id, ids)
    {
        gpointer take = NULL;
        if (!cJSON_IsString(id) ||
            !g_hash_table_steal_extended(takes, id->valuestring, NULL, &take)) {
            missing++;
            continue;
        }
        if (store)
            g_list_store_append(store, take);
        else
            g_ptr_array_add(list, g_object_ref(take));
        g_object_unref(take);
    }
    return missing;
}

static int compare_takes(gconstpointer a, gconstpointer b)
{
    RushesTake *left = *(RushesTake *const *)a, *right = *(RushesTake *const *)b;
    int order = rushes_take_get_number(left) - rushes_take_get_number(right);
    return order ? order : g_strcmp0(rushes_take_get_id(left), rushes_take_get_id(right));
}

// Takes on the disk that neither list names: made by a headless command, copied in by hand, or by
// an edit that the journal still has.
static void place_strays(RushesProject *self, GHashTable *takes)
{
    g_autoptr(GPtrArray) strays = g_ptr_array_new();
    GHashTableIter iter;
    gpointer take;

    g_hash_table_iter_init(&iter, takes);
    while (g_hash_table_iter_next(&iter, NULL, &take))
        g_ptr_array_add(strays, take);
    g_ptr_array_sort(strays, compare_takes);
    for (guint i = 0; i < strays->len; i++)
        g_list_store_append(self->takes, strays->pdata[i]);
}

static void read_state(RushesProject *self, cJSON *state)
{
    g_autoptr(GHashTable) takes = load_takes(self);
    g_autoptr(GError) failure = NULL;
    cJSON *draft = cJSON_GetObjectItemCaseSensitive(state, "draft");
    const cJSON *shots = cJSON_GetObjectItemCaseSensitive(state, "shots");
    const cJSON *shot;

    guint missing =
        place_takes(cJSON_GetObjectItemCaseSensitive(state, "takes"), takes, self->takes, NULL);
    place_takes(cJSON_GetObjectItemCaseSensitive(state, "removed"), takes, NULL, self->removed);
    place_strays(self, takes);
    if (missing > 0) {
        g_autofree char *text = g_strdup_printf(
            "%u takes named in project.json are not in the takes folder: copy them back to see "
            "them again.",
            missing);
        project_set_notice(self, text);
    }
    if (draft) {
        RushesRecipe *recipe = rushes_recipe_from_json(draft, &failure);
        if (recipe) {
            rushes_recipe_free(self->draft);
            self->draft = recipe;
        } else {
            project_set_notice(self, failure->message);
        }
    }
    self->draft_takes = rushes_json_int(state, "draft_takes", 1, 64, 1);
    cJSON_ArrayForEach(shot, shots)
    {
        g_autoptr(cJSON) op = cJSON_CreateObject();
        cJSON_AddStringToObject(op, "op", "shot-add");
        cJSON_AddItemToObject(op, "shot", cJSON_Duplicate(shot, TRUE));
        if (!project_apply(self, op, NULL))
            project_set_notice(self, "A shot in project.json makes no sense and was left out.");
    }
    cJSON_Delete(self->values);
    self->values = cJSON_Duplicate(state, TRUE);
    static const char *const own[] = {"draft", "draft_takes", "takes", "removed", "shots", "seq"};
    for (guint i = 0; i < G_N_ELEMENTS(own); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(self->values, own[i]);
}

typedef struct Replay {
    RushesProject *project;
    double saved; // project.json holds the edits up to this one
    guint misfits;
} Replay;

static gboolean replay_edit(const cJSON *edit, gpointer data)
{
    Replay *replay = data;
    if (rushes_json_number(edit, "seq", 0) <= replay->saved)
        return TRUE;
    // An edit of a take that is gone has nothing to change; those after it still count.
    if (!project_apply(replay->project, edit, NULL))
        replay->misfits++;
    return TRUE;
}

static gboolean open_journal(RushesProject *self, double saved, GError **error)
{
    g_autofree char *path = file_in(self, "journal.jsonl");
    g_autofree char *damaged = NULL;
    Replay replay = {.project = self, .saved = saved};

    self->journal =
        rushes_journal_open(path, !self->read_only, replay_edit, &replay, &damaged, error);
    if (!self->journal)
        return FALSE;
    rushes_journal_set_seq(self->journal, (guint64)CLAMP(saved, 0.0, 9e15));
    if (damaged) {
        g_autofree char *text = g_strdup_printf(
            "The last edits of this project could not be read; they are kept in %s.", damaged);
        project_set_notice(self, text);
    }
    if (replay.misfits > 0)
        project_set_notice(self, "Some edits concern takes that are not in the folder any more.");
    return TRUE;
}

static gboolean take_lock(RushesProject *self, GError **error)
{
    g_autofree char *path = file_in(self, ".lock");

    self->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (self->lock < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY,
                    "%s cannot be written (%s): open it for reading only, or use Save As.",
                    self->folder, g_strerror(errno));
        return FALSE;
    }
    if (flock(self->lock, LOCK_EX | LOCK_NB) < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_BUSY,
                    "%s is open in another window: close it there, or open it for reading only.",
                    self->folder);
        return FALSE;
    }
    return TRUE;
}

static char *default_title(const char *folder)
{
    char *name = g_path_get_basename(folder);
    char *dot = g_str_has_suffix(name, ".rushes") ? strrchr(name, '.') : NULL;
    if (dot && dot != name)
        *dot = '\0';
    return name;
}

RushesProject *rushes_project_create(const char *folder, GError **error)
{
    g_autoptr(RushesProject) self = g_object_new(RUSHES_TYPE_PROJECT, NULL);
    g_autofree char *state = g_build_filename(folder, "project.json", NULL);
    g_autofree char *takes = g_build_filename(folder, "takes", NULL);
    g_autofree char *title = default_title(folder);

    self->folder = g_strdup(folder);
    if (g_file_test(state, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "%s is a project already: open it, or choose another name.", folder);
        return NULL;
    }
    if (g_mkdir_with_parents(takes, 0755) < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "The folder %s cannot be made: %s; choose another place.", takes,
                    g_strerror(errno));
        return NULL;
    }
    cJSON_AddStringToObject(self->values, "title", title);
    self->draft->seed = g_random_int();
    if (!take_lock(self, error) || !open_journal(self, 0, error) ||
        !rushes_project_save(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

// The state in project.json; with REBUILD, an empty one in place of what cannot be read.
static cJSON *load_state(RushesProject *self, RushesProjectFlags flags, GError **error)
{
    g_autofree char *path = file_in(self, "project.json");
    g_autofree char *takes = file_in(self, "takes");
    g_autoptr(GError) failure = NULL;

    g_autoptr(cJSON) state = rushes_json_file_read(path, &failure);
    if (state && rushes_json_number(state, "version", 0) > PROJECT_VERSION) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_NEWER,
                    "%s was made by a newer version of Rushes: update Rushes to open it.",
                    self->folder);
        return NULL;
    }
    if (state && rushes_json_number(state, "version", 0) >= 1)
        return g_steal_pointer(&state);
    if (!g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(takes, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s is not a Rushes project: it has no project.json and no takes.",
                    self->folder);
        return NULL;
    }
    if (!(flags & RUSHES_PROJECT_REBUILD)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s The takes are untouched: put a good project.json back, or rebuild the "
                    "project from its takes.",
                    failure ? failure->message : "project.json has no version that Rushes writes.");
        return NULL;
    }
    for (guint n = 1; n < 1000 && !self->read_only; n++) {
        g_autofree char *kept = g_strdup_printf("%s.damaged-%u", path, n);
        if (g_file_test(kept, G_FILE_TEST_EXISTS))
            continue;
        if (g_rename(path, kept) == 0)
            project_set_notice(self, "Rebuilt from the takes; the damaged project.json is kept "
                                     "beside the new one.");
        break;
    }
    return cJSON_CreateObject();
}

RushesProject *rushes_project_open(const char *folder, RushesProjectFlags flags, GError **error)
{
    g_autoptr(RushesProject) self = g_object_new(RUSHES_TYPE_PROJECT, NULL);
    g_autofree char *title = default_title(folder);

    self->folder = g_strdup(folder);
    self->read_only = (flags & RUSHES_PROJECT_READ_ONLY) != 0;
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "There is no folder %s.", folder);
        return NULL;
    }
    if (!self->read_only && !take_lock(self, error))
        return NULL;
    g_autoptr(cJSON) state = load_state(self, flags, error);
    if (!state)
        return NULL;
    read_state(self, state);
    if (!open_journal(self, rushes_json_number(state, "seq", 0), error))
        return NULL;
    if (!rushes_json_string(self->values, "title", NULL))
        rushes_json_put(self->values, "title", cJSON_CreateString(title));
    g_autoptr(GError) failure = NULL;
    if (!self->read_only && rushes_journal_get_length(self->journal) > JOURNAL_FOLD &&
        !rushes_project_save(self, &failure))
        project_set_notice(self, failure->message);
    return g_steal_pointer(&self);
}

gboolean rushes_project_save(RushesProject *self, GError **error)
{
    g_autofree char *path = file_in(self, "project.json");
    g_autoptr(cJSON) state = project_state_to_json(self);

    if (self->read_only) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY,
                    "This project is open for reading only: use Save As to keep a copy.");
        return FALSE;
    }
    return rushes_json_file_write(path, state, error) && rushes_journal_clear(self->journal, error);
}

static gboolean copy_tree(const char *from, const char *to, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    const char *name;

    if (!dir)
        return FALSE;
    if (g_mkdir(to, 0755) < 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "The folder %s cannot be made: %s.", to,
                    g_strerror(errno));
        return FALSE;
    }
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *source = g_build_filename(from, name, NULL);
        g_autofree char *target = g_build_filename(to, name, NULL);
        if (g_str_equal(name, ".lock") || g_file_test(source, G_FILE_TEST_IS_SYMLINK))
            continue;
        if (g_file_test(source, G_FILE_TEST_IS_DIR)) {
            if (!copy_tree(source, target, error))
                return FALSE;
            continue;
        }
        g_autoptr(GFile) source_file = g_file_new_for_path(source);
        g_autoptr(GFile) target_file = g_file_new_for_path(target);
        if (!g_file_copy(source_file, target_file, G_FILE_COPY_NONE, NULL, NULL, NULL, error))
            return FALSE;
    }
    return TRUE;
}

gboolean rushes_project_copy_to(RushesProject *self, const char *folder, GError **error)
{
    g_autofree char *title = default_title(folder);

    if (g_file_test(folder, G_FILE_TEST_EXISTS)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "%s exists already: choose another name.", folder);
        return FALSE;
    }
    if (!copy_tree(self->folder, folder, error))
        return FALSE;
    g_autofree char *path = g_build_filename(folder, "project.json", NULL);
    g_autofree char *journal = g_build_filename(folder, "journal.jsonl", NULL);
    g_autoptr(cJSON) state = project_state_to_json(self);
    rushes_json_put(state, "title", cJSON_CreateString(title));
    if (!rushes_json_file_write(path, state, error))
        return FALSE;
    g_unlink(journal);
    return TRUE;
}

const char *rushes_project_get_folder(RushesProject *self)
{
    return self->folder;
}

const char *rushes_project_get_title(RushesProject *self)
{
    return rushes_json_string(self->values, "title", "");
}

gboolean rushes_project_get_read_only(RushesProject *self)
{
    return self->read_only;
}

const char *rushes_project_get_notice(RushesProject *self)
{
    return self->notice;
}

const RushesRecipe *rushes_project_get_draft(RushesProject *self)
{
    return self->draft;
}

int rushes_project_get_draft_takes(RushesProject *self)
{
    return self->draft_takes;
}

GListModel *rushes_project_get_takes(RushesProject *self)
{
    return G_LIST_MODEL(self->takes);
}

GListModel *rushes_project_get_shots(RushesProject *self)
{
    return G_LIST_MODEL(self->shots);
}

RushesTake *rushes_project_find_take(RushesProject *self, const char *id)
{
    GListModel *takes = G_LIST_MODEL(self->takes);
    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        if (g_strcmp0(rushes_take_get_id(take), id) == 0)
            return take; // the list holds it
    }
    return NULL;
}

RushesShot *rushes_project_find_shot(RushesProject *self, const char *id)
{
    GListModel *shots = G_LIST_MODEL(self->shots);
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        if (g_strcmp0(rushes_shot_get_id(shot), id) == 0)
            return shot;
    }
    return NULL;
}

double rushes_project_get_seconds(RushesProject *self)
{
    GListModel *shots = G_LIST_MODEL(self->shots);
    double seconds = 0;
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        seconds += rushes_shot_get_seconds(shot);
    }
    return seconds;
}

const cJSON *rushes_project_get_value(RushesProject *self, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(self->values, key);
}
