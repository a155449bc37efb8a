// SPDX-License-Identifier: GPL-3.0-or-later
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "gpu/commands.h"

// A CPU driver generates a kernel's code at its first dispatch, on the thread of its queue, and keeps it in a
// cache of its own on disk. A device beside the one that works has another queue: dispatches without a
// workgroup there make the driver generate the code of several kernels at once, and the first dispatch on the
// working device finds it in the driver's cache. Nothing is computed, so no bit of a result can change.

typedef struct WarmJob {
    const Gpu *gpu;
    GpuKernelUse **uses;
    size_t count;
    atomic_size_t next, done;
    bool (*stop)(void *data);
    void *stop_data;
} WarmJob;

// A worker's device. Buffers have the sizes of the real ones, on which a driver may let its code depend; no
// page of them is touched.
typedef struct WarmDevice {
    Gpu *gpu;
    GpuBuffer **buffers;
    size_t count;
} WarmDevice;

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static GpuBuffer *buffer_of(WarmDevice *device, uint64_t bytes)
{
    for (size_t i = 0; i < device->count; i++)
        if (device->buffers[i]->bytes == bytes)
            return device->buffers[i];
    GpuBuffer **buffers = realloc(device->buffers, (device->count + 1) * sizeof(GpuBuffer *));
    if (!buffers)
        return NULL;
    device->buffers = buffers;
    if (gpu_buffer_create(device->gpu, bytes, false, &buffers[device->count], NULL) != RSH_OK)
        return NULL;
    return buffers[device->count++];
}

static bool warm(WarmDevice *device, GpuKernelUse *use)
{
    const GpuPipeline *wanted = use->pipeline;
    const ShaderBlob *blob = wanted->blob;
    const uint8_t push[COMMANDS_MAX_PUSH] = {0};
    const uint32_t groups[3] = {1, 1, 1};
    GpuBinding bindings[SHADER_MAX_BINDINGS];
    GpuPipeline *pipeline = NULL;
    GpuCommands *commands = NULL;
    for (uint32_t i = 0; i < blob->binding_count; i++) {
        bindings[i] = use->bindings[i];
        bindings[i].buffer = buffer_of(device, use->bindings[i].buffer->bytes);
        if (!bindings[i].buffer)
            return false;
    }
    RshStatus status = gpu_pipeline_get(device->gpu, blob->name, wanted->constants,
                                        wanted->constant_count, &pipeline, NULL);
    if (status == RSH_OK)
        status = gpu_commands_create(device->gpu, &commands, NULL);
    if (status == RSH_OK) {
        commands->without_work = true;
        status = gpu_commands_dispatch(commands, pipeline, bindings, blob->binding_count, push,
                                       sizeof(push), groups, 1, NULL, NULL);
    }
    if (status == RSH_OK)
        status = gpu_commands_finish(commands, NULL);
    const double before = now_ns();
    if (status == RSH_OK)
        status = gpu_commands_run(commands, NULL, NULL, NULL);
    use->warm_ns = status == RSH_OK ? now_ns() - before : 0.0;
    gpu_commands_destroy(&commands);
    return status == RSH_OK;
}

static void *warm_some(void *data)
{
    WarmJob *job = data;
    WarmDevice device = {0};
    bool fine = gpu_open_beside(job->gpu, &device.gpu, NULL) == RSH_OK;
    for (size_t i; fine && (i = atomic_fetch_add(&job->next, 1)) < job->count;) {
        fine = !(job->stop && job->stop(job->stop_data)) && warm(&device, job->uses[i]);
        if (fine)
            atomic_fetch_add(&job->done, 1);
    }
    for (size_t i = 0; i < device.count; i++)
        gpu_buffer_destroy(&device.buffers[i]);
    free(device.buffers);
    gpu_close(&device.gpu);
    return NULL;
}

size_t commands_warm(GpuCommands *commands, bool (*stop)(void *data), void *stop_data)
{
    pthread_t threads[GPU_MAX_BUILDERS - 1];
    const size_t builders = gpu_builders(commands->gpu);
    size_t started = 0;
    WarmJob job = {.gpu = commands->gpu, .stop = stop, .stop_data = stop_data};
    job.uses = calloc(commands->use_count + 1, sizeof(*job.uses));
    for (size_t i = 0; job.uses && i < commands->use_count; i++)
        if (!commands->uses[i].pipeline->tried)
            job.uses[job.count++] = &commands->uses[i];
    if (job.count < 2 || builders < 2) { // as fast on the queue that has to wait for it
        free(job.uses);
        return 0;
    }
    const double before = now_ns();
    while (started + 1 < job.count && started + 1 < builders &&
           pthread_create(&threads[started], NULL, warm_some, &job) == 0)
        started++;
    warm_some(&job);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    double longest = 0.0; // a cancel waits for that long
    for (size_t i = 0; i < job.count; i++)
        longest = job.uses[i]->warm_ns > longest ? job.uses[i]->warm_ns : longest;
    commands->gpu->cold = longest > COMMANDS_COLD_NS;
    free(job.uses);
    const size_t done = atomic_load(&job.done);
    gpu_log(commands->gpu, RSH_LOG_DEBUG,
            "code of %zu kernels generated in %.0f ms, at most %.0f for one", done,
            (now_ns() - before) * 1e-6, longest * 1e-6);
    return done;
}
