// SPDX-License-Identifier: GPL-3.0-or-later
// Linear layers whose weights stay f16 or int8 in device memory.
#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct StoredShape {
    DType dtype;
    uint32_t rows, in, out;
} StoredShape;

static void build_linear(CaseBuilder *b, const void *shape)
{
    const StoredShape *s = shape;
    Tensor *x = case_input(b, (Shape){1, 1, s->rows, s->in});
    case_output(b, op_linear(case_graph(b), x, case_stored_weight(b, s->dtype, s->out, s->in),
                             case_vector(b, s->out, 0.1), NULL));
}

static const OpCase cases[] = {
    {"linear f16 19x24x10", build_linear, &(StoredShape){DTYPE_F16, 19, 24, 10}},
    {"linear f16 9x21x33", build_linear, &(StoredShape){DTYPE_F16, 9, 21, 33}},
    {"linear bf16 9x21x33", build_linear, &(StoredShape){DTYPE_BF16, 9, 21, 33}},
    {"linear q8_0 33x96x37", build_linear, &(StoredShape){DTYPE_Q8_0, 33, 96, 37}},
    {"linear q4_0 33x32x37", build_linear, &(StoredShape){DTYPE_Q4_0, 33, 32, 37}},
    {"linear q4_1 33x96x37", build_linear, &(StoredShape){DTYPE_Q4_1, 33, 96, 37}},
    {"linear q5_0 33x96x37", build_linear, &(StoredShape){DTYPE_Q5_0, 33, 96, 37}},
    {"linear q5_1 33x96x37", build_linear, &(StoredShape){DTYPE_Q5_1, 33, 96, 37}},
    {"linear q4_K 33x256x37", build_linear, &(StoredShape){DTYPE_Q4_K, 33, 256, 37}},
    {"linear q5_K 70x512x9", build_linear, &(StoredShape){DTYPE_Q5_K, 70, 512, 9}},
    {"linear q6_K 70x512x9", build_linear, &(StoredShape){DTYPE_Q6_K, 70, 512, 9}},
    {"linear f16 1024x1024x1024", build_linear, &(StoredShape){DTYPE_F16, 1024, 1024, 1024},
     .bench_only = true},
    {"linear q8_0 1024x1024x1024", build_linear, &(StoredShape){DTYPE_Q8_0, 1024, 1024, 1024},
     .bench_only = true},
    {"linear q4_K 1024x1024x1024", build_linear, &(StoredShape){DTYPE_Q4_K, 1024, 1024, 1024},
     .bench_only = true},
    // the bundled transformer: 280 video and 65 audio tokens, 64 of text
    {"linear f16 280x256x256", build_linear, &(StoredShape){DTYPE_F16, 280, 256, 256},
     .bench_only = true},
    {"linear f16 280x256x1024", build_linear, &(StoredShape){DTYPE_F16, 280, 256, 1024},
     .bench_only = true},
    {"linear f16 280x1024x256", build_linear, &(StoredShape){DTYPE_F16, 280, 1024, 256},
     .bench_only = true},
    {"linear f16 65x256x256", build_linear, &(StoredShape){DTYPE_F16, 65, 256, 256},
     .bench_only = true},
    {"linear f16 65x256x1024", build_linear, &(StoredShape){DTYPE_F16, 65, 256, 1024},
     .bench_only = true},
    {"linear f16 65x1024x256", build_linear, &(StoredShape){DTYPE_F16, 65, 1024, 256},
     .bench_only = true},
    {"linear f16 64x256x512", build_linear, &(StoredShape){DTYPE_F16, 64, 256, 512},
     .bench_only = true},
    {"linear f16 1x256x1536", build_linear, &(StoredShape){DTYPE_F16, 1, 256, 1536},
     .bench_only = true},
};

const OpCaseTable stored_cases = {cases, COUNT(cases)};
