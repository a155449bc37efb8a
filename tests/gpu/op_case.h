// SPDX-License-Identifier: GPL-3.0-or-later
//
// op_case.h - one operation on one shape: how test_ops builds it, runs it on the device and with the
// reference, and how far the two may be apart.
#pragma once
#include "graph/ops.h"

// Most a device's result may differ, ||a - b|| / ||b||, where a case names nothing else. f32 sums of a
// few hundred products in another order differ by about 2e-7.
#define OP_CASE_ERROR 1e-6

// The same where operands may be rounded to f16: each by 4.9e-4 at most and 2e-4 on average, independently,
// so that a sum of many products is about as far off as one of them.
#define OP_CASE_HALF_ERROR 5e-4

typedef struct CaseBuilder CaseBuilder;

typedef struct OpCase {
    const char *name; // "linear 33x20x7 gated"
    void (*build)(CaseBuilder *builder, const void *shape);
    const void *shape; // the case's own numbers
    double max_error;  // 0 means OP_CASE_ERROR; a wider one says why beside it
    bool bench_only;   // too large for the tests: run by --bench
} OpCase;

typedef struct OpCaseTable {
    const OpCase *cases;
    size_t count;
} OpCaseTable;

extern const OpCaseTable row_cases, move_cases, end_cases, product_cases, attention_cases,
    stored_cases; // cases_*.c

Graph *case_graph(CaseBuilder *builder);
// Inputs with normally distributed numbers, or integers in [0, limit).
Tensor *case_input(CaseBuilder *builder, Shape shape);
Tensor *case_indices(CaseBuilder *builder, uint32_t rows, uint32_t limit);
// Weights in memory, N(0, scale^2).
const Weight *case_weight(CaseBuilder *builder, uint32_t n_dims, const uint64_t *dims,
                          double scale);
static inline const Weight *case_vector(CaseBuilder *builder, uint64_t count, double scale)
{
    return case_weight(builder, 1, &count, scale);
}
// A weight [out, in] in a file's own numbers, see stored_weight.h; one a case.
const Weight *case_stored_weight(CaseBuilder *builder, DType dtype, uint32_t out, uint32_t in);
// What is compared, pad lanes included.
void case_output(CaseBuilder *builder, Tensor *tensor);
