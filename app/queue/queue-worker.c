// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue-worker.c - keeps one worker alive and feeds it one job at a time.
#include <signal.h>

#include "queue/queue-private.h"

#define MOST_CRASHES    3  // of one job without a finished step in between
#define LONGEST_BACKOFF 30 // seconds
#define END_SECONDS                                                                                \
    3 // for a job that was told to end; a worker cuts its work into parts of a tenth

static double steady_now(void)
{
    return (double)g_get_monotonic_time() / G_USEC_PER_SEC;
}

void queue_notice(RushesQueue *self, const char *sentence)
{
    g_signal_emit_by_name(self, "notice", sentence);
}

RushesTake *queue_item_take(RushesQueueItem *item)
{
    return rushes_queue_item_get_take(item);
}

void queue_save_take(RushesQueue *self, RushesTake *take)
{
    g_autoptr(GError) failure = NULL;
    if (!rushes_take_save(take, &failure))
        queue_notice(self, failure->message);
}

void queue_set_state(RushesQueue *self, RushesQueueItem *item, RushesTakeState state,
                     const char *error)
{
    RushesTake *take = queue_item_take(item);
    g_autoptr(GError) failure = NULL;

    if (!rushes_library_set_job(self->library, rushes_queue_item_get_id(item),
                                rushes_take_state_to_string(state), (int)self->best_step,
                                rushes_take_get_recipe(take)->steps, &failure))
        queue_notice(self, failure->message);
    rushes_take_set_state(take, state, error);
    queue_save_take(self, take);
}

void queue_remove_item(RushesQueue *self, RushesQueueItem *item)
{
    g_autoptr(RushesQueueItem) kept = g_object_ref(item);

    rushes_library_remove_job(self->library, rushes_queue_item_get_id(item), NULL);
    rushes_item_list_remove(RUSHES_ITEM_LIST(self), item);
    g_signal_emit_by_name(self, "item-finished", kept);
}

// The running job has ended, whichever way; the next may start.
static void leave_running(RushesQueue *self)
{
    self->request = 0;
    self->intent = INTENT_NONE;
    g_clear_handle_id(&self->watchdog_source, g_source_remove);
    g_clear_handle_id(&self->clock_source, g_source_remove);
    g_clear_pointer(&self->eta, rushes_eta_free);
    g_clear_object(&self->running);
    g_object_notify(G_OBJECT(self), "running");
}

static gboolean watchdog_bites(gpointer data)
{
    RushesQueue *self = data;

    self->watchdog_source = 0;
    queue_notice(self, self->intent == INTENT_NONE || self->intent == INTENT_HOLD
                           ? "The worker has not answered for too long: it is started again, and "
                             "the take goes on from its last finished step."
                           : "The worker did not stop the take when it was told to: it is started "
                             "again.");
    GPid pid = rushes_engine_client_get_pid(self->engine);
    if (pid > 0)
        kill(pid, SIGKILL); // a hung driver does not listen to a polite request
    return G_SOURCE_REMOVE;
}

static void feed_watchdog(RushesQueue *self)
{
    if (self->intent != INTENT_NONE)
        return; // only its end counts now
    g_clear_handle_id(&self->watchdog_source, g_source_remove);
    self->watchdog_source = g_timeout_add_seconds(self->watchdog_seconds, watchdog_bites, self);
}

void queue_end_running(RushesQueue *self, Intent intent)
{
    guint seconds = MIN(END_SECONDS, self->watchdog_seconds);

    if (self->intent == INTENT_NONE) {
        g_clear_handle_id(&self->watchdog_source, g_source_remove);
        self->watchdog_source = g_timeout_add_seconds(seconds, watchdog_bites, self);
    }
    self->intent = intent;
    rushes_engine_client_cancel(self->engine, self->request);
}

static char *describe_stage(const RushesEngineEvent *event)
{
    static const struct {
        const char *stage, *words;
    } names[] = {{"load", "Loading the model"},
                 {"text", "Reading the prompt"},
                 {"denoise", "Forming"},
                 {"decode", "Decoding frames"},
                 {"audio", "Decoding sound"}};
    const char *words = event->stage;

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_strcmp0(event->stage, names[i].stage) == 0)
            words = names[i].words;
    }
    return event->of > 1 ? g_strdup_printf("%s, step %u of %u", words, event->step, event->of)
                         : g_strdup(words);
}

static gboolean tell_time_left(gpointer data)
{
    RushesQueue *self = data;
    RushesTake *take = queue_item_take(self->running);
    double left = rushes_eta_left(self->eta, steady_now());

    if (left >= 0)
        rushes_take_set_progress(take, rushes_take_get_stage(take), rushes_take_get_fraction(take),
                                 left);
    return G_SOURCE_CONTINUE;
}

