// SPDX-License-Identifier: GPL-3.0-or-later
// OP_LINEAR: y = residual + gate * (multiply * act(x W^T + bias)).
#include "ops/gemm.h"
#include "ops/records.h"

RshStatus op_linear_record(Recorder *recorder, const Node *node, RshError *error)
{
    const LinearParams *params = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    GemmKernel kernel = gemm_kernel(recorder);
    GemmCall call = {
        .family = "linear",
        .shape = {.rows = (uint32_t)shape_rows(y->shape),
                  .outputs = y->shape.channels,
                  .k4 = channel_stride(x->shape.channels) / 4,
                  .taps = 1,
                  .layers = 1},
        .bias = node->weights[1],
        .x = x,
        .y = y,
        .residual = node->inputs[1],
        .gate = {node->inputs[2], params->gate.channel},
        .row_index = node->inputs[3],
        .multiply = node->inputs[4],
        .act = params->act,
    };
    gemm_choose_tile(&kernel, &call.shape);
    RshStatus status = gemm_pack_linear(recorder, &kernel, node->weights[0], &call.weight, error);
    if (status != RSH_OK)
        return status;
    return gemm_record(recorder, &kernel, &call, error);
}
