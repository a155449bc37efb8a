// SPDX-License-Identifier: GPL-3.0-or-later
#include "ref/ref_ops.h"

// The channel of the deep tensor that holds channel c at place (t, y, x) of a block.
static uint64_t deep_channel(const uint32_t factor[3], BlockOrder order, uint32_t channels,
                             uint64_t c, const uint32_t place[3])
{
    uint64_t t = place[0], y = place[1], x = place[2];
    switch (order) {
    case BLOCK_T_Y_X_C:
        return ((t * factor[1] + y) * factor[2] + x) * channels + c;
    case BLOCK_C_T_Y_X:
        return ((c * factor[0] + t) * factor[1] + y) * factor[2] + x;
    case BLOCK_C_X_Y:
        return (c * factor[2] + x) * factor[1] + y;
    }
    return 0;
}

// One (frame, y, x) of the shallow tensor: its row, the row of its block and its place in that.
typedef struct Position {
    uint64_t deep_row;
    uint32_t place[3];
} Position;

static Position block_of(Shape shallow, Shape deep, const uint32_t factor[3], uint64_t row,
                         uint32_t frame_shift)
{
    uint64_t frame = row / ((uint64_t)shallow.height * shallow.width) + frame_shift;
    uint64_t y = row / shallow.width % shallow.height, x = row % shallow.width;
    uint64_t deep_row =
        (frame / factor[0] * deep.height + y / factor[1]) * deep.width + x / factor[2];
    return (Position){
        deep_row,
        {(uint32_t)(frame % factor[0]), (uint32_t)(y % factor[1]), (uint32_t)(x % factor[2])}};
}

RshStatus ref_space_to_depth(RefRunner *runner, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        Position at = block_of(x->shape, y->shape, p->factor, r, 0);
        const float *from = ref_row(runner, x, r);
        float *to = ref_row(runner, y, at.deep_row);
        for (uint32_t c = 0; c < x->shape.channels; c++)
            to[deep_channel(p->factor, p->order, x->shape.channels, c, at.place)] = from[c];
    }
    return RSH_OK;
}

// Every place of a block reads its channels out of one deep row, each deep channel standing for
// `repeats`; the first `dropped` frames are left out.
static void spread(RefRunner *runner, const Node *node, const uint32_t factor[3], BlockOrder order,
                   uint64_t repeats, uint32_t dropped)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t channels = y->shape.channels;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        Position at = block_of(y->shape, x->shape, factor, r, dropped);
        const float *from = ref_row(runner, x, at.deep_row);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < channels; c++)
            to[c] = from[deep_channel(factor, order, channels, c, at.place) / repeats];
    }
}

RshStatus ref_depth_to_space(RefRunner *runner, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    spread(runner, node, p->factor, p->order, 1, 0);
    return RSH_OK;
}

// Output channel o is the mean of the deep channels o * group .. of x with zero frames in front.
RshStatus ref_avg_down(RefRunner *runner, const Node *node, RshError *error)
{
    const ResampleParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const uint32_t *f = p->factor;
    uint32_t group = x->shape.channels * f[0] * f[1] * f[2] / p->out_channels;
    uint32_t missing = y->shape.frames * f[0] - x->shape.frames;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        uint64_t frame = r / ((uint64_t)y->shape.height * y->shape.width);
        uint64_t line = r / y->shape.width % y->shape.height, column = r % y->shape.width;
        for (uint32_t o = 0; o < p->out_channels; o++) {
            double sum = 0.0;
            for (uint32_t g = 0; g < group; g++) {
                uint64_t deep = (uint64_t)o * group + g;
                uint64_t from_x = column * f[2] + deep % f[2];
                uint64_t from_y = line * f[1] + deep / f[2] % f[1];
                uint64_t from_t = frame * f[0] + deep / f[2] / f[1] % f[0];
                if (from_t < missing)
                    continue;
                uint64_t row =
                    ((from_t - missing) * x->shape.height + from_y) * x->shape.width + from_x;
                sum += (double)ref_row(runner, x, row)[deep / f[2] / f[1] / f[0]];
            }
            ref_row(runner, y, r)[o] = (float)(sum / group);
        }
    }
    return RSH_OK;
}

RshStatus ref_dup_up(RefRunner *runner, const Node *node, RshError *error)
{
    const ResampleParams *p = node->params;
    uint32_t size = p->factor[0] * p->factor[1] * p->factor[2];
    uint64_t repeats = (uint64_t)p->out_channels * size / node->inputs[0]->shape.channels;
    spread(runner, node, p->factor, BLOCK_C_T_Y_X, repeats, p->drop_frames);
    return RSH_OK;
}

RshStatus ref_upsample(RefRunner *runner, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        Position at = block_of(y->shape, x->shape, p->factor, r, 0);
        const float *from = ref_row(runner, x, at.deep_row);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < y->shape.channels; c++)
            to[c] = from[c];
    }
    return RSH_OK;
}

RshStatus ref_avg_pool(RefRunner *runner, const Node *node, RshError *error)
{
    const BlockParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t factor = p->factor[2];
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        uint64_t line = r / y->shape.width, first = r % y->shape.width * factor;
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < y->shape.channels; c++) {
            double sum = 0.0;
            for (uint32_t i = 0; i < factor; i++)
                sum += (double)ref_row(runner, x, line * x->shape.width + first + i)[c];
            to[c] = (float)(sum / factor);
        }
    }
    return RSH_OK;
}
