// SPDX-License-Identifier: GPL-3.0-or-later
// OP_CONV and OP_CONV_TRANSPOSE1D: implicit matrix products over taps and channels.
#include "base/error.h"
#include "ops/gemm.h"
#include "ops/records.h"
#include "ops/winograd.h"

// One axis as the kernel unpacks it; false when a number does not fit.
static bool pack_axis(uint32_t kernel, uint32_t stride, uint32_t dilation, uint32_t upsample,
                      uint32_t *out)
{
    *out = kernel | stride << 8 | dilation << 16 | (upsample - 1) << 24;
    return kernel < 256 && stride < 256 && dilation < 256 && upsample <= 2;
}

// A product of every row with one matrix: no taps, so no bounds to look at.
static bool is_pointwise(const ConvParams *p)
{
    for (int i = 0; i < 3; i++)
        if (p->kernel[i] != 1 || p->stride[i] != 1 || p->upsample[i] != 1 || p->pad_before[i] ||
            p->pad_after[i])
            return false;
    return true;
}

// 3 x 3 after up-sampling of both axes by two: four convolutions of 2 x 2 on the small picture, 4/9
// of the work.
static bool is_upsampled_picture(const ConvParams *p)
{
    for (int i = 1; i < 3; i++)
        if (p->kernel[i] != 3 || p->stride[i] != 1 || p->dilation[i] != 1 || p->upsample[i] != 2 ||
            p->pad_before[i] != 1 || p->pad_after[i] != 1)
            return false;
    return true;
}

static void split_into_phases(GemmCall *call, GemmConvPack *pack, const Tensor *x)
{
    call->shape.rows /= 4;
    call->shape.taps = pack->taps = call->shape.taps / 9 * 4;
    call->shape.layers = pack->layers = 4;
    pack->kind = GEMM_TAPS_UPSAMPLED;
    call->push.grid_height = x->shape.height;
    call->push.grid_width = x->shape.width;
    call->push.axis_y = call->push.axis_x = 2 | 1 << 8 | 1 << 16;
    call->push.phases = 2 | 2 << 8 | 1 << 16 | 1 << 24;
}

RshStatus op_conv_record(Recorder *recorder, const Node *node, RshError *error)
{
    const ConvParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    GemmKernel kernel = gemm_kernel(recorder);
    GemmCall call = {
        .family = is_pointwise(p) ? "linear" : "conv",
        .shape = {.rows = (uint32_t)shape_rows(y->shape),
                  .outputs = y->shape.channels,
                  .k4 = channel_stride(x->shape.channels) / 4,
                  .taps = p->kernel[0] * p->kernel[1] * p->kernel[2],
                  .layers = 1},
        .bias = node->weights[1],
        .x = x,
        .y = y,
        .residual = node->inputs[1],
        .act = p->act,
        .push = {.in_frames = x->shape.frames,
                 .in_height = x->shape.height,
                 .in_width = x->shape.width,
                 .grid_height = y->shape.height,
                 .grid_width = y->shape.width,
                 .out_height = y->shape.height,
                 .out_width = y->shape.width,
                 .pad_t = (int)p->pad_before[0],
                 .pad_y = (int)p->pad_before[1],
                 .pad_x = (int)p->pad_before[2],
                 .phases = 1 | 1 << 8},
    };
    uint32_t *axes[3] = {&call.push.axis_t, &call.push.axis_y, &call.push.axis_x};
    for (int i = 0; i < 3; i++)
        if (!pack_axis(p->kernel[i], p->stride[i], p->dilation[i], p->upsample[i], axes[i]))
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "the convolution '%s' has kernel %u, stride %u, dilation %u, upsample "
                             "%u on axis %d; "
                             "at most 255, and 2 for upsample, is possible",
                             node->weights[0]->name, p->kernel[i], p->stride[i], p->dilation[i],
                             p->upsample[i], i);
    if (!kernel.tiled && winograd_fits(recorder_caps(recorder), p, x, y))
        return winograd_record(recorder, &kernel, node, &call, error);
    GemmConvPack pack = {.outputs = y->shape.channels,
                         .channels = x->shape.channels,
                         .taps = call.shape.taps,
                         .layers = 1};
    if (is_upsampled_picture(p))
        split_into_phases(&call, &pack, x);
    gemm_choose_tile(&kernel, &call.shape);
    RshStatus status =
        gemm_pack_conv(recorder, &kernel, node->weights[0], &pack, &call.weight, error);
    if (status != RSH_OK)
        return status;
    return gemm_record(recorder, &kernel, &call, error);
}

RshStatus op_conv_transpose1d_record(Recorder *recorder, const Node *node, RshError *error)
{
    const ConvTransposeParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    uint32_t taps = (p->kernel + p->stride - 1) / p->stride;
    uint32_t grid = (y->shape.width + p->stride - 1) / p->stride;
    if (p->stride > 255 || taps > 255)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "the transposed convolution '%s' has kernel %u and stride %u; a stride of "
                         "at most 255 and "
                         "255 taps a position are possible",
                         node->weights[0]->name, p->kernel, p->stride);
    GemmKernel kernel = gemm_kernel(recorder);
    GemmCall call = {
        .family = "conv",
        .shape = {.rows = x->shape.frames * x->shape.height * grid,
                  .outputs = y->shape.channels,
                  .k4 = channel_stride(x->shape.channels) / 4,
                  .taps = taps,
                  .layers = p->stride},
        .bias = node->weights[1],
        .x = x,
        .y = y,
        // Layer p starts (p + pad) / stride positions after the earliest, which is taps - 1 before
        // its output.
        .push = {.in_frames = x->shape.frames,
                 .in_height = x->shape.height,
                 .in_width = x->shape.width,
                 .grid_height = x->shape.height,
                 .grid_width = grid,
                 .out_height = y->shape.height,
                 .out_width = y->shape.width,
                 .axis_t = 1 | 1 << 8 | 1 << 16,
                 .axis_y = 1 | 1 << 8 | 1 << 16,
                 .axis_x = taps | 1 << 8 | 1 << 16,
                 .pad_x = (int)taps - 1 - (int)(p->pad / p->stride),
                 .phases = p->stride | 1 << 8 | p->pad % p->stride << 16},
    };
    GemmConvPack pack = {.kind = GEMM_TAPS_TRANSPOSED,
                         .outputs = y->shape.channels,
                         .channels = x->shape.channels,
                         .taps = taps,
                         .layers = p->stride,
                         .kernel = p->kernel,
                         .stride = p->stride,
                         .pad = p->pad};
    gemm_choose_tile(&kernel, &call.shape);
    RshStatus status =
        gemm_pack_conv(recorder, &kernel, node->weights[0], &pack, &call.weight, error);
    if (status != RSH_OK)
        return status;
    return gemm_record(recorder, &kernel, &call, error);
}
