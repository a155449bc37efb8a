// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-job.h - one export of the queue, as export-queue.c handles it.
#pragma once
#include "queue/export-queue.h"

G_BEGIN_DECLS

struct _RushesExportJob {
    GObject parent_instance;

    gint64 id; // in the library
    char *project, *path, *title;
    char *film;                             // the project's state when it was put in
    char *preset, *signer, *time_stamp_url; // what the request points to
    RushesFilmExport request;
    RushesExportState state;
    char *error;
    gboolean was_killed;      // the studio ended in the middle of it
    RushesExporter *exporter; // made when it was put in, or when its turn comes
};

RushesExportJob *export_job_new(const char *project, const char *film, const char *path,
                                const RushesFilmExport *request);
RushesExportJob *export_job_from_record(const RushesExportRecord *record);
char *export_job_describe(RushesExportJob *self); // the request as JSON, owned by the caller
void export_job_set_exporter(RushesExportJob *self, RushesExporter *exporter); // takes it
void export_job_set_state(RushesExportJob *self, RushesExportState state, const char *error);

G_END_DECLS