static void job_accepted(RushesQueue *self, RushesTake *take, const RushesEngineEvent *event)
{
    g_autoptr(RushesRecipe) recipe =
        rushes_recipe_from_json(cJSON_GetObjectItemCaseSensitive(event->fields, "job"), NULL);

    if (recipe)
        rushes_take_set_recipe(take, recipe);
    self->best_step = event->resumed_step;
    self->eta = rushes_eta_new(self->library, self->device ? self->device : "",
                               rushes_take_get_recipe(take), self->sent_at);
    g_clear_handle_id(&self->clock_source, g_source_remove);
    self->clock_source = g_timeout_add_seconds(1, tell_time_left, self);
    queue_set_state(self, self->running, RUSHES_TAKE_RUNNING, NULL);
}

static void job_progress(RushesQueue *self, RushesTake *take, const RushesEngineEvent *event)
{
    g_autofree char *stage = describe_stage(event);
    RushesEtaProgress progress = {.stage = event->stage,
                                  .step = event->step,
                                  .built = event->built_s,
                                  .build_left = event->build_left_s,
                                  .build_stage = event->build_stage_s};
    double eta = self->eta ? rushes_eta_progress(self->eta, &progress, steady_now()) : -1;

    rushes_take_set_progress(take, stage, event->fraction, eta >= 0 ? eta : event->eta_s);
    if (g_strcmp0(event->stage, "denoise") == 0 && event->step > self->best_step) {
        self->best_step = event->step;
        self->crashes = 0;
        rushes_library_set_job(self->library, rushes_queue_item_get_id(self->running), "running",
                               (int)event->step, (int)event->of, NULL);
    }
}

static void job_done(RushesQueue *self, RushesTake *take, const RushesEngineEvent *event)
{
    RushesFrameFormat format;
    g_autoptr(RushesQueueItem) item = g_object_ref(self->running);

    rushes_frame_source_get_format(rushes_take_get_source(take), &format);
    if (event->samples > 0)
        rushes_take_sound_ready(take, (int)event->rate, format.channels, (gint64)event->samples);
    rushes_take_frames_ready(take, (int)event->frames);
    if (self->eta)
        rushes_eta_finish(self->eta, steady_now());
    rushes_take_set_result(take, event->fields);
    rushes_take_set_progress(take, "", 1, 0);
    self->crashes = 0;
    self->backoff = 0;
    queue_set_state(self, item, RUSHES_TAKE_DONE, NULL);
    leave_running(self);
    queue_remove_item(self, item);
}

static void job_cancelled(RushesQueue *self)
{
    g_autoptr(RushesQueueItem) item = g_object_ref(self->running);
    Intent intent = self->intent;

    g_autofree char *refusal = g_steal_pointer(&self->refusal);

    leave_running(self);
    if (intent == INTENT_REFUSE) {
        queue_set_state(self, item, RUSHES_TAKE_FAILED, refusal);
        queue_remove_item(self, item);
        queue_notice(self, refusal);
    } else if (intent == INTENT_PAUSE) {
        queue_set_state(self, item, RUSHES_TAKE_PAUSED, NULL);
    } else if (intent == INTENT_HOLD) {
        queue_set_state(self, item, RUSHES_TAKE_INTERRUPTED, NULL);
    } else {
        queue_set_state(self, item, RUSHES_TAKE_CANCELLED, NULL);
        queue_remove_item(self, item);
    }
}

static void job_failed(RushesQueue *self, const RushesEngineEvent *event)
{
    g_autoptr(RushesQueueItem) item = g_object_ref(self->running);
    g_autofree char *sentence = event->hint && *event->hint
                                    ? g_strdup_printf("%s %s", event->what, event->hint)
                                    : g_strdup(event->what);
    const char *code = event->code ? event->code : "";
    gboolean worker_gone = g_str_equal(code, "worker") || g_str_equal(code, "device");
    Intent intent = self->intent;

    if (worker_gone &&
        (intent == INTENT_CANCEL || intent == INTENT_PAUSE || intent == INTENT_REFUSE)) {
        job_cancelled(self); // it was to end anyway
        return;
    }
    leave_running(self);
    if (worker_gone) // nothing is sent before the next worker says that it is ready
        g_clear_pointer(&self->device, g_free);
    if (worker_gone && ++self->crashes < MOST_CRASHES) {
        gboolean lost = g_str_equal(code, "device");
        g_autofree char *told = g_strdup_printf(
            "%s%s started again, and the take goes on from its last finished step.",
            lost ? event->what : "The worker stopped; it is", lost ? " The worker is" : "");
        queue_set_state(self, item, RUSHES_TAKE_INTERRUPTED, NULL);
        queue_notice(self, told);
    } else if (g_str_equal(code, "disk_full")) {
        // Not paused itself: it goes on when the queue does.
        queue_set_state(self, item, RUSHES_TAKE_INTERRUPTED, sentence);
        rushes_queue_set_paused(self, TRUE);
        queue_notice(self, sentence);
    } else {
        self->crashes = 0;
        queue_set_state(self, item, RUSHES_TAKE_FAILED, sentence);
        queue_remove_item(self, item);
        queue_notice(self, sentence);
    }
}

