// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-queue.h - the exports that wait, and the one that is written, beside the takes that are generated: writing a
// file keeps the processor busy and generating the device, so one of each goes on at a time. Every job is in the library
// before it shows; after a crash or a kill it begins again, and what was half written is removed. A GListModel of
// RushesExportJob, first to be written first. Main thread only.
//
// A film is written as it was when it was put in, whatever is edited meanwhile, after a restart too: the job keeps the
// project's state of that moment. Takes are not copied; one whose folder is gone by then fails the job, by name.
//
// Properties  "running" (one is written, or held in the middle of it).
// Signals     "finished" (RushesExportJob): its file is whole and has its name.
//             "notice" (string): a sentence for the creator.
#pragma once
#include "export/film-export.h"
#include "project/library.h"
#include "queue/item-list.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_EXPORT_JOB (rushes_export_job_get_type())
G_DECLARE_FINAL_TYPE(RushesExportJob, rushes_export_job, RUSHES, EXPORT_JOB, GObject)

typedef enum RushesExportState {
    RUSHES_EXPORT_WAITING,
    RUSHES_EXPORT_RUNNING,
    RUSHES_EXPORT_FAILED, // stays in the list with its reason until it is tried again or removed
} RushesExportState;

// "notify" without a detail tells of any change of these.
RushesExportState rushes_export_job_get_state(RushesExportJob *self);
const char *rushes_export_job_get_title(RushesExportJob *self); // "Picnic, take 3"
const char *rushes_export_job_get_path(RushesExportJob *self);
const char *rushes_export_job_get_project(RushesExportJob *self); // folder
const char *rushes_export_job_get_phase(RushesExportJob *self);   // for people
const char *rushes_export_job_get_error(RushesExportJob *self);   // sentence, or NULL
double rushes_export_job_get_fraction(RushesExportJob *self);
double rushes_export_job_get_eta(RushesExportJob *self); // seconds, negative while unknown

#define RUSHES_TYPE_EXPORT_QUEUE (rushes_export_queue_get_type())
G_DECLARE_FINAL_TYPE(RushesExportQueue, rushes_export_queue, RUSHES, EXPORT_QUEUE, RushesItemList)

// Loads the jobs from the library; nothing is written before rushes_export_queue_start().
RushesExportQueue *rushes_export_queue_new(RushesLibrary *library);
void rushes_export_queue_start(RushesExportQueue *self);
// Ends what is written, leaving nothing behind; the jobs stay in the library. Waits for it, at most some seconds.
void rushes_export_queue_stop(RushesExportQueue *self);

// Holds what is written where it is, and begins nothing new; or goes on.
void rushes_export_queue_set_paused(RushesExportQueue *self, gboolean paused);

// Puts an export in as the last. FALSE with one sentence when the request makes no sense or must not be published, as
// rushes_film_export_new says it, or another job has the same target; `notices` as there.
gboolean rushes_export_queue_add(RushesExportQueue *self, RushesProject *project, const char *path,
                                 const RushesFilmExport *request, GPtrArray *notices,
                                 GError **error);
// Removes it; what is written ends within a second, and nothing of it stays.
void rushes_export_queue_cancel(RushesExportQueue *self, RushesExportJob *job);
void rushes_export_queue_retry(RushesExportQueue *self, RushesExportJob *job); // a failed one
// Asks consent records about every job again; what must not be published now fails with the reason.
void rushes_export_queue_recheck(RushesExportQueue *self);
RushesExportJob *rushes_export_queue_get_running(RushesExportQueue *self); // not owned, or NULL

G_END_DECLS
