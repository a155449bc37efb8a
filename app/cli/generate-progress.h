// SPDX-License-Identifier: GPL-3.0-or-later
// generate-progress.h - how a job is going, for a person at a terminal or for a program.
#pragma once
#include "queue/engine-client.h"

G_BEGIN_DECLS

typedef enum RushesProgressStyle {
    RUSHES_PROGRESS_NONE,
    RUSHES_PROGRESS_LINE, // one line on standard error that is rewritten
    RUSHES_PROGRESS_JSON, // the worker's events on standard output
} RushesProgressStyle;

void rushes_progress_show(RushesProgressStyle style, const RushesEngineEvent *event);
void rushes_progress_note(RushesProgressStyle style, const char *sentence);
void rushes_progress_clear(RushesProgressStyle style); // before anything else is printed

G_END_DECLS
