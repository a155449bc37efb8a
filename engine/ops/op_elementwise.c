// SPDX-License-Identifier: GPL-3.0-or-later
// OP_BINARY, OP_UNARY, OP_CHANNEL_AFFINE, OP_COMBINE.
#include <string.h>

#include "ops/grid.h"
#include "ops/records.h"
#include "shared/combine.h"
#include "shared/elementwise.h"

_Static_assert(sizeof(struct ElementwisePush) <= 128, "push constants");
_Static_assert(sizeof(struct CombinePush) <= 128, "push constants");

// Dispatches elementwise.comp; the caller has filled bindings 1 and 2 and their places in `push`.
static RshStatus dispatch(Recorder *recorder, const Node *node, GpuBinding bindings[4],
                          struct ElementwisePush *push, Activation act, uint32_t flags,
                          RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t channels = y->shape.channels;
    uint64_t items = shape_rows(y->shape) * row_texels(channels);
    bindings[0] = grid_input(recorder, x, &push->x_offset, &push->x_stride);
    bindings[3] = grid_output(recorder, y, NULL);
    push->items = (uint32_t)items;
    push->row = divider(row_texels(channels));
    uint32_t constants[] = {0, (uint32_t)act, flags, tail_channels(channels)};
    return grid_dispatch(recorder, "elementwise", constants, 4, bindings, 4, push, sizeof(*push),
                         items, error);
}

RshStatus op_binary_record(Recorder *recorder, const Node *node, RshError *error)
{
    const BinaryParams *p = node->params;
    const Tensor *other = node->inputs[1];
    struct ElementwisePush push = {0};
    uint32_t offset, stride;
    GpuBinding bindings[4];
    GpuBinding operand = grid_input(recorder, other, &offset, &stride);
    if (shape_rows(other->shape) == 1)
        stride = 0;
    bindings[1] = bindings[2] = recorder_nothing(recorder, GPU_VIEW_RGBA32F);
    if (p->kind == BINARY_MULTIPLY) {
        bindings[1] = operand;
        push.factor_offset = offset;
        push.factor_stride = stride;
    } else {
        bindings[2] = operand;
        push.term_offset = offset;
        push.term_stride = stride;
    }
    return dispatch(recorder, node, bindings, &push, ACT_NONE,
                    p->kind == BINARY_MULTIPLY ? ELEMENTWISE_FACTOR : ELEMENTWISE_TERM, error);
}

RshStatus op_unary_record(Recorder *recorder, const Node *node, RshError *error)
{
    const UnaryParams *p = node->params;
    struct ElementwisePush push = {.low = p->low, .high = p->high};
    GpuBinding bindings[4];
    bindings[1] = bindings[2] = recorder_nothing(recorder, GPU_VIEW_RGBA32F);
    return dispatch(recorder, node, bindings, &push, p->act,
                    p->low < p->high ? ELEMENTWISE_CLAMP : 0, error);
}

RshStatus op_channel_affine_record(Recorder *recorder, const Node *node, RshError *error)
{
    struct ElementwisePush push = {0};
    GpuBinding bindings[4];
    RshStatus status = grid_vector(recorder, node->weights[0], &bindings[1], error);
    if (status == RSH_OK)
        status = grid_vector(recorder, node->weights[1], &bindings[2], error);
    if (status != RSH_OK)
        return status;
    uint32_t flags =
        (node->weights[0] ? ELEMENTWISE_FACTOR : 0u) | (node->weights[1] ? ELEMENTWISE_TERM : 0u);
    return dispatch(recorder, node, bindings, &push, ACT_NONE, flags, error);
}

RshStatus op_combine_record(Recorder *recorder, const Node *node, RshError *error)
{
    const CombineParams *p = node->params;
    const Tensor *y = node->outputs[0];
    uint32_t row = row_texels(y->shape.channels), ignored;
    uint64_t items = shape_rows(y->shape) * row;
    Divider by = divider(row);
    struct CombinePush push = {.items = (uint32_t)items,
                               .row = row,
                               .multiplier = by.multiplier,
                               .shift = by.shift,
                               .limit = p->limit};
    memcpy(push.c, p->c, sizeof(push.c));
    GpuBinding bindings[10];
    for (uint32_t i = 0; i < COMBINE_INPUTS; i++)
        bindings[i] = grid_input(recorder, node->inputs[i], &push.offset[i], &push.stride[i]);
    bindings[8] = grid_input(recorder, node->inputs[8], &push.coefficient_offset, &ignored);
    bindings[9] = grid_output(recorder, y, NULL);
    uint32_t constants[] = {0, p->count, p->from_tensor, p->limit > 0.0f};
    return grid_dispatch(recorder, "combine", constants, 4, bindings, 10, &push, sizeof(push),
                         items, error);
}
