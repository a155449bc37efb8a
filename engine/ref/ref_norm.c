// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>

#include "ref/ref_ops.h"

// What to subtract from a row and what to multiply it with afterwards.
static void statistics(const NormParams *p, const float *x, uint32_t channels, double *mean,
                       double *factor)
{
    double sum = 0.0, squares = 0.0;
    for (uint32_t c = 0; p->kind == NORM_LAYER && c < channels; c++)
        sum += (double)x[c];
    *mean = sum / channels;
    *factor = 1.0;
    for (uint32_t c = 0; c < channels; c++)
        squares += ((double)x[c] - *mean) * ((double)x[c] - *mean);
    double eps = (double)p->eps;
    switch (p->kind) {
    case NORM_LAYER:
    case NORM_RMS:
        *factor = 1.0 / sqrt(squares / channels + eps);
        break;
    case NORM_L2:
        *factor = sqrt((double)channels) / fmax(sqrt(squares), eps);
        break;
    case NORM_PIXEL:
        *factor = 1.0 / (eps + sqrt(squares / channels));
        break;
    }
}

RshStatus ref_norm(RefRunner *runner, const Node *node, RshError *error)
{
    const NormParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const float *weight, *bias;
    RshStatus status = ref_scale_and_bias(runner, node, &weight, &bias, error);
    if (status != RSH_OK)
        return status;
    uint32_t channels = x->shape.channels;
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        const float *from = ref_row(runner, x, r);
        const float *shift =
            p->shift.table ? ref_table_row(runner, &p->shift, p->row_index, r) : NULL;
        const float *scale =
            p->scale.table ? ref_table_row(runner, &p->scale, p->row_index, r) : NULL;
        float *to = ref_row(runner, y, r);
        double mean, factor;
        statistics(p, from, channels, &mean, &factor);
        for (uint32_t c = 0; c < channels; c++) {
            double v = ((double)from[c] - mean) * factor;
            v = v * (weight ? (double)weight[c] : 1.0) + (bias ? (double)bias[c] : 0.0);
            v = v * (1.0 + (scale ? (double)scale[c] : 0.0)) + (shift ? (double)shift[c] : 0.0);
            to[c] = (float)ref_activate(p->act, v);
        }
        if (p->rope)
            ref_rotate(to, channels, ref_row(runner, p->rope, r), p->rope->shape.channels,
                       p->head_dim);
    }
    return RSH_OK;
}

RshStatus ref_rope(RefRunner *runner, const Node *node, RshError *error)
{
    const RopeParams *p = node->params;
    const Tensor *x = node->inputs[0], *table = node->inputs[1], *y = node->outputs[0];
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        const float *from = ref_row(runner, x, r);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < x->shape.channels; c++)
            to[c] = from[c];
        ref_rotate(to, x->shape.channels, ref_row(runner, table, r), table->shape.channels,
                   p->head_dim);
    }
    return RSH_OK;
}
