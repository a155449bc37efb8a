// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/small_file.h"

const char *rsh_version(void)
{
    return RUSHES_VERSION;
}

const char *rsh_status_name(RshStatus status)
{
    switch (status) {
    case RSH_OK:
        return "ok";
    case RSH_AGAIN:
        return "again";
    case RSH_CANCELLED:
        return "cancelled";
    case RSH_ERROR_ARGUMENT:
        return "argument";
    case RSH_ERROR_IO:
        return "io";
    case RSH_ERROR_FORMAT:
        return "format";
    case RSH_ERROR_DEVICE:
        return "device";
    case RSH_ERROR_MEMORY:
        return "memory";
    case RSH_ERROR_DISK_FULL:
        return "disk_full";
    }
    return "unknown";
}

const char *rsh_stage_name(RshStage stage)
{
    switch (stage) {
    case RSH_STAGE_LOAD:
        return "load";
    case RSH_STAGE_TEXT:
        return "text";
    case RSH_STAGE_DENOISE:
        return "denoise";
    case RSH_STAGE_DECODE:
        return "decode";
    case RSH_STAGE_AUDIO:
        return "audio";
    }
    return "unknown";
}

void engine_log(const RshEngine *engine, RshLogLevel level, const char *format, ...)
{
    char line[512];
    va_list args;

    if (!engine->log)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    engine->log(engine->log_data, level, line);
}

size_t rsh_device_list(RshDeviceInfo *out, size_t capacity)
{
    return gpu_list(out, capacity);
}

// The next job, or NULL when the engine closes.
static RshJob *take_job(RshEngine *engine)
{
    pthread_mutex_lock(&engine->lock);
    while (!engine->queue && !engine->closing)
        pthread_cond_wait(&engine->changed, &engine->lock);
    RshJob *job = engine->queue;
    if (job)
        engine->queue = job->next;
    pthread_mutex_unlock(&engine->lock);
    return job;
}

static void *run_jobs(void *data)
{
    RshEngine *engine = data;
    RshJob *job;

    while ((job = take_job(engine))) {
        RshEvent done = {.kind = RSH_EVENT_DONE};
        done.status = job_render(job, &done.step, &job->error);
        job_post(job, &done); // the caller may free the job from here on
    }
    if (engine->runner)
        engine->runner->ops->destroy(&engine->runner);
    return NULL;
}

RshStatus rsh_engine_open(const RshEngineOptions *options, RshEngine **out, RshError *error)
{
    static const RshEngineOptions defaults;
    RshEngine *engine = calloc(1, sizeof(*engine));
    RshStatus status;

    *out = NULL;
    if (!engine)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    if (!options)
        options = &defaults;
    engine->log = options->log;
    engine->log_data = options->log_data;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_mutex_init(&engine->plan_lock, NULL);
    pthread_cond_init(&engine->changed, NULL);

    GpuOptions gpu = {.device = options->device,
                      .caps_mask = options->caps_mask,
                      .cache_dir = options->cache_dir,
                      .memory_budget = options->memory_budget,
                      .validate = options->validate,
                      .log = options->log,
                      .log_data = options->log_data};
    status = gpu_open(&gpu, &engine->gpu, error);
    if (status != RSH_OK)
        goto failed;

    const GpuCaps *caps = gpu_caps(engine->gpu);
    snprintf(engine->device.name, sizeof(engine->device.name), "%s", caps->name);
    engine->device.memory_bytes = caps->memory_bytes;
    engine->device.subgroup_size = caps->subgroup_size;
    engine->device.software = caps->software;
    engine->device.has_fp16 = caps->fp16;
    engine->driver = strdup(caps->driver);
    engine->cache_dir = options->cache_dir ? strdup(options->cache_dir) : NULL;
    if (engine->cache_dir)
        small_file_make_folders(engine->cache_dir);
    engine->caps_mask = options->caps_mask ? strdup(options->caps_mask) : NULL;
    engine->device_option = options->device ? strdup(options->device) : NULL;
    if (!engine->driver || pthread_create(&engine->thread, NULL, run_jobs, engine) != 0) {
        status = error_set(error, RSH_ERROR_MEMORY, "the engine's thread cannot be started");
        goto failed;
    }
    engine->has_thread = true;
    *out = engine;
    return RSH_OK;

failed:
    rsh_engine_close(&engine);
    return status;
}

void rsh_engine_close(RshEngine **engine)
{
    RshEngine *self = *engine;

    *engine = NULL;
    if (!self)
        return;
    if (self->has_thread) {
        pthread_mutex_lock(&self->lock);
        self->closing = true;
        pthread_cond_broadcast(&self->changed);
        pthread_mutex_unlock(&self->lock);
        pthread_join(self->thread, NULL);
    }
    rsh_model_unref(self->held);
    speed_stop(&self->speed);
    gpu_close(&self->plan_gpu);
    gpu_close(&self->gpu);
    pthread_mutex_destroy(&self->plan_lock);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    free(self->driver);
    free(self->cache_dir);
    free(self->caps_mask);
    free(self->device_option);
    free(self);
}

const RshDeviceInfo *rsh_engine_get_device(const RshEngine *engine)
{
    return &engine->device;
}

const char *rsh_engine_get_driver(const RshEngine *engine)
{
    return engine->driver;
}
