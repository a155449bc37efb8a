// SPDX-License-Identifier: GPL-3.0-or-later
//
// build.h - what the builders in build_*.c share: argument checks that speak through the graph's
// sticky error. Each returns false, or NULL, when the graph has failed now or before.
#pragma once
#include "graph/ops.h"

// False when the graph has failed or `x` is NULL; `op` names the operation in the message.
bool build_input(Graph *graph, const char *op, const Tensor *x);

// `tensor` holds f32 numbers in exactly this shape (rows may be cut into frames differently).
bool build_same_rows(Graph *graph, const char *op, const char *what, const Tensor *tensor,
                     uint64_t rows, uint32_t channels);

// An optional table slice of `channels` channels, and the index that picks its rows.
bool build_row_table(Graph *graph, const char *op, const char *what, const RowTable *table,
                     uint32_t channels);
bool build_row_index(Graph *graph, const char *op, const Tensor *index, uint64_t rows);

// A weight that must be there, or (the second) may be NULL and otherwise has `count` elements.
bool build_weight(Graph *graph, const char *op, const Weight *weight);
bool build_vector(Graph *graph, const char *op, const Weight *weight, uint64_t count);

// A tensor that no node writes yet (copies fill it).
Tensor *graph_tensor_new(Graph *graph, TensorKind kind, Shape shape, TensorType type,
                         const char *name);
