// SPDX-License-Identifier: GPL-3.0-or-later
// 3 x 3 convolutions by F(2 x 2, 3 x 3) of Winograd (Lavin and Gray 2015): sixteen products of a
// quarter of the rows take the place of nine, 4/9 of the work, for two passes over memory more.
// Only for drivers whose arithmetic is slower than their memory: CPUs.
#include "ops/winograd.h"

#include <string.h>

#include "ops/grid.h"
#include "shared/winograd.h"

#define WIDTH 32u // invocations a workgroup of the two transforms
// Scratch beyond this leaves the caches, and would be most of a clip's memory.
#define MAX_SCRATCH_BYTES (UINT64_C(48) << 20)
#define MIN_CHANNELS      24u // below, the transforms cost what the products save

typedef struct Tiles {
    uint32_t y, x;
    uint64_t in_bytes, out_bytes; // of the sixteen layers
} Tiles;

static Tiles count_tiles(const Tensor *x, const Tensor *y)
{
    Tiles tiles = {.y = (y->shape.height + 1) / 2, .x = (y->shape.width + 1) / 2};
    uint64_t positions = (uint64_t)tiles.y * tiles.x * 16 * sizeof(float);
    tiles.in_bytes = positions * x->shape.frames * channel_stride(x->shape.channels);
    tiles.out_bytes = positions * y->shape.frames * channel_stride(y->shape.channels);
    return tiles;
}

bool winograd_fits(const GpuCaps *caps, const ConvParams *p, const Tensor *x, const Tensor *y)
{
    if (!caps->texel_tiles || x->shape.channels < MIN_CHANNELS || y->shape.channels < MIN_CHANNELS)
        return false;
    for (int i = 1; i < 3; i++)
        if (p->kernel[i] != 3 || p->stride[i] != 1 || p->dilation[i] != 1 || p->upsample[i] != 1)
            return false;
    Tiles tiles = count_tiles(x, y);
    return p->upsample[0] == 1 && tiles.in_bytes + tiles.out_bytes <= MAX_SCRATCH_BYTES &&
           tiles.in_bytes <= caps->max_storage_bytes &&
           tensor_bytes(y) + 256 <= caps->max_storage_bytes;
}

static RshStatus record_input(Recorder *recorder, const ConvParams *p, const Tensor *x,
                              const Tiles *tiles, const GpuBinding *layers, RshError *error)
{
    struct WinogradPush push = {
        .frames = x->shape.frames,
        .tiles_y = tiles->y,
        .tiles_x = tiles->x,
        .texels = row_texels(x->shape.channels),
        .height = x->shape.height,
        .width = x->shape.width,
        .pad_y = (int)p->pad_before[1],
        .pad_x = (int)p->pad_before[2],
    };
    GpuBinding bindings[] = {grid_input(recorder, x, &push.offset, &push.stride), *layers};
    const uint32_t width = WIDTH;
    return recorder_dispatch(recorder, "winograd_input", &width, 1, bindings, 2, &push,
                             sizeof(push), (push.tiles_x * push.texels + WIDTH - 1) / WIDTH,
                             push.tiles_y, push.frames, error);
}

static RshStatus record_output(Recorder *recorder, const Node *node, const Tiles *tiles,
                               const GpuBinding *layers, RshError *error)
{
    const ConvParams *p = node->params;
    const Tensor *y = node->outputs[0], *residual = node->inputs[1];
    struct WinogradPush push = {
        .frames = y->shape.frames,
        .tiles_y = tiles->y,
        .tiles_x = tiles->x,
        .texels = row_texels(y->shape.channels),
        .height = y->shape.height,
        .width = y->shape.width,
    };
    GpuBinding bindings[4] = {*layers};
    RshStatus status = grid_vector(recorder, node->weights[1], &bindings[1], error);
    if (status != RSH_OK)
        return status;
    bindings[2] = grid_input(recorder, residual, &push.offset, &push.stride);
    bindings[3] = grid_output(recorder, y, NULL);
    uint32_t constants[] = {WIDTH, (uint32_t)p->act, residual != NULL};
    return recorder_dispatch(recorder, "winograd_output", constants, 3, bindings, 4, &push,
                             sizeof(push), (push.tiles_x * push.texels + WIDTH - 1) / WIDTH,
                             push.tiles_y, push.frames, error);
}

// The sixteen products: convolutions in time only, of layers of tiles.
static RshStatus record_products(Recorder *recorder, GemmKernel *kernel, const Node *node,
                                 const Tiles *tiles, GemmCall *call, RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    struct GemmParams *push = &call->push;
    GemmConvPack pack = {.kind = GEMM_TAPS_WINOGRAD,
                         .outputs = y->shape.channels,
                         .channels = x->shape.channels,
                         .taps = call->shape.taps / 9,
                         .layers = 16};
    call->family = "conv_layers";
    call->shape.rows = y->shape.frames * tiles->y * tiles->x;
    call->shape.taps = pack.taps;
    call->shape.layers = 16;
    call->bias = NULL;
    call->residual = NULL;
    call->act = ACT_NONE;
    push->in_height = push->grid_height = push->out_height = tiles->y;
    push->in_width = push->grid_width = push->out_width = tiles->x;
    push->pad_y = push->pad_x = 0;
    push->axis_y = push->axis_x = 1 | 1 << 8 | 1 << 16;
    push->x_stride = row_texels(x->shape.channels);
    push->w_stride = push->in_frames * tiles->y * tiles->x * push->x_stride;
    gemm_choose_tile(kernel, &call->shape);
    RshStatus status =
        gemm_pack_conv(recorder, kernel, node->weights[0], &pack, &call->weight, error);
    return status == RSH_OK ? gemm_record(recorder, kernel, call, error) : status;
}

RshStatus winograd_record(Recorder *recorder, GemmKernel *kernel, const Node *node, GemmCall *call,
                          RshError *error)
{
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    Tiles tiles = count_tiles(x, y);
    GpuBinding in, out;
    RshStatus status = recorder_scratch(recorder, tiles.in_bytes, GPU_VIEW_STORAGE, &in, error);
    if (status == RSH_OK)
        status = recorder_scratch(recorder, tiles.out_bytes, GPU_VIEW_STORAGE, &out, error);
    if (status != RSH_OK)
        return status;
    in.written = out.written = true;
    status = record_input(recorder, node->params, x, &tiles, &in, error);
    if (status != RSH_OK)
        return status;
    in.view = GPU_VIEW_RGBA32F;
    in.written = false;
    call->x_layers = &in;
    call->y_layers = &out;
    status = record_products(recorder, kernel, node, &tiles, call, error);
    if (status != RSH_OK)
        return status;
    out.view = GPU_VIEW_RGBA32F;
    out.written = false;
    return record_output(recorder, node, &tiles, &out, error);
}
