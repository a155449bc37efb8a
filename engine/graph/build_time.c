// SPDX-License-Identifier: GPL-3.0-or-later
// Timesteps as the waves that a network reads.
#include <math.h>
#include <stdlib.h>

#include "graph/build.h"

#define SLOWEST                                                                                    \
    10000.0 // times slower than a radian a unit, or nearly: wave i is SLOWEST^(-i / half)

void time_split(double timestep, int32_t parts[2])
{
    double whole = floor(timestep), part = nearbyint((timestep - whole) * 0x1p32);
    if (part >= 0x1p32) { // rounded up to the next unit
        part = 0;
        whole++;
    }
    parts[0] = (int32_t)whole;
    parts[1] = (int32_t)(uint32_t)part;
}

// Turns a unit of time, in 2^-64ths: the first is 0.159, so that none needs more than 62 bits.
static Tensor *wave_table(Graph *graph, uint32_t half)
{
    int32_t *words = malloc(half * 2 * sizeof(*words));
    if (!words) {
        graph_fail(graph, RSH_ERROR_MEMORY, "no memory for %u waves", half);
        return NULL;
    }
    for (uint32_t i = 0; i < half; i++) {
        uint64_t turns = (uint64_t)ldexp(pow(SLOWEST, -(double)i / half) / (2 * M_PI), 64);
        words[2 * i] = (int32_t)(uint32_t)(turns >> 32);
        words[2 * i + 1] = (int32_t)(uint32_t)turns;
    }
    Tensor *table = graph_constant(graph, "waves", (Shape){1, 1, half, 2}, TENSOR_I32, words);
    free(words);
    return table;
}

Tensor *op_time_embedding(Graph *graph, Tensor *times, uint32_t channels)
{
    if (!build_input(graph, "time_embedding", times))
        return NULL;
    if (times->type != TENSOR_I32 || times->shape.channels != 2 || channels < 2 ||
        channels % 2 != 0 || channels > UINT32_C(1) << 20) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "time_embedding makes an even number of waves of times in two words, not %u of "
                   "%u",
                   channels, times->shape.channels);
        return NULL;
    }
    Tensor *waves = wave_table(graph, channels / 2);
    Node *node = waves ? graph_add(graph, OP_TIME_EMBEDDING, NULL, 0) : NULL;
    if (!node)
        return NULL;
    node->inputs[0] = times;
    node->inputs[1] = waves;
    Shape shape = times->shape;
    shape.channels = channels;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}
