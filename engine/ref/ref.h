// SPDX-License-Identifier: GPL-3.0-or-later
//
// ref.h - every operation of ops.h once more in plain C, for one thread and host memory: what the
// device kernels are compared with. Readable first; sums are kept in double, so that a result is
// as close to exact as f32 storage allows.
//
// A reference writes the channels of its outputs and leaves pad lanes alone: the runner clears
// them. Outputs never share bytes with inputs, except where a copy's target is a state.
#pragma once
#include "graph/ops.h"

typedef struct RefRunner RefRunner;

// First element of a tensor; a view's rows are tensor->stride elements apart like any other's.
float *ref_data(RefRunner *runner, const Tensor *tensor);
int32_t *ref_ints(RefRunner *runner, const Tensor *tensor);
uint8_t *ref_bytes(RefRunner *runner, const Tensor *tensor);
static inline float *ref_row(RefRunner *runner, const Tensor *tensor, uint64_t row)
{
    return ref_data(runner, tensor) + row * tensor->stride;
}

// All elements as f32, read once and kept by the runner; NULL (with the error set) on failure.
const float *ref_weight(RefRunner *runner, const Weight *weight, RshError *error);
// The same for a weight that may be absent: *out is NULL then.
RSH_MUST_USE RshStatus ref_optional(RefRunner *runner, const Weight *weight, const float **out,
                                    RshError *error);

// Weights 0 and 1 of a node, either of which may be absent.
RSH_MUST_USE RshStatus ref_scale_and_bias(RefRunner *runner, const Node *node, const float **scale,
                                          const float **bias, RshError *error);

// The row of a table slice that row `row` of an operation uses.
const float *ref_table_row(RefRunner *runner, const RowTable *table, const Tensor *row_index,
                           uint64_t row);

double ref_dot(const float *a, const float *b, size_t count);
double ref_activate(Activation act, double x);
// Rotates the channels of one row, a head at a time, by that row of a table (see op_rope).
void ref_rotate(float *x, uint32_t channels, const float *table, uint32_t rotated,
                uint32_t head_dim);

typedef RshStatus (*RefOp)(RefRunner *runner, const Node *node, RshError *error);
RefOp ref_op(OpKind op); // ref_table.c
