// SPDX-License-Identifier: GPL-3.0-or-later
// Operations that only move numbers, or take means of a few: OP_SPACE_TO_DEPTH, OP_DEPTH_TO_SPACE,
// OP_AVG_DOWN, OP_DUP_UP, OP_UPSAMPLE, OP_AVG_POOL, OP_TRANSPOSE, OP_COPY.
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/copy.h"
#include "shared/rearrange.h"
#include "shared/transpose.h"

_Static_assert(sizeof(struct RearrangePush) <= 128, "push constants");
_Static_assert((int)BLOCK_T_Y_X_C == ORDER_T_Y_X_C && (int)BLOCK_C_T_Y_X == ORDER_C_T_Y_X &&
                   (int)BLOCK_C_X_Y == ORDER_C_X_Y,
               "orders");

typedef struct Rearrange {
    uint32_t mode, order;
    const uint32_t *factor;
    uint32_t deep;
    uint32_t frame_shift;
    bool whole; // four channels of the output lie together in the input
} Rearrange;

static RshStatus record(Recorder *recorder, const Node *node, const Rearrange *r, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t channels = y->shape.channels;
    uint64_t items = shape_rows(y->shape) * row_texels(channels);
    struct RearrangePush push = {.items = (uint32_t)items,
                                 .row = divider(row_texels(channels)),
                                 .width = divider(y->shape.width),
                                 .height = divider(y->shape.height),
                                 .channels = channels,
                                 .in_frames = x->shape.frames,
                                 .in_height = x->shape.height,
                                 .in_width = x->shape.width,
                                 .deep = divider(r->deep),
                                 .frame_shift = (int)r->frame_shift};
    GpuBinding bindings[2] = {grid_input(recorder, x, &push.x_offset, &push.x_stride),
                              grid_output(recorder, y, NULL)};
    uint32_t constants[] = {0,
                            r->mode,
                            r->order,
                            r->factor[0],
                            r->factor[1],
                            r->factor[2],
                            tail_channels(channels),
                            r->whole};
    return grid_dispatch(recorder, "rearrange", constants, 8, bindings, 2, &push, sizeof(push),
                         items, error);
}

RshStatus op_space_to_depth_record(Recorder *recorder, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    uint32_t channels = node->inputs[0]->shape.channels;
    Rearrange r = {.mode = REARRANGE_TO_DEPTH,
                   .order = (uint32_t)p->order,
                   .factor = p->factor,
                   .deep = channels,
                   .whole = p->order == BLOCK_T_Y_X_C && channels % 4 == 0};
    return record(recorder, node, &r, error);
}

RshStatus op_depth_to_space_record(Recorder *recorder, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    Rearrange r = {.mode = REARRANGE_TO_SPACE,
                   .order = (uint32_t)p->order,
                   .factor = p->factor,
                   .deep = 1,
                   .whole = p->order == BLOCK_T_Y_X_C && node->outputs[0]->shape.channels % 4 == 0};
    return record(recorder, node, &r, error);
}

RshStatus op_avg_down_record(Recorder *recorder, const Node *node, RshError *error)
{
    const ResampleParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t size = p->factor[0] * p->factor[1] * p->factor[2];
    Rearrange r = {.mode = REARRANGE_AVERAGE,
                   .order = ORDER_C_T_Y_X,
                   .factor = p->factor,
                   .deep = x->shape.channels * size / p->out_channels,
                   .frame_shift = y->shape.frames * p->factor[0] - x->shape.frames};
    return record(recorder, node, &r, error);
}

RshStatus op_dup_up_record(Recorder *recorder, const Node *node, RshError *error)
{
    const ResampleParams *p = node->params;
    uint32_t size = p->factor[0] * p->factor[1] * p->factor[2];
    Rearrange r = {.mode = REARRANGE_TO_SPACE,
                   .order = ORDER_C_T_Y_X,
                   .factor = p->factor,
                   .deep = p->out_channels * size / node->inputs[0]->shape.channels,
                   .frame_shift = p->drop_frames};
    return record(recorder, node, &r, error);
}

RshStatus op_upsample_record(Recorder *recorder, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    Rearrange r = {.mode = REARRANGE_NEAREST, .factor = p->factor, .deep = 1};
    return record(recorder, node, &r, error);
}

RshStatus op_avg_pool_record(Recorder *recorder, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    Rearrange r = {.mode = REARRANGE_POOL, .factor = p->factor, .deep = 1};
    return record(recorder, node, &r, error);
}

RshStatus op_transpose_record(Recorder *recorder, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t row4 = row_texels(y->shape.channels), channel4 = row_texels(x->shape.channels);
    uint64_t items = (uint64_t)x->shape.frames * row4 * channel4;
    struct TransposePush push = {.items = (uint32_t)items,
                                 .rows = y->shape.channels,
                                 .channels = x->shape.channels,
                                 .row4 = divider(row4),
                                 .channel4 = divider(channel4)};
    GpuBinding bindings[2] = {grid_input(recorder, x, &push.x_offset, &push.x_stride),
                              grid_output(recorder, y, NULL)};
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "transpose", constants, 1, bindings, 2, &push, sizeof(push),
                         items, error);
}

RshStatus op_copy_record(Recorder *recorder, const Node *node, RshError *error)
{
    const CopyParams *p = node->params;
    const Tensor *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    uint32_t row = row_texels(y->shape.channels);
    uint64_t items = shape_rows(y->shape) * row;
    struct CopyPush push = {.items = (uint32_t)items,
                            .row = divider(row),
                            .a_rows = (uint32_t)shape_rows(a->shape),
                            .a_channels = a->shape.channels,
                            .b_channels = b ? b->shape.channels : 0,
                            .y_stride = y->stride / 4};
    GpuBinding bindings[3] = {grid_input(recorder, a, &push.a_offset, &push.a_stride),
                              grid_input(recorder, b, &push.b_offset, &push.b_stride),
                              grid_output(recorder, y, &push.y_offset)};
    bool along_channels = b && p->axis == COPY_CHANNELS;
    uint32_t constants[] = {0, along_channels, along_channels ? a->shape.channels % 4 : 0};
    return grid_dispatch(recorder, "copy", constants, 3, bindings, 3, &push, sizeof(push), items,
                         error);
}
