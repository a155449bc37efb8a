// SPDX-License-Identifier: GPL-3.0-or-later
// OP_EMBEDDING and OP_T5_BIAS: rows and numbers picked from small tables.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/embedding.h"
#include "shared/t5_bias.h"

// A table of f16 numbers stays as it is; rows end on a whole texel.
static RshStatus pack_embedding(const Weight *weight, const void *params, void *out, uint64_t bytes,
                                RshError *error)
{
    uint64_t rows = weight->dims[0], channels = weight->dims[1];
    uint64_t stride = channel_stride((uint32_t)channels);
    memset(out, 0, bytes);
    if (*(const GpuView *)params == GPU_VIEW_RGBA16F) {
        const uint8_t *from = model_file_data(weight->file, weight->tensor);
        for (uint64_t r = 0; r < rows; r++)
            memcpy((uint8_t *)out + r * stride * 2, from + r * channels * 2, channels * 2);
        return RSH_OK;
    }
    RshStatus status = RSH_OK;
    for (uint64_t r = 0; status == RSH_OK && r < rows; r++)
        status = weight_read(weight, r * channels, channels, (float *)out + r * stride, error);
    return status;
}

RshStatus op_embedding_record(Recorder *recorder, const Node *node, RshError *error)
{
    const Tensor *ids = node->inputs[0], *y = node->outputs[0];
    const Weight *weight = node->weights[0];
    uint32_t row = row_texels(y->shape.channels);
    uint64_t items = shape_rows(y->shape) * row, texels = weight->dims[0] * row;
    if (weight->dims[0] > INT32_MAX || texels > recorder_caps(recorder)->max_texels)
        return error_set(error, RSH_ERROR_DEVICE,
                         "the table '%s' has %" PRIu64
                         " texels, more than this device can bind: look its rows up on the host",
                         weight->name, texels);
    bool half = weight->dtype == DTYPE_F16 && !weight->values;
    GpuView view = half ? GPU_VIEW_RGBA16F : GPU_VIEW_RGBA32F;
    GpuBinding bindings[3];
    RshStatus status = recorder_pack(recorder, weight, "embedding", texels * (half ? 8 : 16),
                                     pack_embedding, &view, view, &bindings[1], error);
    if (status != RSH_OK)
        return status;
    struct EmbeddingPush push = {
        .items = (uint32_t)items, .row = divider(row), .vocabulary = (uint32_t)weight->dims[0]};
    bindings[0] = grid_indices(recorder, ids, &push.id_offset, &push.id_stride);
    bindings[2] = grid_output(recorder, y, NULL);
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "embedding", constants, 1, bindings, 3, &push, sizeof(push),
                         items, error);
}

typedef struct T5Table {
    uint32_t queries, keys, buckets, max_distance;
} T5Table;

// Raffel et al. 2020, section 2.1: half of the buckets for keys after the query; of each half, half for
// exact distances and the rest growing logarithmically up to max_distance.
static uint32_t bucket_of(int64_t distance, const T5Table *t)
{
    uint32_t half = t->buckets / 2, exact = half / 2, first = distance > 0 ? half : 0;
    uint64_t away = (uint64_t)llabs(distance);
    if (away < exact)
        return first + (uint32_t)away;
    double growth = log((double)away / exact) / log((double)t->max_distance / exact);
    uint32_t bucket = exact + (uint32_t)(growth * (half - exact));
    return first + (bucket < half - 1 ? bucket : half - 1);
}

// [heads][queries + keys - 1], by key - query from the most negative on.
static RshStatus pack_t5(const Weight *weight, const void *params, void *out, uint64_t bytes,
                         RshError *error)
{
    const T5Table *t = params;
    uint64_t heads = weight->dims[1], distances = (uint64_t)t->queries + t->keys - 1;
    float *values = malloc(weight_count(weight) * sizeof(float));
    if (!values)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack '%s'", weight->name);
    RshStatus status = weight_read(weight, 0, weight_count(weight), values, error);
    memset(out, 0, bytes);
    for (uint64_t i = 0; status == RSH_OK && i < distances; i++) {
        uint64_t bucket = bucket_of((int64_t)i - (int64_t)t->queries + 1, t);
        for (uint64_t h = 0; h < heads; h++)
            ((float *)out)[h * distances + i] = values[bucket * heads + h];
    }
    free(values);
    return status;
}

RshStatus op_t5_bias_record(Recorder *recorder, const Node *node, RshError *error)
{
    const T5BiasParams *p = node->params;
    const Tensor *y = node->outputs[0];
    T5Table table = {.queries = y->shape.width,
                     .keys = y->shape.channels,
                     .buckets = p->buckets,
                     .max_distance = p->max_distance};
    uint32_t row = row_texels(table.keys), distances = table.queries + table.keys - 1;
    uint64_t items = shape_rows(y->shape) * row;
    uint64_t bytes = ((uint64_t)y->shape.height * distances * sizeof(float) + 15) / 16 * 16;
    char key[64];
    snprintf(key, sizeof(key), "t5:%u:%u:%u:%u", table.queries, table.keys, table.buckets,
             table.max_distance);
    GpuBinding bindings[2];
    RshStatus status = recorder_pack(recorder, node->weights[0], key, bytes, pack_t5, &table,
                                     GPU_VIEW_R32F, &bindings[0], error);
    if (status != RSH_OK)
        return status;
    bindings[1] = grid_output(recorder, y, NULL);
    struct T5BiasPush push = {.items = (uint32_t)items,
                              .row = divider(row),
                              .queries = divider(table.queries),
                              .keys = table.keys,
                              .distances = distances};
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "t5_bias", constants, 1, bindings, 2, &push, sizeof(push), items,
                         error);
}
