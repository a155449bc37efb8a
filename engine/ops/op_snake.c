// SPDX-License-Identifier: GPL-3.0-or-later
// OP_SNAKE: BigVGAN's anti-aliased activation in one dispatch.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/snake.h"

typedef struct SnakePack {
    const Weight *other; // beta (NULL: alpha), or the second filter
    bool log_scale;
} SnakePack;

// alpha of every channel, then 1 / (beta + 1e-9), both padded to whole texels.
static RshStatus pack_channels(const Weight *alpha, const void *params, void *out, uint64_t bytes,
                               RshError *error)
{
    const SnakePack *p = params;
    uint64_t channels = weight_count(alpha);
    float *first = out, *second = first + bytes / sizeof(float) / 2;
    memset(out, 0, bytes);
    RshStatus status = weight_read(alpha, 0, channels, first, error);
    if (status == RSH_OK)
        status = weight_read(p->other ? p->other : alpha, 0, channels, second, error);
    for (uint64_t c = 0; status == RSH_OK && c < channels; c++) {
        double a = (double)first[c], b = (double)second[c];
        first[c] = (float)(p->log_scale ? exp(a) : a);
        second[c] = (float)(1.0 / ((p->log_scale ? exp(b) : b) + 1e-9));
    }
    return status;
}

// The up-filter times 2 (one of two samples is a zero that was put in), then the down-filter.
static RshStatus pack_filters(const Weight *up, const void *params, void *out, uint64_t bytes,
                              RshError *error)
{
    const SnakePack *p = params;
    float *taps = out;
    RshStatus status = weight_read(up, 0, 12, taps, error);
    if (status == RSH_OK)
        status = weight_read(p->other, 0, 12, taps + 12, error);
    for (int i = 0; status == RSH_OK && i < 12; i++)
        taps[i] *= 2.0f;
    return status;
}

RshStatus op_snake_record(Recorder *recorder, const Node *node, RshError *error)
{
    const SnakeParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t row = row_texels(x->shape.channels);
    uint32_t runs = (x->shape.width + SNAKE_RUN - 1) / SNAKE_RUN;
    SnakePack channels = {.other = node->weights[1], .log_scale = p->log_scale};
    SnakePack filters = {.other = node->weights[3]};
    GpuBinding bindings[4];
    RshStatus status = recorder_pack(
        recorder, node->weights[0], p->log_scale ? "snake:exp" : "snake", (uint64_t)row * 32,
        pack_channels, &channels, GPU_VIEW_RGBA32F, &bindings[1], error);
    if (status == RSH_OK)
        status = recorder_pack(recorder, node->weights[2], "snake", 24 * sizeof(float),
                               pack_filters, &filters, GPU_VIEW_RGBA32F, &bindings[2], error);
    if (status != RSH_OK)
        return status;
    uint64_t items = (uint64_t)x->shape.frames * x->shape.height * runs * row;
    struct SnakePush push = {.items = (uint32_t)items,
                             .row = divider(row),
                             .runs = divider(runs),
                             .width = x->shape.width};
    bindings[0] = grid_input(recorder, x, &push.x_offset, &push.x_stride);
    bindings[3] = grid_output(recorder, y, NULL);
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "snake", constants, 1, bindings, 4, &push, sizeof(push), items,
                         error);
}
