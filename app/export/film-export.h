// SPDX-License-Identifier: GPL-3.0-or-later
//
// film-export.h - what a project's export is made of: the composer or a take's frames as the source, the preset's
// container and canvas, and the claim that its credentials make. The studio and `rushes export` both start here.
#pragma once
#include "export/exporter.h"
#include "project/project.h"

G_BEGIN_DECLS

// Whether the invisible mark is put in: where something is lost anyway (MP4, WebM), everywhere, or nowhere.
typedef enum RushesWatermarkChoice {
    RUSHES_WATERMARK_LOSSY,
    RUSHES_WATERMARK_ALWAYS,
    RUSHES_WATERMARK_NEVER,
} RushesWatermarkChoice;

typedef struct RushesFilmExport {
    const char *preset; // NULL: by the ending of the path
    int take;           // number of a take to export alone; 0: the film
    int quality;        // 0: the preset's
    gboolean normalise; // besides what the preset does
    gboolean is_signed;
    const char *signer; // name of a new identity, or NULL
    guint32 tag;        // of the temporary folder, see RushesExportOptions
    RushesWatermarkChoice watermark;
    gboolean visible_mark;        // the label "MADE WITH AI"
    const char *time_stamp_url;   // of an authority (time-stamp.h), or NULL
    gboolean time_stamp_required; // no stamp, no file
} RushesFilmExport;

// FALSE with one sentence when a person in it took their consent back, or a record is missing or was tampered with.
gboolean rushes_film_export_is_allowed(RushesProject *project, const RushesFilmExport *request,
                                       GPtrArray *notices, GError **error);

// NULL with one sentence when the request makes no sense (no such preset or take, nothing on the timeline), or
// when part of the film is missing. `notices` (may be NULL) receives sentences about what is doubtful.
RushesExporter *rushes_film_export_new(RushesProject *project, const char *path,
                                       const RushesFilmExport *request, GPtrArray *notices,
                                       GError **error);

G_END_DECLS
