// SPDX-License-Identifier: GPL-3.0-or-later
//
// generate-run.h - one job from the command line: starts a worker, prepares what the job starts from,
// follows it, and writes the clip. A worker that dies is started again and goes on where it was.
#pragma once
#include "cli/cli.h"
#include "queue/engine-client.h"

G_BEGIN_DECLS

typedef struct RushesGenerateOptions {
    cJSON *job;                 // as far as the command line says; "model" and "prompt" are set
    const char *output;         // the MP4
    const char *take;           // a folder to keep everything in, or NULL: a temporary one
    const char *image, *extend; // files, or NULL
    const char *job_folder;     // where a --job file's conditioning lies, or NULL
    double seconds;             // 0: the model's own length
    int overlap;                // frames that --extend continues
    gboolean is_unsigned;       // no content credentials in the file
    gboolean is_unmarked;       // leave the invisible mark out
    gboolean json, quiet;
    RushesEngineOptions engine;
} RushesGenerateOptions;

// -> exit status
int rushes_generate_run(const RushesGenerateOptions *options);

G_END_DECLS
