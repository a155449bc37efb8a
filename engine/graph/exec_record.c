// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "gpu/calibrate.h"
#include "graph/exec.h"
#include "ops/variants.h"

// Expected speed, only to cut the first run into submissions; runs correct it. Operations and bytes a
// nanosecond.
#define SOFTWARE_FLOPS 40.0
#define SOFTWARE_BYTES 4.0
#define HARDWARE_FLOPS 2000.0
#define HARDWARE_BYTES 200.0
#define DISPATCH_NS    13000.0 // the least a dispatch takes on a CPU driver

#define NOTHING_BYTES 65536u

const GpuCaps *recorder_caps(const Recorder *recorder)
{
    return gpu_caps(recorder->runner->gpu);
}

Gpu *recorder_gpu(Recorder *recorder)
{
    return recorder->runner->gpu;
}

bool recorder_measuring(const Recorder *recorder)
{
    return recorder->program == NULL;
}

bool recorder_allows_half(const Recorder *recorder)
{
    return graph_allows_half(recorder->graph) && recorder_caps(recorder)->fp16;
}

const char *recorder_variant(Recorder *recorder, const char *family, const char *fallback)
{
    const VariantFamily *variants = op_variants(family);
    const char *chosen = variants ? gpu_calibrate(recorder->runner->gpu, variants) : NULL;
    return chosen ? chosen : fallback;
}

static void fail(Recorder *recorder, RshStatus status, const RshError *error)
{
    if (recorder->status != RSH_OK)
        return;
    recorder->status = status;
    recorder->error = *error;
}

GpuBinding recorder_tensor(Recorder *recorder, const Tensor *tensor, GpuView view, bool written,
                           uint32_t *element_offset)
{
    const GpuCaps *caps = recorder_caps(recorder);
    const uint64_t alignment = caps->storage_alignment > caps->texel_alignment
                                   ? caps->storage_alignment
                                   : caps->texel_alignment;
    const uint64_t size = tensor->type == TENSOR_U8 ? 1 : 4;
    GpuBinding binding = {.view = view, .written = written, .bytes = tensor_span(tensor)};
    uint64_t offset = 0;
    RshError error = {0};
    if (recorder->program) {
        RshStatus status =
            program_locate(recorder->program, tensor, &binding.buffer, &offset, &error);
        if (status != RSH_OK)
            fail(recorder, status, &error);
    } else {
        offset = tensor->offset * size; // bases are aligned
    }
    const uint64_t start = offset & ~(alignment - 1);
    binding.offset = start;
    binding.bytes += offset - start;
    if (element_offset) {
        *element_offset = (uint32_t)((offset - start) / size);
    } else if (offset != start) {
        error_set(&error, RSH_ERROR_ARGUMENT,
                  "%s: %s reads a view that starts %u bytes past an aligned offset",
                  graph_name(recorder->graph),
                  op_name(graph_node(recorder->graph, recorder->node)->op),
                  (unsigned)(offset - start));
        fail(recorder, RSH_ERROR_ARGUMENT, &error);
    }
    return binding;
}

GpuBinding recorder_nothing(Recorder *recorder, GpuView view)
{
    return (GpuBinding){.buffer = recorder->runner->zeros, .bytes = NOTHING_BYTES, .view = view};
}

static RshStatus check_cancel(const Recorder *recorder, RshError *error)
{
    if (recorder->cancel && atomic_load(recorder->cancel))
        return error_set(error, RSH_CANCELLED, "cancelled");
    return RSH_OK;
}

// Counts a weight once and finds out whether one stage alone needs it.
static void note_use(Recorder *recorder, PackedWeight *entry)
{
    const WeightCache *cache = &recorder->runner->weights;
    const uint32_t stage = graph_node(recorder->graph, recorder->node)->block == 0
                               ? STAGE_ANY
                               : (uint32_t)recorder->stage;
    if (entry->stamp != cache->stamp) {
        recorder->weight_bytes += exec_align(entry->bytes);
        entry->stamp = cache->stamp;
        entry->stage = stage;
        entry->streamed = false;
    } else if (entry->stage != stage) {
        entry->stage = STAGE_ANY;
    }
}

