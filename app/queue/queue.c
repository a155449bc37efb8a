// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/queue.h"

#include "queue/queue-private.h"
#include "rights/consent-use.h"
#include "rights/rights-sources.h"

#define WATCHDOG_SECONDS 180 // a large model may take two minutes for one step

enum { PROP_PAUSED = 1, PROP_RUNNING, PROP_READY, N_PROPS };
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE(RushesQueue, rushes_queue, RUSHES_TYPE_ITEM_LIST)

static GListStore *items_of(RushesQueue *self)
{
    return rushes_item_list_get_store(RUSHES_ITEM_LIST(self));
}

static void rushes_queue_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    RushesQueue *self = RUSHES_QUEUE(object);

    switch (id) {
    case PROP_PAUSED:
        g_value_set_boolean(value, self->paused);
        break;
    case PROP_RUNNING:
        g_value_set_boolean(value, self->running != NULL);
        break;
    case PROP_READY:
        g_value_set_boolean(value, self->device != NULL);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void rushes_queue_dispose(GObject *object)
{
    RushesQueue *self = RUSHES_QUEUE(object);

    g_clear_handle_id(&self->restart_source, g_source_remove);
    g_clear_handle_id(&self->watchdog_source, g_source_remove);
    g_clear_handle_id(&self->clock_source, g_source_remove);
    if (self->engine) {
        g_signal_handlers_disconnect_by_data(self->engine, self);
        if (self->request)
            rushes_engine_client_forget(self->engine, self->request);
        rushes_engine_client_stop(self->engine);
    }
    g_clear_object(&self->engine);
    g_clear_object(&self->running);
    if (self->exports)
        g_signal_handlers_disconnect_by_data(self->exports, self);
    g_clear_object(&self->exports);
    g_clear_object(&self->library);
    g_clear_pointer(&self->projects, g_ptr_array_unref);
    g_clear_pointer(&self->eta, rushes_eta_free);
    g_clear_pointer(&self->model, cJSON_Delete);
    g_clear_pointer(&self->device, g_free);
    g_clear_pointer(&self->refusal, g_free);
    if (self->watch)
        g_signal_handlers_disconnect_by_data(self->watch, self);
    g_clear_object(&self->watch);
    G_OBJECT_CLASS(rushes_queue_parent_class)->dispose(object);
}

static void rushes_queue_class_init(RushesQueueClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

    RUSHES_ITEM_LIST_CLASS(klass)->item_type = RUSHES_TYPE_QUEUE_ITEM;
    object->get_property = rushes_queue_get_property;
    object->dispose = rushes_queue_dispose;
    properties[PROP_PAUSED] = g_param_spec_boolean("paused", NULL, NULL, FALSE, flags);
    properties[PROP_RUNNING] = g_param_spec_boolean("running", NULL, NULL, FALSE, flags);
    properties[PROP_READY] = g_param_spec_boolean("ready", NULL, NULL, FALSE, flags);
    g_object_class_install_properties(object, N_PROPS, properties);
    g_signal_new("notice", RUSHES_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                 1, G_TYPE_STRING);
    g_signal_new("model-changed", RUSHES_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 0);
    g_signal_new("rights-changed", RUSHES_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 0);
    g_signal_new("item-finished", RUSHES_TYPE_QUEUE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                 G_TYPE_NONE, 1, RUSHES_TYPE_QUEUE_ITEM);
}

static void rushes_queue_init(RushesQueue *self)
{
    self->projects = g_ptr_array_new_with_free_func(g_object_unref);
    self->watchdog_seconds = WATCHDOG_SECONDS;
}

static void load_jobs(RushesQueue *self)
{
    g_autoptr(GPtrArray) jobs = rushes_library_list_jobs(self->library);

    for (guint i = 0; i < jobs->len; i++) {
        RushesJobRecord *job = jobs->pdata[i];
        g_autofree char *folder = g_build_filename(job->project, "takes", job->take, NULL);
        g_autoptr(RushesTake) take = rushes_take_load(folder, NULL);
        RushesTakeState state = RUSHES_TAKE_QUEUED;
        if (!take) // its project was moved or deleted: nothing is left to run
            continue;
        if (rushes_take_get_state(take) == RUSHES_TAKE_DONE) {
            rushes_library_remove_job(self->library, job->id, NULL);
            continue; // killed between the last frame and the end of the job
        }
        rushes_take_state_from_string(job->state, &state);
        if (state != RUSHES_TAKE_PAUSED && state != RUSHES_TAKE_QUEUED)
            state = RUSHES_TAKE_INTERRUPTED;
        rushes_take_set_state(take, state, rushes_take_get_error(take));
        g_autoptr(RushesQueueItem) item =
            rushes_queue_item_new(job->id, job->project, take, job->position);
        g_list_store_append(items_of(self), item);
    }
}

RushesQueue *rushes_queue_new(RushesLibrary *library)
{
    RushesQueue *self = g_object_new(RUSHES_TYPE_QUEUE, NULL);

    self->library = g_object_ref(library);
    self->engine = rushes_engine_client_new();
    g_signal_connect(self->engine, "ready", G_CALLBACK(queue_on_ready), self);
    g_signal_connect(self->engine, "ended", G_CALLBACK(queue_on_ended), self);
    load_jobs(self);
    self->exports = rushes_export_queue_new(library);
    g_signal_connect_swapped(self->exports, "notice", G_CALLBACK(queue_notice), self);
    self->watch = rushes_rights_watch_new();
    g_signal_connect_swapped(self->watch, "changed", G_CALLBACK(rushes_queue_recheck), self);
    return self;
}

void rushes_queue_start(RushesQueue *self)
{
    if (self->started)
        return;
    self->started = TRUE;
    rushes_export_queue_start(self->exports);
    queue_start_worker(self);
}

void rushes_queue_stop(RushesQueue *self)
{
    self->stopping = TRUE;
    if (self->request)
        rushes_engine_client_forget(self->engine, self->request);
    rushes_engine_client_stop(self->engine);
    rushes_export_queue_stop(self->exports);
}

void rushes_queue_attach_project(RushesQueue *self, RushesProject *project)
{
    const char *folder = rushes_project_get_folder(project);

    rushes_library_add_project(self->library, folder, NULL);
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self), i);
        if (!g_str_equal(rushes_queue_item_get_project(item), folder))
            continue;
        RushesTake *loaded = queue_item_take(item);
        RushesTake *shown = rushes_project_find_take(project, rushes_take_get_id(loaded));
        if (!shown || shown == loaded)
            continue;
        rushes_take_set_recipe(shown, rushes_take_get_recipe(loaded));
        rushes_take_set_progress(shown, rushes_take_get_stage(loaded),
                                 rushes_take_get_fraction(loaded), rushes_take_get_eta(loaded));
        rushes_take_set_state(shown, rushes_take_get_state(loaded), rushes_take_get_error(loaded));
        rushes_queue_item_set_take(item, shown);
        g_list_model_items_changed(G_LIST_MODEL(self), i, 1, 1);
    }
}

