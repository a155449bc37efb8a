// SPDX-License-Identifier: GPL-3.0-or-later
// OP_ATTENTION: softmax(scale * q k^T + bias) v, one pass over the keys.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "ops/gemm.h"
#include "ops/grid.h"
#include "ops/records.h"
#include "ops/variants.h"
#include "shared/attention.h"

#define LOG2_E 1.44269504f

typedef struct AttentionKernel {
    bool tiled;
    bool half;        // tiled, with 16-bit operands
    uint32_t width;   // texel: lanes; tiled: invocations a query
    uint32_t queries; // texel: queries a lane; tiled: queries a workgroup
    uint32_t keys;    // tiled: keys held in shared memory
} AttentionKernel;

// The largest blocks of queries and keys that fit into shared memory.
static AttentionKernel tiled_kernel(const GpuCaps *caps, uint32_t d4, bool half)
{
    AttentionKernel kernel = {.tiled = true, .half = half, .width = 4, .queries = 32, .keys = 32};
    const uint32_t texel = half ? 8 : 16; // bytes
    while (texel * (kernel.queries + kernel.keys) * (d4 + 1) +
               4 * kernel.queries * (kernel.keys + 1) >
           caps->max_shared_bytes) {
        if (kernel.keys >= kernel.queries)
            kernel.keys /= 2;
        else
            kernel.queries /= 2;
    }
    return kernel;
}

static AttentionKernel choose_kernel(Recorder *recorder, uint32_t d4, uint32_t q_rows,
                                     uint32_t layers)
{
    const GpuCaps *caps = recorder_caps(recorder);
    const KernelKind kind = kernel_kind(recorder, "attention");
    if (kind != KERNEL_TEXEL)
        return tiled_kernel(caps, d4, kind == KERNEL_TILED16);
    // Time of a workgroup with 1, 2 and 3 queries a lane, measured for d = 64 (docs/speed.md).
    static const double cost[] = {32.0, 42.0, 53.0};
    AttentionKernel kernel = {.width = caps->subgroup_size};
    const uint32_t shares = cpu_shares();
    double best = 0.0;
    for (uint32_t queries = 1; queries <= 3; queries++) {
        uint32_t group = queries * caps->subgroup_size;
        uint64_t groups = (uint64_t)((q_rows + group - 1) / group) * layers;
        double time = (double)((groups + shares - 1) / shares) * cost[queries - 1];
        if (best > 0.0 && time >= best)
            continue;
        best = time;
        kernel.queries = queries;
    }
    return kernel;
}

RshStatus op_attention_record(Recorder *recorder, const Node *node, RshError *error)
{
    const AttentionParams *params = node->params;
    const Tensor *q = node->inputs[0], *k = node->inputs[1], *v = node->inputs[2],
                 *bias = node->inputs[3];
    const Tensor *y = node->outputs[0];
    uint32_t frames = params->per_frame ? q->shape.frames : 1;
    uint32_t q_rows = (uint32_t)(shape_rows(q->shape) / frames);
    uint32_t k_rows = (uint32_t)(shape_rows(k->shape) / frames);
    uint32_t d = q->shape.channels / params->heads;
    uint32_t d4 = (d + 3) / 4;
    if (d4 > 32 || (params->heads > 1 && d % 4 != 0))
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "attention with %u heads of %u channels: a head must have a multiple of 4, at most 128",
            params->heads, d);

    struct AttentionPush push = {
        .q_rows = q_rows,
        .k_rows = k_rows,
        .key_count = params->key_count ? params->key_count : k_rows,
        .y_stride = y->stride / 4,
        .scale = params->scale * LOG2_E,
    };
    GpuBinding bindings[5] = {
        grid_input(recorder, q, &push.q_offset, &push.q_stride),
        grid_input(recorder, k, &push.k_offset, &push.k_stride),
        grid_input(recorder, v, &push.v_offset, &push.v_stride),
        grid_input(recorder, bias, &push.bias_offset, &push.bias_stride),
        grid_output(recorder, y, NULL),
    };
    bool image = bindings[4].view == GPU_VIEW_RGBA32F;
    AttentionKernel kernel = choose_kernel(recorder, d4, q_rows, params->heads * frames);
    uint32_t constants[] = {kernel.width, kernel.queries, d4, bias != NULL, kernel.keys};
    uint32_t group = kernel.tiled ? kernel.queries : kernel.queries * kernel.width;
    char shader[32];
    snprintf(shader, sizeof(shader), "attention_%s%s",
             kernel.half    ? "tiled16"
             : kernel.tiled ? "tiled"
                            : "texel",
             image ? "_image" : "");
    return recorder_dispatch(recorder, shader, constants, kernel.tiled ? 5 : 4, bindings, 5, &push,
                             sizeof(push), (q_rows + group - 1) / group, params->heads, frames,
                             error);
}