RshStatus recorder_pack(Recorder *recorder, const Weight *weight, const char *key, uint64_t bytes,
                        PackFn pack, const void *params, GpuView view, GpuBinding *out,
                        RshError *error)
{
    WeightCache *cache = &recorder->runner->weights;
    PackedWeight *entry = weights_find(cache, weight, key);
    *out = (GpuBinding){.bytes = bytes, .view = view};
    if (bytes == 0)
        return error_set(error, RSH_ERROR_ARGUMENT, "the weight '%s' packs to nothing",
                         weight->name);
    if (!entry && recorder_measuring(recorder))
        entry = weights_want(cache, weight, key, bytes);
    if (!entry)
        return recorder_measuring(recorder)
                   ? error_set(error, RSH_ERROR_MEMORY, "no memory to list the weight '%s'",
                               weight->name)
                   : error_set(
                         error, RSH_ERROR_ARGUMENT,
                         "%s asks for the weight '%s' as '%s', which it did not while measuring",
                         op_name(graph_node(recorder->graph, recorder->node)->op), weight->name,
                         key);
    if (entry->bytes != bytes)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "the weight '%s' packed as '%s' is asked for with two sizes", weight->name,
                         key);
    if (recorder_measuring(recorder)) {
        note_use(recorder, entry);
        return RSH_OK;
    }
    // A weight of a large model takes most of a second.
    RshStatus status = check_cancel(recorder, error);
    if (status == RSH_OK)
        status = weights_pack(entry, pack, params, error);
    if (status != RSH_OK)
        return status;
    out->buffer = entry->streamed ? stream_slot(&recorder->program->stream, recorder->stage)
                                  : entry->at[WEIGHT_ON_DEVICE].chunk->buffer;
    out->offset = entry->streamed ? entry->slot_offset : entry->at[WEIGHT_ON_DEVICE].offset;
    return RSH_OK;
}

RshStatus recorder_scratch(Recorder *recorder, uint64_t bytes, GpuView view, GpuBinding *out,
                           RshError *error)
{
    *out = (GpuBinding){.bytes = bytes, .view = view, .written = true};
    const uint64_t end = recorder->scratch_used + exec_align(bytes);
    if (bytes == 0 || end < recorder->scratch_used)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s: scratch of %llu bytes was asked for",
                         graph_name(recorder->graph), (unsigned long long)bytes);
    if (recorder->program) {
        if (end > recorder->scratch_bytes[recorder->node])
            return error_set(error, RSH_ERROR_ARGUMENT, "%s: more scratch than while measuring",
                             graph_name(recorder->graph));
        out->buffer = recorder->program->arena;
        out->offset =
            recorder->program->plan->scratch_offset[recorder->node] + recorder->scratch_used;
    }
    recorder->scratch_used = end;
    return RSH_OK;
}

// Bindings that no device buffer allows are told here, before anything is allocated.
static RshStatus check_sizes(const Recorder *recorder, const char *shader,
                             const GpuBinding *bindings, uint32_t count, RshError *error)
{
    const GpuCaps *caps = recorder_caps(recorder);
    for (uint32_t i = 0; i < count; i++)
        if (bindings[i].view == GPU_VIEW_STORAGE && bindings[i].bytes > caps->max_storage_bytes)
            return error_set(
                error, RSH_ERROR_MEMORY,
                "%s: kernel %s needs %.0f MiB in one buffer and %s allows %.0f; choose "
                "a smaller size",
                graph_name(recorder->graph), shader, (double)bindings[i].bytes / 1048576.0,
                caps->name, (double)caps->max_storage_bytes / 1048576.0);
    return RSH_OK;
}

