// SPDX-License-Identifier: GPL-3.0-or-later
// OP_NORM, OP_ROPE (a norm of no kind) and OP_SOFTMAX: a row at a time.
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/norm.h"
#include "shared/softmax.h"

_Static_assert(sizeof(struct NormPush) <= 128, "push constants");

// The constant KIND of norm.comp; the first four are enum NormKind.
enum { KIND_NONE = 4 };

static RshStatus record(Recorder *recorder, const Node *node, uint32_t kind, const NormParams *p,
                        RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t channels = y->shape.channels;
    struct NormPush push = {.rows = (uint32_t)shape_rows(y->shape),
                            .row = row_texels(channels),
                            .channels = channels,
                            .eps = p->eps,
                            .rotated = p->rope ? p->rope->shape.channels : 0,
                            .head = divider(p->rope ? p->head_dim : 1)};
    GpuBinding bindings[8];
    RshStatus status = grid_vector(recorder, node->weights[0], &bindings[1], error);
    if (status == RSH_OK)
        status = grid_vector(recorder, node->weights[1], &bindings[2], error);
    if (status != RSH_OK)
        return status;
    bindings[0] = grid_input(recorder, x, &push.x_offset, &push.x_stride);
    bindings[3] = grid_input(recorder, p->shift.table, &push.shift_offset, &push.shift_stride);
    bindings[4] = grid_input(recorder, p->scale.table, &push.scale_offset, &push.scale_stride);
    bindings[5] = grid_indices(recorder, p->row_index, &push.index_offset, &push.index_stride);
    bindings[6] = grid_input(recorder, p->rope, &push.rope_offset, &push.rope_stride);
    bindings[7] = grid_output(recorder, y, NULL);
    push.shift_offset += p->shift.channel / 4;
    push.scale_offset += p->scale.channel / 4;

    uint32_t flags = (node->weights[0] ? NORM_WEIGHT : 0u) | (node->weights[1] ? NORM_BIAS : 0u) |
                     (p->shift.table ? NORM_SHIFT : 0u) | (p->scale.table ? NORM_SCALE : 0u) |
                     (p->row_index ? NORM_INDEX : 0u) | (p->rope ? NORM_ROPE : 0u);
    uint32_t constants[] = {0, kind, (uint32_t)p->act, flags, tail_channels(channels)};
    return grid_dispatch_rows(recorder, "norm", constants, 5, bindings, 8, &push, sizeof(push),
                              push.rows, error);
}

RshStatus op_norm_record(Recorder *recorder, const Node *node, RshError *error)
{
    const NormParams *p = node->params;
    return record(recorder, node, (uint32_t)p->kind, p, error);
}

RshStatus op_rope_record(Recorder *recorder, const Node *node, RshError *error)
{
    const RopeParams *p = node->params;
    NormParams none = {.rope = node->inputs[1], .head_dim = p->head_dim};
    return record(recorder, node, KIND_NONE, &none, error);
}

RshStatus op_softmax_record(Recorder *recorder, const Node *node, RshError *error)
{
    const SoftmaxParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    struct SoftmaxPush push = {.rows = (uint32_t)shape_rows(y->shape),
                               .row = row_texels(y->shape.channels),
                               .columns = p->columns};
    GpuBinding bindings[2] = {grid_input(recorder, x, &push.x_offset, &push.x_stride),
                              grid_output(recorder, y, NULL)};
    uint32_t constants[] = {0};
    return grid_dispatch_rows(recorder, "softmax", constants, 1, bindings, 2, &push, sizeof(push),
                              push.rows, error);
}
