// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue.h - the jobs that wait, and the one that runs. Every change is in the library before it
// shows; after a crash of anything the queue is as it was, and the job that ran goes on from its
// last finished step. A GListModel of RushesQueueItem, first to run first. Main thread only.
//
// Properties  "paused" (no job runs and no export is written), "running" (a job runs), "ready" (the device is open).
// Signals     "notice" (string): a sentence for the creator. "model-changed": see get_model.
//             "item-finished" (RushesQueueItem): it left the queue, done, failed or cancelled.
//             "rights-changed": a rights list or a consent record is another, and the jobs were asked again.
//
// A worker that ends by itself is started again, at once and then ever later; a job on which it
// ends three times without one more finished step is failed.
#pragma once
#include "project/library.h"
#include "project/project.h"
#include "queue/engine-client.h"
#include "queue/export-queue.h"
#include "queue/item-list.h"
#include "queue/queue-item.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_QUEUE (rushes_queue_get_type())
G_DECLARE_FINAL_TYPE(RushesQueue, rushes_queue, RUSHES, QUEUE, RushesItemList)

// Loads the jobs from the library; nothing runs before rushes_queue_start().
RushesQueue *rushes_queue_new(RushesLibrary *library);
void rushes_queue_start(RushesQueue *self);
// Ends the worker. Jobs stay as they are, in the library too.
void rushes_queue_stop(RushesQueue *self);

// The takes of an open project are the ones whose progress shows.
void rushes_queue_attach_project(RushesQueue *self, RushesProject *project);

// The take's recipe is the job. FALSE with an error when a rights list refuses its words, the person on its picture
// has not agreed, or the library cannot be written.
gboolean rushes_queue_add(RushesQueue *self, RushesProject *project, RushesTake *take,
                          gboolean front, GError **error);
// Removes it; what runs ends within a second, and a worker that does not answer is killed. The take stays, cancelled.
void rushes_queue_cancel(RushesQueue *self, RushesQueueItem *item);
void rushes_queue_pause_item(RushesQueue *self, RushesQueueItem *item, gboolean paused);
// Moves it to stand at `position` in the list.
gboolean rushes_queue_move(RushesQueue *self, RushesQueueItem *item, guint position,
                           GError **error);
// Asks rights lists and consent records about every job again; what is refused now fails with the reason, the running
// job too. Happens by itself when one of them changes.
void rushes_queue_recheck(RushesQueue *self);
void rushes_queue_set_paused(RushesQueue *self, gboolean paused);
gboolean rushes_queue_get_paused(RushesQueue *self);
RushesQueueItem *rushes_queue_get_running(RushesQueue *self); // not owned, or NULL
double rushes_queue_get_eta(RushesQueue *self); // of all jobs together, seconds; negative unknown

// The exports, which are written beside; they start, stop and are rechecked together with the jobs.
RushesExportQueue *rushes_queue_get_exports(RushesQueue *self);
RushesLibrary *rushes_queue_get_library(RushesQueue *self);
RushesEngineClient *rushes_queue_get_engine(RushesQueue *self);
// The model's "loaded" description, or NULL before it; owned by the queue.
const cJSON *rushes_queue_get_model(RushesQueue *self);
const char *rushes_queue_get_device(RushesQueue *self); // name, or NULL before it is open
gboolean rushes_queue_get_device_is_software(RushesQueue *self);
// Seconds without any event from a running job after which the worker counts as hung.
void rushes_queue_set_watchdog(RushesQueue *self, guint seconds);

G_END_DECLS
