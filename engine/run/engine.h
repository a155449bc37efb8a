// SPDX-License-Identifier: GPL-3.0-or-later
//
// engine.h - what stands behind the handles of rsh.h.
//
// Threads   `lock` guards the queue of the engine and the events of every job. The device, the runner
//           and `held` are the engine thread's own once it has started.
#pragma once
#include <pthread.h>

#include "gpu/gpu.h"
#include "rsh.h"
#include "run/component_files.h"
#include "run/pipeline.h"
#include "run/speed.h"

typedef struct JobEvent {
    RshEvent event;
    struct JobEvent *next;
} JobEvent;

struct RshEngine {
    Gpu *gpu;
    RshDeviceInfo device;
    char *driver, *cache_dir, *caps_mask;
    RshLogFn log;
    void *log_data;

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; // the queue, or a job's end
    RshJob *queue;          // oldest first
    bool closing;

    Runner *runner;
    RshModel *held; // whose weights the runner holds

    // Estimates are made while a job runs, so they plan on a device handle of their own; `plan_lock`
    // guards it and every model's `planning`.
    pthread_mutex_t plan_lock;
    Gpu *plan_gpu; // NULL until the first estimate
    Speed *speed;  // NULL until an estimate that no earlier run tells; under `plan_lock`
    char *device_option;
};

struct RshModel {
    atomic_uint refs;
    RshEngine *engine;
    char *folder;
    PipelineModel *model;    // the engine thread's, once a job has begun
    PipelineModel *planning; // the same folder, for estimates; NULL until the first
    RshModelInfo info;
};

struct RshJob {
    RshEngine *engine;
    RshModel *model;
    RshRequest request; // strings owned
    char *take;
    RshWakeFn wake;
    void *wake_data;
    atomic_bool cancel;
    RshJob *next; // in the engine's queue

    JobEvent *first, *last;
    JobEvent end; // where DONE is kept
    bool ended;   // DONE was queued
    RshError error;
    RshResult result;
};

// job.c: appends an event and wakes the caller.
void job_post(RshJob *job, const RshEvent *event);
// render.c: the whole run of one job, on the engine's thread. *last_step is the last finished step.
RshStatus job_render(RshJob *job, uint32_t *last_step, RshError *error);

void engine_log(const RshEngine *engine, RshLogLevel level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
