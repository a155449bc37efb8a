// SPDX-License-Identifier: GPL-3.0-or-later
// Snake between two anti-aliasing filters, as BigVGAN's Activation1d does it (Lee et al. 2023).
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "ref/ref_ops.h"

enum { TAPS = 12, UP_EDGE = 5, UP_CROP = 15, DOWN_EDGE = 5 };

static int64_t clamp_index(int64_t i, int64_t size)
{
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

// Element n of the signal at twice the rate: a transposed convolution of stride 2 over the signal
// with 5 repeated samples at both ends, times 2, without its first 15 samples.
static double doubled(const float *x, int64_t width, const float *filter, int64_t n)
{
    double sum = 0.0;
    for (int64_t k = (n + UP_CROP) % 2; k < TAPS; k += 2) {
        int64_t i = (n + UP_CROP - k) / 2 - UP_EDGE;
        sum += (double)x[clamp_index(i, width)] * (double)filter[k];
    }
    return 2.0 * sum;
}

static void snake_line(const float *x, int64_t width, const float *up, const float *down,
                       double alpha, double beta, double *work, float *y)
{
    for (int64_t n = 0; n < 2 * width; n++) {
        double v = doubled(x, width, up, n), s = sin(alpha * v);
        work[n] = v + s * s / (beta + 1e-9);
    }
    for (int64_t w = 0; w < width; w++) {
        double sum = 0.0;
        for (int64_t k = 0; k < TAPS; k++)
            sum += work[clamp_index(2 * w + k - DOWN_EDGE, 2 * width)] * (double)down[k];
        y[w] = (float)sum;
    }
}

RshStatus ref_snake(RefRunner *runner, const Node *node, RshError *error)
{
    const SnakeParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const float *alpha = ref_weight(runner, node->weights[0], error), *beta;
    const float *up = ref_weight(runner, node->weights[2], error);
    const float *down = ref_weight(runner, node->weights[3], error);
    if (!alpha || !up || !down)
        return RSH_ERROR_IO;
    RshStatus status = ref_optional(runner, node->weights[1], &beta, error);
    if (status != RSH_OK)
        return status;
    uint32_t width = x->shape.width;
    double *work = malloc(2 * (size_t)width * sizeof(*work));
    float *line = malloc(2 * (size_t)width * sizeof(*line));
    if (!work || !line)
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for the reference of snake");
    uint64_t lines = (uint64_t)x->shape.frames * x->shape.height * x->shape.channels;
    for (uint64_t i = 0; status == RSH_OK && i < lines; i++) {
        uint64_t first = i / x->shape.channels * width, c = i % x->shape.channels;
        double a = (double)alpha[c], b = (double)(beta ? beta : alpha)[c];
        if (p->log_scale) {
            a = exp(a);
            b = exp(b);
        }
        for (uint32_t w = 0; w < width; w++)
            line[w] = ref_row(runner, x, first + w)[c];
        snake_line(line, width, up, down, a, b, work, line + width);
        for (uint32_t w = 0; w < width; w++)
            ref_row(runner, y, first + w)[c] = line[width + w];
    }
    free(work);
    free(line);
    return status;
}