static void on_job_event(RushesEngineClient *engine, const RushesEngineEvent *event, gpointer data)
{
    RushesQueue *self = data;
    g_autoptr(RushesTake) take = NULL;

    if (!self->running || event->id != self->request)
        return;
    take = g_object_ref(queue_item_take(self->running));
    feed_watchdog(self);
    switch (event->kind) {
    case RUSHES_ENGINE_ACCEPTED:
        job_accepted(self, take, event);
        break;
    case RUSHES_ENGINE_PROGRESS:
        job_progress(self, take, event);
        break;
    case RUSHES_ENGINE_PREVIEW:
        rushes_take_load_preview(take, event->file, (int)event->width, (int)event->height,
                                 (int)event->frames);
        break;
    case RUSHES_ENGINE_FRAME:
        rushes_take_frames_ready(take, (int)event->index + 1);
        break;
    case RUSHES_ENGINE_AUDIO:
        rushes_take_sound_ready(take, (int)event->rate, (int)event->channels,
                                (gint64)event->samples);
        break;
    case RUSHES_ENGINE_DONE:
        job_done(self, take, event);
        break;
    case RUSHES_ENGINE_CANCELLED:
        job_cancelled(self);
        break;
    case RUSHES_ENGINE_ERROR:
        job_failed(self, event);
        break;
    default:
        break;
    }
    if (event->last)
        queue_pump(self);
}

static void on_model_event(RushesEngineClient *engine, const RushesEngineEvent *event,
                           gpointer data)
{
    RushesQueue *self = data;

    if (event->kind == RUSHES_ENGINE_ERROR) {
        self->model_asked = FALSE;
        if (g_strcmp0(event->code, "worker") != 0)
            queue_notice(self, event->what);
        return;
    }
    const cJSON *model = cJSON_GetObjectItemCaseSensitive(event->fields, "model");
    if (event->kind != RUSHES_ENGINE_LOADED || !cJSON_IsObject(model))
        return;
    cJSON_Delete(self->model);
    self->model = cJSON_Duplicate(model, TRUE);
    g_signal_emit_by_name(self, "model-changed");
}

gboolean queue_start_worker(gpointer data)
{
    RushesQueue *self = data;
    g_autoptr(GError) failure = NULL;

    self->restart_source = 0;
    if (!rushes_engine_client_start(self->engine, &(RushesEngineOptions){0}, &failure))
        queue_notice(self, failure->message);
    return G_SOURCE_REMOVE;
}

void queue_on_ready(RushesEngineClient *engine, const RushesEngineEvent *event, RushesQueue *self)
{
    const cJSON *device = cJSON_GetObjectItemCaseSensitive(event->fields, "device");

    g_free(self->device);
    self->device = g_strdup(rushes_json_string(device, "name", "unknown device"));
    self->software = rushes_json_bool(device, "software", FALSE);
    g_object_notify(G_OBJECT(self), "ready");
    if (!self->model && !self->model_asked) {
        self->model_asked = TRUE;
        rushes_engine_client_load(self->engine, "mini", on_model_event, self);
    }
    queue_pump(self);
}

void queue_on_ended(RushesEngineClient *engine, int status, RushesQueue *self)
{
    g_clear_pointer(&self->device, g_free);
    g_object_notify(G_OBJECT(self), "ready");
    if (self->stopping || !self->started)
        return;
    if (status == 2) {
        queue_notice(self,
                     "No device that can run models was found: install a Vulkan driver "
                     "(mesa-vulkan-drivers has one for any processor) and start Rushes again.");
        return;
    }
    g_clear_handle_id(&self->restart_source, g_source_remove);
    self->restart_source = g_timeout_add_seconds(self->backoff, queue_start_worker, self);
    self->backoff = MIN(LONGEST_BACKOFF, self->backoff ? self->backoff * 2 : 1);
}

static RushesQueueItem *next_item(RushesQueue *self)
{
    for (guint i = 0; i < g_list_model_get_n_items(G_LIST_MODEL(self)); i++) {
        g_autoptr(RushesQueueItem) item = g_list_model_get_item(G_LIST_MODEL(self), i);
        RushesTakeState state = rushes_take_get_state(queue_item_take(item));
        if (state == RUSHES_TAKE_QUEUED || state == RUSHES_TAKE_INTERRUPTED)
            return item; // the list holds it
    }
    return NULL;
}

void queue_pump(RushesQueue *self)
{
    if (self->running || self->paused || !self->started || !self->device)
        return;
    RushesQueueItem *item = next_item(self);
    while (item && !queue_may_run(self, item)) // it waited; who agreed then may not agree now
        item = next_item(self);
    if (!item)
        return;
    RushesTake *take = queue_item_take(item);
    g_autoptr(cJSON) job = rushes_recipe_to_json(rushes_take_get_recipe(take));

    self->running = g_object_ref(item);
    self->best_step = 0;
    queue_set_state(self, item, RUSHES_TAKE_RUNNING, NULL);
    rushes_take_set_progress(take, "Waiting for the worker", 0, -1);
    self->sent_at = steady_now();
    self->request = rushes_engine_client_generate(self->engine, job, rushes_take_get_folder(take),
                                                  TRUE, on_job_event, self);
    feed_watchdog(self);
    g_object_notify(G_OBJECT(self), "running");
}
