// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ref/ref_ops.h"

// Numbers become weights that add up to 1.
static void softmax(double *x, uint64_t count)
{
    double largest = x[0], sum = 0.0;
    for (uint64_t i = 1; i < count; i++)
        largest = fmax(largest, x[i]);
    for (uint64_t i = 0; i < count; i++) {
        x[i] = exp(x[i] - largest);
        sum += x[i];
    }
    for (uint64_t i = 0; i < count; i++)
        x[i] /= sum;
}

// One query row of one head. `first` is the first key row of the query's frame.
static void attend(RefRunner *runner, const Node *node, uint64_t query, uint64_t first,
                   uint32_t head, double *weights, double *sum)
{
    const AttentionParams *p = node->params;
    const Tensor *q = node->inputs[0], *k = node->inputs[1], *v = node->inputs[2];
    const Tensor *bias = node->inputs[3], *y = node->outputs[0];
    uint32_t d = q->shape.channels / p->heads, channel = head * d;
    const float *from = ref_row(runner, q, query) + channel;
    // The bias is [1, heads, queries, keys] and never used together with frames of its own.
    const float *add =
        bias ? ref_row(runner, bias, (uint64_t)head * bias->shape.width + query % bias->shape.width)
             : NULL;
    for (uint64_t j = 0; j < p->key_count; j++) {
        weights[j] = (double)p->scale * ref_dot(from, ref_row(runner, k, first + j) + channel, d);
        weights[j] += add ? (double)add[j] : 0.0;
    }
    softmax(weights, p->key_count);
    memset(sum, 0, d * sizeof(*sum));
    for (uint64_t j = 0; j < p->key_count; j++) {
        const float *value = ref_row(runner, v, first + j) + channel;
        for (uint32_t c = 0; c < d; c++)
            sum[c] += weights[j] * (double)value[c];
    }
    float *to = ref_row(runner, y, query) + channel;
    for (uint32_t c = 0; c < d; c++)
        to[c] = (float)sum[c];
}

RshStatus ref_attention(RefRunner *runner, const Node *node, RshError *error)
{
    const AttentionParams *p = node->params;
    const Tensor *q = node->inputs[0], *k = node->inputs[1];
    uint64_t frames = p->per_frame ? q->shape.frames : 1;
    uint64_t q_rows = shape_rows(q->shape) / frames, k_rows = shape_rows(k->shape) / frames;
    double *weights = malloc(p->key_count * sizeof(*weights));
    double *sum = malloc(q->shape.channels * sizeof(*sum));
    RshStatus status = RSH_OK;
    if (!weights || !sum)
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for attention's reference");
    for (uint64_t query = 0; status == RSH_OK && query < frames * q_rows; query++) {
        for (uint32_t head = 0; head < p->heads; head++)
            attend(runner, node, query, query / q_rows * k_rows, head, weights, sum);
    }
    free(weights);
    free(sum);
    return status;
}

RshStatus ref_softmax(RefRunner *runner, const Node *node, RshError *error)
{
    const SoftmaxParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    double *row = malloc(p->columns * sizeof(*row));
    if (!row)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for softmax's reference");
    for (uint64_t r = 0; r < shape_rows(x->shape); r++) {
        const float *from = ref_row(runner, x, r);
        float *to = ref_row(runner, y, r);
        for (uint32_t c = 0; c < p->columns; c++)
            row[c] = (double)from[c];
        softmax(row, p->columns);
        for (uint32_t c = 0; c < x->shape.channels; c++)
            to[c] = c < p->columns ? (float)row[c] : 0.0f;
    }
    free(row);
    return RSH_OK;
}

RshStatus ref_transpose(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint64_t rows = (uint64_t)x->shape.height * x->shape.width;
    for (uint64_t r = 0; r < x->shape.frames * rows; r++) {
        const float *from = ref_row(runner, x, r);
        for (uint32_t c = 0; c < x->shape.channels; c++)
            ref_row(runner, y, r / rows * x->shape.channels + c)[r % rows] = from[c];
    }
    return RSH_OK;
}

// Raffel et al. 2020, section 2.1; both directions: keys after the query use the upper half.
static uint32_t bucket_of(int64_t distance, uint32_t buckets, uint32_t max_distance)
{
    uint32_t half = buckets / 2, exact = half / 2;
    uint32_t sign = distance > 0 ? half : 0;
    uint64_t away = (uint64_t)llabs(distance);
    if (away < exact)
        return sign + (uint32_t)away;
    double ratio = log((double)away / exact) / log((double)max_distance / exact);
    uint32_t bucket = exact + (uint32_t)(ratio * (half - exact));
    return sign + (bucket < half - 1 ? bucket : half - 1);
}

RshStatus ref_t5_bias(RefRunner *runner, const Node *node, RshError *error)
{
    const T5BiasParams *p = node->params;
    const Tensor *y = node->outputs[0];
    const float *table = ref_weight(runner, node->weights[0], error);
    if (!table)
        return RSH_ERROR_IO;
    uint32_t heads = y->shape.height, q_rows = y->shape.width, k_rows = y->shape.channels;
    for (uint32_t h = 0; h < heads; h++) {
        for (uint32_t i = 0; i < q_rows; i++) {
            float *to = ref_row(runner, y, (uint64_t)h * q_rows + i);
            for (uint32_t j = 0; j < k_rows; j++) {
                uint32_t bucket = bucket_of((int64_t)j - i, p->buckets, p->max_distance);
                to[j] = table[(uint64_t)bucket * heads + h];
            }
        }
    }
    return RSH_OK;
}
