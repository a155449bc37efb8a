// SPDX-License-Identifier: GPL-3.0-or-later
// winograd.h - 3 x 3 convolutions with fewer products, see winograd.c.
#pragma once
#include "ops/gemm.h"

// Whether the convolution can go this way and gains by it: 3 x 3 in the picture, any size in time.
bool winograd_fits(const GpuCaps *caps, const ConvParams *params, const Tensor *x, const Tensor *y);

// Records the OP_CONV `node`; `call` is filled as for the plain product and is changed.
RSH_MUST_USE RshStatus winograd_record(Recorder *recorder, GemmKernel *kernel, const Node *node,
                                       GemmCall *call, RshError *error);
