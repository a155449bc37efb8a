// SPDX-License-Identifier: GPL-3.0-or-later
// bench-run.h - whole runs of a model's default job, timed a stage at a time as the worker announces them.
#pragma once
#include "queue/engine-client.h"

G_BEGIN_DECLS

typedef struct RushesBenchRun {
    const char *model;
    int runs; // in one worker: the first compiles and uploads, the later ones do not
    gboolean json;
    RushesEngineOptions engine;
} RushesBenchRun;

int rushes_bench_run(const RushesBenchRun *options); // -> exit status

G_END_DECLS
