// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-open.c - a project from its folder: the lock, project.json, the takes that are there, and
// the edits of the journal on top. What is damaged is kept and named, never dropped.
#include "project/project-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "places.h"
#include "rushes-error.h"

// A journal of this many lines is folded into project.json at the next opening.
#define JOURNAL_FOLD 200

// A folder without take.json is a copy that is under way, or not ours; with a take's film in it, it is one that broke off.
static void name_half_copy(RushesProject *self, const char *path, const char *name)
{
    g_autofree char *film = g_build_filename(path, "take.mkv", NULL);

    if (!g_file_test(film, G_FILE_TEST_EXISTS))
        return;
    g_autofree char *notice =
        g_strdup_printf("The take in takes/%s has a film but no take.json and is not shown: copy "
                        "its whole folder again.",
                        name);
    project_set_notice(self, notice);
}

// Loads every take of the folder, by id. A take that cannot be read is left alone and named.
static GHashTable *load_takes(RushesProject *self)
{
    GHashTable *takes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
    g_autofree char *folder = project_file(self, "takes");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_autofree char *json = g_build_filename(path, "take.json", NULL);
        g_autoptr(GError) failure = NULL;
        if (!g_file_test(json, G_FILE_TEST_EXISTS)) {
            name_half_copy(self, path, name);
            continue;
        }
        RushesTake *take = rushes_take_load(path, &failure);
        if (take) {
            g_hash_table_insert(takes, (gpointer)rushes_take_get_id(take), take);
            continue;
        }
        gboolean damaged = g_error_matches(failure, RUSHES_ERROR, RUSHES_ERROR_FORMAT);
        g_autofree char *notice =
            g_strconcat(failure->message,
                        damaged ? " The take is not shown and stays in its folder: put a good "
                                  "take.json back to see it again."
                                : NULL,
                        NULL);
        project_set_notice(self, notice);
    }
    return takes;
}

// Whether the takes folder has one of that name; if it is none of the table, a notice said why.
static gboolean has_folder(RushesProject *self, const char *id)
{
    g_autofree char *folder = project_file(self, "takes");
    g_autofree char *path = strchr(id, '/') ? NULL : g_build_filename(folder, id, NULL);

    return *id && path && g_file_test(path, G_FILE_TEST_IS_DIR);
}

