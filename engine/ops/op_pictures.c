// SPDX-License-Identifier: GPL-3.0-or-later
// Pixels of four bytes: OP_TO_RGBA8 from what the VAE gives, OP_LATENTS_TO_RGB from latents.
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/latents_to_rgb.h"
#include "shared/to_rgba8.h"

RshStatus op_to_rgba8_record(Recorder *recorder, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0];
    struct ToRgba8Push push = {.rows = (uint32_t)shape_rows(x->shape)};
    GpuBinding bindings[2] = {grid_input(recorder, x, &push.x_offset, &push.x_stride),
                              grid_output(recorder, node->outputs[0], NULL)};
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "to_rgba8", constants, 1, bindings, 2, &push, sizeof(push),
                         shape_rows(x->shape), error);
}

RshStatus op_latents_to_rgb_record(Recorder *recorder, const Node *node, RshError *error)
{
    const Tensor *x = node->inputs[0], *map = node->inputs[1];
    struct LatentsToRgbPush push = {.rows = (uint32_t)shape_rows(x->shape),
                                    .channels = x->shape.channels};
    GpuBinding bindings[3] = {grid_input(recorder, x, &push.x_offset, &push.x_stride),
                              grid_input(recorder, map, &push.map_offset, &push.map_stride),
                              grid_output(recorder, node->outputs[0], NULL)};
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "latents_to_rgb", constants, 1, bindings, 3, &push, sizeof(push),
                         shape_rows(x->shape), error);
}