static RshStatus want_pipeline(Recorder *recorder, const char *shader, const uint32_t *constants,
                               uint32_t count, RshError *error)
{
    PipelineList *list = recorder->pipelines;
    if (count > GPU_MAX_CONSTANTS)
        return error_set(error, RSH_ERROR_ARGUMENT, "kernel %s: too many constants", shader);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].constant_count == count && strcmp(list->items[i].shader, shader) == 0 &&
            (count == 0 || memcmp(list->items[i].constants, constants, count * 4) == 0))
            return RSH_OK;
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? list->capacity * 2 : 32;
        GpuPipelineRequest *items = realloc(list->items, capacity * sizeof(*items));
        if (!items)
            return error_set(error, RSH_ERROR_MEMORY, "no memory to list the kernels");
        list->items = items;
        list->capacity = capacity;
    }
    GpuPipelineRequest *item = &list->items[list->count++];
    *item = (GpuPipelineRequest){.constant_count = count};
    snprintf(item->shader, sizeof(item->shader), "%s", shader);
    if (count)
        memcpy(item->constants, constants, count * 4);
    return RSH_OK;
}

static uint64_t expected_ns(const Recorder *recorder, const Node *node)
{
    const OpCost cost = op_cost(node);
    const bool software = recorder_caps(recorder)->software;
    const uint32_t parts = recorder->dispatches[recorder->node];
    const double ns = (double)cost.flops / (software ? SOFTWARE_FLOPS : HARDWARE_FLOPS) +
                      (double)cost.bytes / (software ? SOFTWARE_BYTES : HARDWARE_BYTES);
    return (uint64_t)(ns / (parts ? parts : 1) + DISPATCH_NS);
}

RshStatus recorder_dispatch(Recorder *recorder, const char *shader, const uint32_t *constants,
                            uint32_t constant_count, const GpuBinding *bindings,
                            uint32_t binding_count, const void *push, uint32_t push_bytes,
                            uint32_t x, uint32_t y, uint32_t z, RshError *error)
{
    const Node *node = graph_node(recorder->graph, recorder->node);
    GpuPipeline *pipeline = NULL;
    RshStatus status = RSH_OK;
    if (recorder->status != RSH_OK) {
        if (error)
            *error = recorder->error;
        return recorder->status;
    }
    if (recorder_measuring(recorder)) {
        recorder->dispatches[recorder->node]++;
        status = want_pipeline(recorder, shader, constants, constant_count, error);
        if (status != RSH_OK)
            return status;
        return check_sizes(recorder, shader, bindings, binding_count, error);
    }
    status = gpu_pipeline_get(recorder->runner->gpu, shader, constants, constant_count, &pipeline,
                              error);
    if (status != RSH_OK)
        return status;

    const Shape shape = node->outputs[0] ? node->outputs[0]->shape : (Shape){0};
    const uint32_t groups[3] = {x, y, z};
    char label[48];
    snprintf(label, sizeof(label), "%s %ux%ux%ux%u", op_name(node->op), shape.frames, shape.height,
             shape.width, shape.channels);
    const size_t part = recorder->program->stream.stages ? recorder->stage : 0;
    return gpu_commands_dispatch(recorder->program->parts[part], pipeline, bindings, binding_count,
                                 push, push_bytes, groups, expected_ns(recorder, node), label,
                                 error);
}

RshStatus recorder_run(Recorder *recorder, RshError *error)
{
    const size_t count = graph_node_count(recorder->graph);
    RshStatus status = RSH_OK;
    for (size_t i = 0; i < count && status == RSH_OK; i++) {
        const Node *node = graph_node(recorder->graph, i);
        recorder->stage += i > 0 && node->block != graph_node(recorder->graph, i - 1)->block;
        recorder->node = i;
        recorder->scratch_used = 0;
        status = check_cancel(recorder, error);
        if (status == RSH_OK)
            status = op_record(node->op)(recorder, node, error);
        if (status == RSH_OK && recorder->status != RSH_OK) {
            status = recorder->status;
            if (error)
                *error = recorder->error;
        }
        if (recorder_measuring(recorder))
            recorder->scratch_bytes[i] = recorder->scratch_used;
    }
    return status;
}
