// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <string.h>

#include "ref/ref_ops.h"

RshStatus ref_combine(RefRunner *runner, const Node *node, RshError *error)
{
    const CombineParams *p = node->params;
    const Tensor *y = node->outputs[0];
    const float *c = p->from_tensor ? ref_data(runner, node->inputs[8]) : p->c;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        float *to = ref_row(runner, y, r);
        for (uint32_t i = 0; i < y->shape.channels; i++) {
            double sum = 0.0;
            for (uint32_t t = 0; t < p->count; t++)
                sum += (double)c[t] * (double)ref_row(runner, node->inputs[t], r)[i];
            if (p->limit > 0.0f)
                sum = fmin(fmax(sum, -(double)p->limit), (double)p->limit);
            to[i] = (float)sum;
        }
    }
    return RSH_OK;
}

RshStatus ref_binary(RefRunner *runner, const Node *node, RshError *error)
{
    const BinaryParams *p = node->params;
    const Tensor *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    bool one_row = shape_rows(b->shape) == 1;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        const float *x = ref_row(runner, a, r), *other = ref_row(runner, b, one_row ? 0 : r);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < y->shape.channels; c++)
            to[c] = p->kind == BINARY_ADD ? x[c] + other[c] : x[c] * other[c];
    }
    return RSH_OK;
}

RshStatus ref_unary(RefRunner *runner, const Node *node, RshError *error)
{
    const UnaryParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        const float *from = ref_row(runner, x, r);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < y->shape.channels; c++) {
            double v = ref_activate(p->act, (double)from[c]);
            if (p->low < p->high)
                v = fmin(fmax(v, (double)p->low), (double)p->high);
            to[c] = (float)v;
        }
    }
    return RSH_OK;
}

RshStatus ref_channel_affine(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const float *weight, *bias;
    RshStatus status = ref_scale_and_bias(runner, node, &weight, &bias, error);
    if (status != RSH_OK)
        return status;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        const float *from = ref_row(runner, x, r);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < y->shape.channels; c++)
            to[c] = (float)((double)from[c] * (weight ? (double)weight[c] : 1.0) +
                            (bias ? (double)bias[c] : 0.0));
    }
    return RSH_OK;
}

// Rows, or channels, of the first input and then of the second.
RshStatus ref_copy(RefRunner *runner, const Node *node, RshError *error)
{
    const CopyParams *p = node->params;
    const Tensor *y = node->outputs[0];
    uint64_t row = 0;
    uint32_t channel = 0;
    for (uint32_t i = 0; i < 2 && node->inputs[i]; i++) {
        const Tensor *x = node->inputs[i];
        uint64_t rows = shape_rows(x->shape);
        for (uint64_t r = 0; r < rows; r++)
            memmove(ref_row(runner, y, row + r) + channel, ref_row(runner, x, r),
                    x->shape.channels * sizeof(float));
        if (p->axis == COPY_ROWS)
            row += rows;
        else
            channel += x->shape.channels;
    }
    return RSH_OK;
}

RshStatus ref_to_rgba8(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        const float *from = ref_row(runner, x, r);
        uint8_t *to = ref_bytes(runner, y) + r * y->stride;
        for (uint32_t c = 0; c < 3; c++)
            to[c] = (uint8_t)lrint((fmin(fmax((double)from[c], -1.0), 1.0) + 1.0) * 127.5);
        to[3] = 255;
    }
    return RSH_OK;
}

RshStatus ref_latents_to_rgb(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *map = node->inputs[1], *y = node->outputs[0];
    uint32_t channels = x->shape.channels;
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        uint8_t *to = ref_bytes(runner, y) + r * y->stride;
        for (uint32_t colour = 0; colour < 3; colour++) {
            double sum = (double)ref_row(runner, map, channels)[colour];
            for (uint32_t c = 0; c < channels; c++)
                sum += (double)ref_row(runner, x, r)[c] * (double)ref_row(runner, map, c)[colour];
            to[colour] = (uint8_t)lrint(fmin(fmax(sum, 0.0), 1.0) * 255.0);
        }
        to[3] = 255;
    }
    return RSH_OK;
}
