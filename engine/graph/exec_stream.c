// SPDX-License-Identifier: GPL-3.0-or-later
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/exec.h"

// ---- planning ---------------------------------------------------------------------------------------

static bool is_streamed(const WeightCache *cache, const PackedWeight *entry)
{
    return entry->stamp == cache->stamp && entry->stage != STAGE_ANY &&
           !entry->at[WEIGHT_ON_DEVICE].packed;
}

static RshStatus count_stages(WeightStream *stream, const WeightCache *cache, size_t stage_count,
                              RshError *error)
{
    stream->stages = calloc(stage_count, sizeof(*stream->stages));
    if (!stream->stages)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to plan the streaming of weights");
    stream->stage_count = stage_count;
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (const PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next)
            if (is_streamed(cache, entry)) {
                stream->stages[entry->stage].count++;
                stream->stages[entry->stage].bytes += exec_align(entry->bytes);
            }
    return RSH_OK;
}

RshStatus stream_plan(WeightStream *stream, WeightCache *cache, size_t stage_count, RshError *error)
{
    uint64_t total = 0;
    RshStatus status = count_stages(stream, cache, stage_count, error);
    for (size_t i = 0; i < stage_count && status == RSH_OK; i++) {
        StreamStage *stage = &stream->stages[i];
        total += stage->bytes;
        if (stage->bytes > stream->slot_bytes)
            stream->slot_bytes = stage->bytes;
        stage->copies = calloc(stage->count + 1, sizeof(*stage->copies));
        if (!stage->copies)
            status =
                error_set(error, RSH_ERROR_MEMORY, "no memory to plan the streaming of weights");
        stage->count = 0;
        stage->bytes = 0;
    }
    if (status != RSH_OK || total <= 2 * stream->slot_bytes) {
        stream_clear(stream);
        return status;
    }
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++)
        for (PackedWeight *entry = cache->buckets[i]; entry; entry = entry->next) {
            if (!is_streamed(cache, entry))
                continue;
            StreamStage *stage = &stream->stages[entry->stage];
            entry->streamed = true;
            entry->slot_offset = stage->bytes;
            stage->copies[stage->count++] = (StreamCopy){entry, stage->bytes};
            stage->bytes += exec_align(entry->bytes);
        }
    return RSH_OK;
}

RshStatus stream_allocate(WeightStream *stream, WeightCache *cache, Gpu *gpu, RshError *error)
{
    RshStatus status = weights_allocate(cache, WEIGHT_ON_HOST, gpu, error);
    for (int i = 0; i < 2 && status == RSH_OK; i++) {
        status = gpu_buffer_create(gpu, stream->slot_bytes, false, &stream->slots[i], error);
        if (status == RSH_OK && !gpu_buffer_map(stream->slots[i]))
            status = gpu_buffer_create_host(gpu, stream->slot_bytes, &stream->staging[i], error);
    }
    return status;
}

void stream_clear(WeightStream *stream)
{
    for (size_t i = 0; stream->stages && i < stream->stage_count; i++)
        free(stream->stages[i].copies);
    free(stream->stages);
    for (int i = 0; i < 2; i++) {
        gpu_buffer_destroy(&stream->slots[i]);
        gpu_buffer_destroy(&stream->staging[i]);
    }
    *stream = (WeightStream){0};
}

// ---- recording and running ----------------------------------------------------------------------------

GpuBuffer *stream_slot(const WeightStream *stream, size_t stage)
{
    return stream->slots[stage % 2];
}

RshStatus stream_record(const WeightStream *stream, size_t stage, GpuCommands *commands,
                        RshError *error)
{
    GpuBuffer *staging = stream->staging[stage % 2];
    const uint64_t bytes = stream->stages[stage].bytes;
    if (!staging || bytes == 0)
        return RSH_OK;
    return gpu_commands_copy(commands, staging, 0, stream_slot(stream, stage), 0, bytes, error);
}

typedef struct Upload {
    const WeightStream *stream;
    size_t stage;
} Upload;

// Touches host memory only, so that it may run beside the thread that owns the device.
static void *upload(void *data)
{
    const Upload *job = data;
    GpuBuffer *staging = job->stream->staging[job->stage % 2];
    uint8_t *to = gpu_buffer_map(staging ? staging : stream_slot(job->stream, job->stage));
    const StreamStage *stage = &job->stream->stages[job->stage];
    for (size_t i = 0; i < stage->count; i++) {
        const PackedWeight *entry = stage->copies[i].entry;
        memcpy(to + stage->copies[i].offset,
               entry->at[WEIGHT_ON_HOST].chunk->host + entry->at[WEIGHT_ON_HOST].offset,
               entry->bytes);
    }
    return NULL;
}

RshStatus stream_run(const WeightStream *stream, GpuCommands **parts, bool (*stop)(void *data),
                     void *stop_data, RshError *error)
{
    RshStatus status = RSH_OK;
    upload(&(Upload){stream, 0});
    for (size_t i = 0; i < stream->stage_count && status == RSH_OK; i++) {
        // The other slot's last reader, stage i - 1, is done.
        Upload next = {stream, i + 1};
        pthread_t thread;
        const bool more = i + 1 < stream->stage_count;
        const bool beside = more && pthread_create(&thread, NULL, upload, &next) == 0;
        status = gpu_commands_run(parts[i], stop, stop_data, error);
        if (beside)
            pthread_join(thread, NULL);
        else if (more)
            upload(&next);
    }
    return status;
}
