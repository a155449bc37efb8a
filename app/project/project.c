// SPDX-License-Identifier: GPL-3.0-or-later
//
// project.c - the object, and a project's files: creating and saving.
#include "project/project-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "places.h"
#include "remove-tree.h"
#include "rushes-error.h"

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
    if (self->notice && strstr(self->notice, notice)) // of several alike, one says enough
        return;
    g_autofree char *joined =
        self->notice ? g_strdup_printf("%s %s", self->notice, notice) : g_strdup(notice);
    g_free(self->notice);
    self->notice = g_steal_pointer(&joined);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_NOTICE]);
}

char *project_file(RushesProject *self, const char *name)
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

char *rushes_project_dup_state(RushesProject *self)
{
    g_autoptr(cJSON) state = project_state_to_json(self);
    char *text = cJSON_PrintUnformatted(state);
    char *copy = g_strdup(text);

    cJSON_free(text);
    return copy;
}

RushesProject *rushes_project_create(const char *folder, GError **error)
{
    g_autoptr(RushesProject) self = g_object_new(RUSHES_TYPE_PROJECT, NULL);
    g_autofree char *state = g_build_filename(folder, "project.json", NULL);
    g_autofree char *takes = g_build_filename(folder, "takes", NULL);
    g_autofree char *title = rushes_places_project_name(folder);

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
    if (!project_take_lock(self, error) || !project_open_journal(self, 0, error) ||
        !rushes_project_save(self, error))
        return NULL;
    return g_steal_pointer(&self);
}

gboolean rushes_project_save(RushesProject *self, GError **error)
{
    g_autofree char *path = project_file(self, "project.json");
    g_autoptr(cJSON) state = project_state_to_json(self);

    if (self->read_only) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY,
                    "This project is open for reading only: use Save As to keep a copy.");
        return FALSE;
    }
    return rushes_json_file_write(path, state, error) && rushes_journal_clear(self->journal, error);
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

const cJSON *rushes_project_get_value(RushesProject *self, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(self->values, key);
}