// Moves the takes that `ids` names from the table into `store` or `list`, in that order. `lost` says whether any could
// not be. -> how many of them have no folder
static guint place_takes(RushesProject *self, const cJSON *ids, GHashTable *takes,
                         GListStore *store, GPtrArray *list, gboolean *lost)
{
    const cJSON *id;
    guint missing = 0;

    cJSON_ArrayForEach(id, ids)
    {
        gpointer take = NULL;
        if (!cJSON_IsString(id) ||
            !g_hash_table_steal_extended(takes, id->valuestring, NULL, &take)) {
            *lost = TRUE;
            missing += !cJSON_IsString(id) || !has_folder(self, id->valuestring);
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

// project.json as it is, beside it, once: the next save leaves out what could not be read.
static void keep_unread(RushesProject *self)
{
    g_autofree char *path = project_file(self, "project.json");
    g_autofree char *text = NULL;
    gsize bytes = 0, kept_bytes = 0;

    if (self->read_only || !g_file_get_contents(path, &text, &bytes, NULL))
        return;
    for (guint n = 1; n < 1000; n++) {
        g_autofree char *name = g_strdup_printf("%s.damaged-%u", path, n);
        g_autofree char *kept = NULL;
        if (!g_file_get_contents(name, &kept, &kept_bytes, NULL)) {
            if (g_file_test(name, G_FILE_TEST_EXISTS) ||
                !g_file_set_contents(name, text, (gssize)bytes, NULL))
                continue;
        } else if (kept_bytes != bytes || memcmp(kept, text, bytes) != 0) {
            continue;
        }
        g_autofree char *notice =
            g_strdup_printf("project.json is kept as it was in project.json.damaged-%u.", n);
        project_set_notice(self, notice);
        return;
    }
}

// Of a draft that makes no sense the words, which nothing else has.
static void read_words(RushesProject *self, const cJSON *draft)
{
    g_autoptr(cJSON) words = cJSON_CreateObject();

    cJSON_AddStringToObject(words, "prompt", rushes_json_string(draft, "prompt", ""));
    cJSON_AddStringToObject(words, "negative", rushes_json_string(draft, "negative", ""));
    RushesRecipe *recipe = rushes_recipe_from_json(words, NULL);
    if (recipe) {
        rushes_recipe_free(self->draft);
        self->draft = recipe;
    }
}

static void read_state(RushesProject *self, cJSON *state)
{
    g_autoptr(GHashTable) takes = load_takes(self);
    g_autoptr(GError) failure = NULL;
    cJSON *draft = cJSON_GetObjectItemCaseSensitive(state, "draft");
    const cJSON *shots = cJSON_GetObjectItemCaseSensitive(state, "shots");
    const cJSON *shot;
    gboolean lost = FALSE, gone = FALSE; // a deleted take's folder may be gone

    guint missing = place_takes(self, cJSON_GetObjectItemCaseSensitive(state, "takes"), takes,
                                self->takes, NULL, &lost);
    place_takes(self, cJSON_GetObjectItemCaseSensitive(state, "removed"), takes, NULL,
                self->removed, &gone);
    place_strays(self, takes);
    if (missing > 0) {
        g_autofree char *text = g_strdup_printf(
            missing == 1 ? "%u take named in project.json is not in the takes folder: copy it back "
                           "to see it again."
                         : "%u takes named in project.json are not in the takes folder: copy them "
                           "back to see them again.",
            missing);
        project_set_notice(self, text);
    }
    if (draft) {
        RushesRecipe *recipe = rushes_recipe_from_json(draft, &failure);
        if (recipe) {
            rushes_recipe_free(self->draft);
            self->draft = recipe;
        } else {
            g_autofree char *text =
                g_strconcat("The draft in project.json: ", failure->message, NULL);
            project_set_notice(self, text);
            read_words(self, draft);
            lost = TRUE;
        }
    }
    self->draft_takes = rushes_json_int(state, "draft_takes", 1, 64, 1);
    cJSON_ArrayForEach(shot, shots)
    {
        g_autoptr(cJSON) op = cJSON_CreateObject();
        cJSON_AddStringToObject(op, "op", "shot-add");
        cJSON_AddItemToObject(op, "shot", cJSON_Duplicate(shot, TRUE));
        if (!project_apply(self, op, NULL)) {
            project_set_notice(self, "A shot in project.json makes no sense and was left out.");
            lost = TRUE;
        }
    }
    if (lost)
        keep_unread(self);
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

gboolean project_open_journal(RushesProject *self, double saved, GError **error)
{
    g_autofree char *path = project_file(self, "journal.jsonl");
    g_autofree char *damaged = NULL;
    Replay replay = {.project = self, .saved = saved};

    self->journal =
        rushes_journal_open(path, !self->read_only, replay_edit, &replay, &damaged, error);
    if (!self->journal)
        return FALSE;
    rushes_journal_set_seq(self->journal, (guint64)CLAMP(saved, 0.0, 9e15));
    if (damaged) {
        g_autofree char *text = g_strdup_printf(
            "The last edits of this project could not be read: look the film over and make again "
            "what is missing. The takes are whole, and what could not be read is kept in %s.",
            damaged);
        project_set_notice(self, text);
    }
    if (replay.misfits > 0)
        project_set_notice(self, "Some edits concern takes that are not in the folder any more.");
    return TRUE;
}

gboolean project_take_lock(RushesProject *self, GError **error)
{
    g_autofree char *path = project_file(self, ".lock");

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

// The state in project.json; with REBUILD, an empty one in place of what cannot be read.
static cJSON *load_state(RushesProject *self, RushesProjectFlags flags, GError **error)
{
    g_autofree char *path = project_file(self, "project.json");
    g_autofree char *takes = project_file(self, "takes");
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
        g_autofree char *found = g_file_test(path, G_FILE_TEST_EXISTS)
                                     ? g_strdup(failure ? failure->message
                                                        : "project.json has no version that Rushes "
                                                          "writes.")
                                     : g_strdup_printf("%s is missing.", path);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "%s The takes are untouched: put a good project.json back, or rebuild the "
                    "project from its takes.",
                    found);
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

// An empty project of that folder; NULL with an error when there is no such folder.
static RushesProject *begin_opening(const char *folder, gboolean read_only, GError **error)
{
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "There is no folder %s.", folder);
        return NULL;
    }
    RushesProject *self = g_object_new(RUSHES_TYPE_PROJECT, NULL);
    self->folder = g_strdup(folder);
    self->read_only = read_only;
    return self;
}

RushesProject *rushes_project_open_state(const char *folder, const char *text, GError **error)
{
    g_autoptr(RushesProject) self = begin_opening(folder, TRUE, error);
    g_autoptr(cJSON) state = cJSON_Parse(text);

    if (self && !cJSON_IsObject(state)) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "The state of %s that was kept cannot be read any more.", folder);
        return NULL;
    }
    if (self)
        read_state(self, state);
    return g_steal_pointer(&self);
}

RushesProject *rushes_project_open(const char *folder, RushesProjectFlags flags, GError **error)
{
    g_autoptr(RushesProject) self =
        begin_opening(folder, (flags & RUSHES_PROJECT_READ_ONLY) != 0, error);
    g_autofree char *title = rushes_places_project_name(folder);

    if (!self)
        return NULL;
    if (!self->read_only && !project_take_lock(self, error))
        return NULL;
    g_autoptr(cJSON) state = load_state(self, flags, error);
    if (!state)
        return NULL;
    read_state(self, state);
    if (!project_open_journal(self, rushes_json_number(state, "seq", 0), error))
        return NULL;
    // As its folder is called now: it may have been copied or renamed since.
    rushes_json_put(self->values, "title", cJSON_CreateString(title));
    g_autoptr(GError) failure = NULL;
    if (!self->read_only && rushes_journal_get_length(self->journal) > JOURNAL_FOLD &&
        !rushes_project_save(self, &failure))
        project_set_notice(self, failure->message);
    return g_steal_pointer(&self);
}