static gboolean is_allowed(RushesTake *take, const char *project, GError **error)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);

    return rushes_rights_sources_allow(recipe->prompt, NULL, error) &&
           rushes_consent_allow_job(recipe, project, error);
}

gboolean rushes_queue_add(RushesQueue *self, RushesProject *project, RushesTake *take,
                          gboolean front, GError **error)
{
    const char *folder = rushes_project_get_folder(project);
    if (!is_allowed(take, folder, error))
        return FALSE;
    gint64 id =
        rushes_library_add_job(self->library, folder, rushes_take_get_id(take), front, error);
    if (!id)
        return FALSE;
    guint count = g_list_model_get_n_items(G_LIST_MODEL(self));
    double position = 0;
    if (count > 0) {
        g_autoptr(RushesQueueItem) end =
            g_list_model_get_item(G_LIST_MODEL(self), front ? 0 : count - 1);
        position = rushes_queue_item_get_position(end) + (front ? -1 : 1);
    }
    rushes_take_set_state(take, RUSHES_TAKE_QUEUED, NULL);
    queue_save_take(self, take);
    rushes_library_move_job(self->library, id, position, NULL);
    g_autoptr(RushesQueueItem) item = rushes_queue_item_new(id, folder, take, position);
    g_list_store_insert(items_of(self), front ? 0 : count, item);
    queue_pump(self);
    return TRUE;
}

gboolean queue_may_run(RushesQueue *self, RushesQueueItem *item)
{
    g_autoptr(GError) failure = NULL;

    if (is_allowed(queue_item_take(item), rushes_queue_item_get_project(item), &failure))
        return TRUE;
    if (item == self->running) {
        g_free(self->refusal);
        self->refusal = g_strdup(failure->message);
        queue_end_running(self, INTENT_REFUSE);
        return FALSE;
    }
    queue_set_state(self, item, RUSHES_TAKE_FAILED, failure->message);
    queue_remove_item(self, item);
    queue_notice(self, failure->message);
    return FALSE;
}

