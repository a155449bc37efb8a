// SPDX-License-Identifier: GPL-3.0-or-later
// The scalar pieces that several references share.
#include <math.h>

#include "ref/ref.h"

double ref_dot(const float *a, const float *b, size_t count)
{
    // Eight running sums: the compiler keeps them in vector registers.
    double sum[8] = {0.0};
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        for (size_t j = 0; j < 8; j++)
            sum[j] += (double)a[i + j] * (double)b[i + j];
    }
    double total = 0.0;
    for (size_t j = 0; j < 8; j++)
        total += sum[j];
    for (; i < count; i++)
        total += (double)a[i] * (double)b[i];
    return total;
}

double ref_activate(Activation act, double x)
{
    switch (act) {
    case ACT_NONE:
        return x;
    case ACT_SILU:
        return x / (1.0 + exp(-x));
    case ACT_GELU_TANH: // Hendrycks and Gimpel, the approximation with tanh
        return 0.5 * x * (1.0 + tanh(sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case ACT_GELU_ERF:
        return 0.5 * x * (1.0 + erf(x * M_SQRT1_2));
    case ACT_QUICK_GELU:
        return x / (1.0 + exp(-1.702 * x));
    case ACT_RELU:
        return x > 0.0 ? x : 0.0;
    case ACT_LEAKY_RELU:
        return x > 0.0 ? x : 0.1 * x;
    case ACT_TANH:
        return tanh(x);
    case ACT_MP_SILU:
        return x / (1.0 + exp(-x)) / 0.596;
    }
    return x;
}

void ref_rotate(float *x, uint32_t channels, const float *table, uint32_t rotated,
                uint32_t head_dim)
{
    for (uint32_t head = 0; head < channels; head += head_dim) {
        for (uint32_t c = 0; c < rotated; c += 2) {
            double cosine = table[c], sine = table[c + 1];
            double even = x[head + c], odd = x[head + c + 1];
            x[head + c] = (float)(even * cosine - odd * sine);
            x[head + c + 1] = (float)(even * sine + odd * cosine);
        }
    }
}

const float *ref_table_row(RefRunner *runner, const RowTable *table, const Tensor *row_index,
                           uint64_t row)
{
    int32_t index = row_index ? ref_ints(runner, row_index)[row * row_index->stride] : 0;
    return ref_row(runner, table->table, (uint64_t)index) + table->channel;
}

RshStatus ref_scale_and_bias(RefRunner *runner, const Node *node, const float **scale,
                             const float **bias, RshError *error)
{
    RshStatus status = ref_optional(runner, node->weights[0], scale, error);
    return status == RSH_OK ? ref_optional(runner, node->weights[1], bias, error) : status;
}
