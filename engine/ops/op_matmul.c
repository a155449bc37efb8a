// SPDX-License-Identifier: GPL-3.0-or-later
// OP_MATMUL: y[f, m, n] = scale * sum over k of a[f, m, k] * b[f, n, k], both read as they lie.
#include "ops/gemm.h"
#include "ops/records.h"

RshStatus op_matmul_record(Recorder *recorder, const Node *node, RshError *error)
{
    const MatmulParams *params = node->params;
    const Tensor *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    GemmKernel kernel = gemm_kernel(recorder);
    GemmCall call = {
        .family = "matmul",
        .shape = {.rows = a->shape.height * a->shape.width,
                  .outputs = y->shape.channels,
                  .k4 = channel_stride(a->shape.channels) / 4,
                  .taps = 1,
                  .layers = a->shape.frames},
        .x = a,
        .y = y,
        .push = {.w_stride = b->stride / 4,
                 .w_rows = b->shape.height * b->shape.width,
                 .scale = params->scale},
    };
    uint32_t b_offset = 0;
    call.weight.texels = recorder_tensor(recorder, b, GPU_VIEW_RGBA32F, false, &b_offset);
    call.push.w_offset = b_offset / 4;
    gemm_choose_tile(&kernel, &call.shape);
    return gemm_record(recorder, &kernel, &call, error);
}