void rushes_queue_recheck(RushesQueue *self)
{
    for (guint i = g_list_model_get_n_items(G_LIST_MODEL(self)); i > 0; i--) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self), i - 1);
        if (item)
            queue_may_run(self, item);
    }
    rushes_export_queue_recheck(self->exports);
    g_signal_emit_by_name(self, "rights-changed");
    queue_pump(self);
}

void rushes_queue_cancel(RushesQueue *self, RushesQueueItem *item)
{
    if (item == self->running) {
        queue_end_running(self, INTENT_CANCEL);
        return;
    }
    queue_set_state(self, item, RUSHES_TAKE_CANCELLED, NULL);
    queue_remove_item(self, item);
}

void rushes_queue_pause_item(RushesQueue *self, RushesQueueItem *item, gboolean paused)
{
    RushesTakeState state = rushes_take_get_state(queue_item_take(item));

    if (item == self->running && paused)
        queue_end_running(self, INTENT_PAUSE);
    else if (item != self->running && paused)
        queue_set_state(self, item, RUSHES_TAKE_PAUSED, NULL);
    else if (state == RUSHES_TAKE_PAUSED)
        queue_set_state(self, item, RUSHES_TAKE_INTERRUPTED, NULL);
    queue_pump(self);
}

gboolean rushes_queue_move(RushesQueue *self, RushesQueueItem *item, guint position, GError **error)
{
    guint index, count = g_list_model_get_n_items(G_LIST_MODEL(self));
    g_autoptr(RushesQueueItem) kept = g_object_ref(item);

    if (!g_list_store_find(items_of(self), item, &index) || position >= count || position == index)
        return TRUE;
    // Between its new neighbours, so that one row changes and no other.
    guint after = position > index ? position + 1 : position;
    g_autoptr(RushesQueueItem) left =
        after > 0 ? g_list_model_get_item(G_LIST_MODEL(self), after - 1) : NULL;
    g_autoptr(RushesQueueItem) right = g_list_model_get_item(G_LIST_MODEL(self), after);
    double low =
        left ? rushes_queue_item_get_position(left) : rushes_queue_item_get_position(right) - 2;
    double high = right ? rushes_queue_item_get_position(right) : low + 2;
    double middle = (low + high) / 2;
    if (!rushes_library_move_job(self->library, rushes_queue_item_get_id(item), middle, error))
        return FALSE;
    rushes_queue_item_set_position(item, middle);
    g_list_store_remove(items_of(self), index);
    g_list_store_insert(items_of(self), position, kept);
    return TRUE;
}

void rushes_queue_set_paused(RushesQueue *self, gboolean paused)
{
    if (self->paused == !!paused)
        return;
    self->paused = !!paused;
    if (paused && self->running)
        queue_end_running(self, INTENT_HOLD);
    rushes_export_queue_set_paused(self->exports, self->paused);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_PAUSED]);
    queue_pump(self);
}

gboolean rushes_queue_get_paused(RushesQueue *self)
{
    return self->paused;
}

RushesQueueItem *rushes_queue_get_running(RushesQueue *self)
{
    return self->running;
}

double rushes_queue_get_eta(RushesQueue *self)
{
    double sum = 0;
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self), i);
        RushesTake *take = queue_item_take(item);
        // What kernels a waiting job will find unbuilt, the ones before it decide.
        double left = item == self->running
                          ? rushes_take_get_eta(take)
                          : rushes_eta_forecast(self->library, self->device ? self->device : "",
                                                rushes_take_get_recipe(take), -1, 0);
        if (left < 0)
            return -1;
        sum += left;
    }
    return sum;
}

RushesExportQueue *rushes_queue_get_exports(RushesQueue *self)
{
    return self->exports;
}

RushesLibrary *rushes_queue_get_library(RushesQueue *self)
{
    return self->library;
}

RushesEngineClient *rushes_queue_get_engine(RushesQueue *self)
{
    return self->engine;
}

const cJSON *rushes_queue_get_model(RushesQueue *self)
{
    return self->model;
}

const char *rushes_queue_get_device(RushesQueue *self)
{
    return self->device;
}

gboolean rushes_queue_get_device_is_software(RushesQueue *self)
{
    return self->software;
}

void rushes_queue_set_watchdog(RushesQueue *self, guint seconds)
{
    self->watchdog_seconds = seconds;
}
