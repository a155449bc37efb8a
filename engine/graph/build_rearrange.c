// SPDX-License-Identifier: GPL-3.0-or-later
// Positions become channels and channels become positions.
#include "graph/build.h"

// factor[0] * factor[1] * factor[2]; 0 when one is 0 or the product is absurd.
static uint32_t block_size(const uint32_t factor[3])
{
    uint64_t size = 1;
    for (uint32_t axis = 0; axis < 3; axis++) {
        if (factor[axis] > 4096)
            return 0;
        size *= factor[axis];
    }
    return size <= 65536 ? (uint32_t)size : 0;
}

static bool block_fits(Graph *graph, const char *op, const Tensor *x, const uint32_t factor[3],
                       bool fits)
{
    if (fits)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT, "%s by %u x %u x %u does not fit [%u, %u, %u, %u]", op,
               factor[0], factor[1], factor[2], x->shape.frames, x->shape.height, x->shape.width,
               x->shape.channels);
    return false;
}

static Tensor *add_block_op(Graph *graph, OpKind op, Tensor *x, const void *params, size_t bytes,
                            Shape shape)
{
    Node *node = graph_add(graph, op, params, bytes);
    if (!node)
        return NULL;
    node->inputs[0] = x;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_space_to_depth(Graph *graph, Tensor *x, const uint32_t factor[3], BlockOrder order)
{
    if (!build_input(graph, "space_to_depth", x))
        return NULL;
    uint32_t size = block_size(factor);
    Shape s = x->shape;
    bool fits = size && s.frames % factor[0] == 0 && s.height % factor[1] == 0 &&
                s.width % factor[2] == 0 && (uint64_t)s.channels * size < UINT32_MAX &&
                (order != BLOCK_C_X_Y || factor[0] == 1);
    if (!block_fits(graph, "space_to_depth", x, factor, fits))
        return NULL;
    BlockParams p = {.factor = {factor[0], factor[1], factor[2]}, .order = order};
    Shape shape = {s.frames / factor[0], s.height / factor[1], s.width / factor[2],
                   s.channels * size};
    return add_block_op(graph, OP_SPACE_TO_DEPTH, x, &p, sizeof(p), shape);
}

Tensor *op_depth_to_space(Graph *graph, Tensor *x, const uint32_t factor[3], BlockOrder order)
{
    if (!build_input(graph, "depth_to_space", x))
        return NULL;
    uint32_t size = block_size(factor);
    Shape s = x->shape;
    bool fits = size && s.channels % size == 0 && (uint64_t)s.frames * factor[0] < UINT32_MAX &&
                (uint64_t)s.height * factor[1] < UINT32_MAX &&
                (uint64_t)s.width * factor[2] < UINT32_MAX &&
                (order != BLOCK_C_X_Y || factor[0] == 1);
    if (!block_fits(graph, "depth_to_space", x, factor, fits))
        return NULL;
    BlockParams p = {.factor = {factor[0], factor[1], factor[2]}, .order = order};
    Shape shape = {s.frames * factor[0], s.height * factor[1], s.width * factor[2],
                   s.channels / size};
    return add_block_op(graph, OP_DEPTH_TO_SPACE, x, &p, sizeof(p), shape);
}

Tensor *op_avg_down(Graph *graph, Tensor *x, const uint32_t factor[3], uint32_t out_channels)
{
    if (!build_input(graph, "avg_down", x))
        return NULL;
    uint32_t size = block_size(factor);
    Shape s = x->shape;
    uint64_t deep = (uint64_t)s.channels * size;
    bool fits = size && s.height % factor[1] == 0 && s.width % factor[2] == 0 && out_channels &&
                deep < UINT32_MAX && deep % out_channels == 0 && s.frames <= UINT32_MAX - factor[0];
    if (!block_fits(graph, "avg_down", x, factor, fits))
        return NULL;
    ResampleParams p = {.factor = {factor[0], factor[1], factor[2]}, .out_channels = out_channels};
    Shape shape = {(s.frames + factor[0] - 1) / factor[0], s.height / factor[1],
                   s.width / factor[2], out_channels};
    return add_block_op(graph, OP_AVG_DOWN, x, &p, sizeof(p), shape);
}

Tensor *op_dup_up(Graph *graph, Tensor *x, const uint32_t factor[3], uint32_t out_channels,
                  uint32_t drop_frames)
{
    if (!build_input(graph, "dup_up", x))
        return NULL;
    uint32_t size = block_size(factor);
    Shape s = x->shape;
    uint64_t deep = (uint64_t)out_channels * size;
    uint64_t frames = (uint64_t)s.frames * factor[0];
    bool fits = size && out_channels && deep < UINT32_MAX && deep % s.channels == 0 &&
                frames < UINT32_MAX && drop_frames < frames &&
                (uint64_t)s.height * factor[1] < UINT32_MAX &&
                (uint64_t)s.width * factor[2] < UINT32_MAX;
    if (!block_fits(graph, "dup_up", x, factor, fits))
        return NULL;
    ResampleParams p = {.factor = {factor[0], factor[1], factor[2]},
                        .out_channels = out_channels,
                        .drop_frames = drop_frames};
    Shape shape = {(uint32_t)frames - drop_frames, s.height * factor[1], s.width * factor[2],
                   out_channels};
    return add_block_op(graph, OP_DUP_UP, x, &p, sizeof(p), shape);
}
