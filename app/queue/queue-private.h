// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue-private.h - what queue.c (the list and what the creator does to it) and queue-worker.c (the
// worker and what it says) share.
#pragma once
#include "queue/eta.h"
#include "queue/queue.h"
#include "rights/rights-watch.h"

typedef enum Intent { INTENT_NONE, INTENT_CANCEL, INTENT_PAUSE, INTENT_HOLD, INTENT_REFUSE } Intent;

struct _RushesQueue {
    RushesItemList parent_instance;

    RushesLibrary *library;
    RushesExportQueue *exports;
    GPtrArray *projects; // open ones
    RushesEngineClient *engine;
    gboolean started, stopping, paused;
    cJSON *model;
    gboolean model_asked;
    char *device;
    gboolean software;

    RushesQueueItem *running;
    guint request;
    Intent intent; // why the running job was cancelled
    char *refusal; // with INTENT_REFUSE: the reason
    RushesRightsWatch *watch;
    RushesEta *eta;
    guint clock_source; // tells the time left while nothing else does
    double sent_at;     // when the running job went to the worker, steady seconds
    guint best_step;    // of the running job
    guint crashes;      // since the last finished step
    guint backoff;      // seconds before the next start of the worker
    guint restart_source, watchdog_source;
    guint watchdog_seconds;
};

// A worker that cannot be started, or an unusable device, is told by "notice".
gboolean queue_start_worker(gpointer queue);
void queue_on_ready(RushesEngineClient *engine, const RushesEngineEvent *event, RushesQueue *self);
void queue_on_ended(RushesEngineClient *engine, int status, RushesQueue *self);

// Starts the next job if one waits and nothing runs.
void queue_pump(RushesQueue *self);
void queue_notice(RushesQueue *self, const char *sentence);
RushesTake *queue_item_take(RushesQueueItem *item);
void queue_save_take(RushesQueue *self, RushesTake *take);
// Tells the worker to end the running job; one that does not is killed after some seconds.
void queue_end_running(RushesQueue *self, Intent intent);
// In the library, in the take and in its file.
void queue_set_state(RushesQueue *self, RushesQueueItem *item, RushesTakeState state,
                     const char *error);
// Fails the item with the reason, if rights or consent refuse it now. -> TRUE when it may run
gboolean queue_may_run(RushesQueue *self, RushesQueueItem *item);
void queue_remove_item(RushesQueue *self, RushesQueueItem *item);
