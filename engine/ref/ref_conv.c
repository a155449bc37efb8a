// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>

#include "base/error.h"
#include "ref/ref_ops.h"

// Weights as [tap][out][in], so that every tap is a plain matrix.
static float *taps_first(const float *weight, uint64_t out, uint64_t in, uint64_t taps)
{
    float *packed = malloc(out * in * taps * sizeof(float));
    for (uint64_t o = 0; packed && o < out; o++) {
        for (uint64_t i = 0; i < in; i++) {
            for (uint64_t t = 0; t < taps; t++)
                packed[(t * out + o) * in + i] = weight[(o * in + i) * taps + t];
        }
    }
    return packed;
}

// The position of the enlarged, padded input under one tap, or -1 outside (zero padding).
static int64_t source_position(const ConvParams *p, uint32_t axis, uint32_t size, uint32_t out,
                               uint32_t tap)
{
    int64_t at = (int64_t)out * p->stride[axis] + (int64_t)tap * p->dilation[axis] -
                 (int64_t)p->pad_before[axis];
    return at < 0 || at >= (int64_t)size * p->upsample[axis] ? -1 : at / p->upsample[axis];
}

// All taps of one output position, added to sum[out].
static void gather(RefRunner *runner, const Node *node, const float *taps, const uint32_t at[3],
                   double *sum)
{
    const ConvParams *p = node->params;
    const Tensor *x = node->inputs[0];
    const uint32_t size[3] = {x->shape.frames, x->shape.height, x->shape.width};
    uint32_t in = x->shape.channels, out = node->outputs[0]->shape.channels;
    uint32_t count = p->kernel[0] * p->kernel[1] * p->kernel[2];
    for (uint32_t tap = 0; tap < count; tap++) {
        const uint32_t index[3] = {tap / (p->kernel[1] * p->kernel[2]),
                                   tap / p->kernel[2] % p->kernel[1], tap % p->kernel[2]};
        int64_t from[3];
        bool inside = true;
        for (uint32_t axis = 0; axis < 3; axis++) {
            from[axis] = source_position(p, axis, size[axis], at[axis], index[axis]);
            inside = inside && from[axis] >= 0;
        }
        if (!inside)
            continue;
        uint64_t row =
            ((uint64_t)from[0] * size[1] + (uint64_t)from[1]) * size[2] + (uint64_t)from[2];
        const float *pixel = ref_row(runner, x, row);
        for (uint32_t o = 0; o < out; o++)
            sum[o] += ref_dot(pixel, taps + ((uint64_t)tap * out + o) * in, in);
    }
}

// y = act(conv(x) + bias) + residual
RshStatus ref_conv(RefRunner *runner, const Node *node, RshError *error)
{
    const ConvParams *p = node->params;
    const Tensor *x = node->inputs[0], *residual = node->inputs[1], *y = node->outputs[0];
    const float *weight, *bias;
    RshStatus status = ref_scale_and_bias(runner, node, &weight, &bias, error);
    if (status != RSH_OK)
        return status;
    Shape s = y->shape;
    float *taps = taps_first(weight, s.channels, x->shape.channels,
                             (uint64_t)p->kernel[0] * p->kernel[1] * p->kernel[2]);
    double *sum = malloc(s.channels * sizeof(*sum));
    if (!taps || !sum)
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for a convolution's reference");
    for (uint64_t row = 0; status == RSH_OK && row < shape_rows(s); row++) {
        const uint32_t at[3] = {(uint32_t)(row / ((uint64_t)s.height * s.width)),
                                (uint32_t)(row / s.width % s.height), (uint32_t)(row % s.width)};
        for (uint32_t o = 0; o < s.channels; o++)
            sum[o] = bias ? (double)bias[o] : 0.0;
        gather(runner, node, taps, at, sum);
        float *to = ref_row(runner, y, row);
        const float *add = residual ? ref_row(runner, residual, row) : NULL;
        for (uint32_t o = 0; o < s.channels; o++)
            to[o] = (float)(ref_activate(p->act, sum[o]) + (add ? (double)add[o] : 0.0));
    }
    free(taps);
    free(sum);
    return status;
}

// y[w * stride + k - pad] += x[w] W[:, :, k]
RshStatus ref_conv_transpose1d(RefRunner *runner, const Node *node, RshError *error)
{
    const ConvTransposeParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const float *weight, *bias;
    RshStatus status = ref_scale_and_bias(runner, node, &weight, &bias, error);
    if (status != RSH_OK)
        return status;
    uint32_t in = x->shape.channels, out = y->shape.channels, kernel = p->kernel;
    double *sum = malloc(out * sizeof(*sum));
    if (!sum)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a convolution's reference");
    for (uint64_t row = 0; row < shape_rows(y->shape); row++) {
        uint64_t line = row / y->shape.width, at = row % y->shape.width;
        for (uint32_t o = 0; o < out; o++)
            sum[o] = bias ? (double)bias[o] : 0.0;
        for (uint32_t k = 0; k < kernel; k++) {
            uint64_t shifted = at + p->pad;
            if (shifted < k || (shifted - k) % p->stride != 0 ||
                (shifted - k) / p->stride >= x->shape.width)
                continue;
            const float *from =
                ref_row(runner, x, line * x->shape.width + (shifted - k) / p->stride);
            for (uint32_t i = 0; i < in; i++) {
                const float *w = weight + ((uint64_t)i * out) * kernel + k;
                for (uint32_t o = 0; o < out; o++)
                    sum[o] += (double)from[i] * (double)w[(uint64_t)o * kernel];
            }
        }
        float *to = ref_row(runner, y, row);
        for (uint32_t o = 0; o < out; o++)
            to[o] = (float)sum[o];
    }
    free(sum);
    return RSH_OK;
}
