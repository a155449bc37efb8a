// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>

#include "ref/ref_ops.h"

// From the formula, in f64: the kernel's table of waves is not looked at.
RshStatus ref_time_embedding(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *times = node->inputs[0], *y = node->outputs[0];
    uint32_t half = y->shape.channels / 2;
    for (uint64_t r = 0; r < shape_rows(y->shape); r++) {
        const int32_t *parts = ref_ints(runner, times) + r * times->stride;
        double timestep = parts[0] + (uint32_t)parts[1] * 0x1p-32;
        float *to = ref_row(runner, y, r);
        for (uint32_t i = 0; i < half; i++) {
            double angle = timestep * pow(10000, -(double)i / half);
            to[i] = (float)cos(angle);
            to[half + i] = (float)sin(angle);
        }
    }
    return RSH_OK;
}
