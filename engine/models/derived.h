// SPDX-License-Identifier: GPL-3.0-or-later
//
// derived.h - weights that a checkpoint stores in another form than the network multiplies with. Each is
// computed once, when it is first asked for, and kept by its set under a name of its own.
#pragma once
#include "graph/graph.h"

// A stored weight as f32, malloc'd; NULL with the graph failed.
float *derived_read(Graph *graph, const Weight *weight);

// Magnitude-preserving weights (MMAudio): every output row as w / (1e-4 + rms(w)) / sqrt(fan_in). Then row r of
// the result is row order[r] of that times gain, and row r times row_scale[r]. `order` and `row_scale` may be NULL.
typedef struct RowNorm {
    double gain;
    const uint32_t *order;
    const float *row_scale;
} RowNorm;
const Weight *derived_row_norm(Graph *graph, WeightSet *set, const char *name, const RowNorm *how);

// name.weight, or weight_g * weight_v / ||weight_v|| over everything but the first dimension, which for a
// transposed convolution is the input channel.
const Weight *derived_weight_norm(Graph *graph, WeightSet *set, const char *name);

// Numbers that came from a configuration.
const Weight *derived_vector(Graph *graph, WeightSet *set, const char *name, const float *values,
                             uint64_t count);

// The pointwise layer y = W (x * in_scale + in_shift) + b, then (y - out_shift) / out_scale for the first `rows`
// outputs, as one layer. Vectors may be NULL. Stores the bias in *bias; returns [rows, in].
typedef struct PointwiseFold {
    const float *in_scale, *in_shift, *out_scale, *out_shift;
    uint32_t rows;
} PointwiseFold;
const Weight *derived_pointwise(Graph *graph, WeightSet *set, const char *name,
                                const PointwiseFold *fold, const Weight **bias);
