// SPDX-License-Identifier: GPL-3.0-or-later
// Linear layers, convolutions and products of activations.
#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct LinearShape {
    uint32_t rows, in, out;
    bool bias, residual, multiply, gate, indexed;
    Activation act;
} LinearShape;

static void build_linear(CaseBuilder *b, const void *shape)
{
    const LinearShape *s = shape;
    Tensor *x = case_input(b, (Shape){1, 1, s->rows, s->in});
    LinearParams p = {.act = s->act};
    Shape out = {1, 1, s->rows, s->out};
    if (s->residual)
        p.residual = case_input(b, out);
    if (s->multiply)
        p.multiply = case_input(b, out);
    if (s->gate)
        p.gate = (RowTable){case_input(b, (Shape){1, 1, 3, channel_stride(s->out) + 8}), 8};
    if (s->indexed)
        p.row_index = case_indices(b, s->rows, 3);
    const Weight *w = case_weight(b, 2, (uint64_t[]){s->out, s->in}, 1.0 / s->in);
    case_output(b,
                op_linear(case_graph(b), x, w, s->bias ? case_vector(b, s->out, 0.1) : NULL, &p));
}

static void build_linear_of_view(CaseBuilder *b, const void *shape)
{
    Graph *g = case_graph(b);
    Tensor *x = case_input(b, (Shape){1, 1, 45, 60});
    Tensor *view = graph_view_channels(g, graph_view_rows(g, x, 3, 37), 16, 24);
    Tensor *residual = graph_view_rows(g, case_input(b, (Shape){1, 1, 50, 20}), 7, 37);
    const Weight *w = case_weight(b, 2, (uint64_t[]){20, 24}, 0.2);
    case_output(b, op_linear(g, view, w, NULL, &(LinearParams){.residual = residual}));
}

typedef struct ConvShape {
    Shape x;
    uint64_t weight[5]; // out, in and as many kernel sizes as n_dims - 2
    uint32_t n_dims;
    ConvParams p;
    bool bias, residual;
} ConvShape;

static void build_conv(CaseBuilder *b, const void *shape)
{
    const ConvShape *s = shape;
    ConvParams p = s->p;
    Tensor *x = case_input(b, s->x);
    const Weight *w = case_weight(b, s->n_dims, s->weight, 0.1);
    const Weight *bias = s->bias ? case_vector(b, s->weight[0], 0.1) : NULL;
    if (s->residual) { // the shape of the result, from a convolution without it
        Tensor *plain = op_conv(case_graph(b), x, w, bias, &p);
        p.residual = plain ? case_input(b, plain->shape) : NULL;
    }
    case_output(b, op_conv(case_graph(b), x, w, bias, &p));
}

typedef struct TransposeShape {
    Shape x;
    uint64_t out, kernel;
    uint32_t stride, pad;
} TransposeShape;

static void build_conv_transpose(CaseBuilder *b, const void *shape)
{
    const TransposeShape *s = shape;
    Tensor *x = case_input(b, s->x);
    const Weight *w = case_weight(b, 3, (uint64_t[]){s->x.channels, s->out, s->kernel}, 0.1);
    case_output(b, op_conv_transpose1d(case_graph(b), x, w, case_vector(b, s->out, 0.1), s->stride,
                                       s->pad));
}

typedef struct MatmulShape {
    uint32_t frames, m, n, k;
} MatmulShape;

static void build_matmul(CaseBuilder *b, const void *shape)
{
    const MatmulShape *s = shape;
    Tensor *x = case_input(b, (Shape){s->frames, 1, s->m, s->k});
    Tensor *y = case_input(b, (Shape){s->frames, 1, s->n, s->k});
    case_output(b, op_matmul(case_graph(b), x, y, 0.3f));
}

static const OpCase cases[] = {
    {"linear 1x1x1", build_linear, &(LinearShape){1, 1, 1}},
    {"linear 1x7x5 bias", build_linear, &(LinearShape){1, 7, 5, .bias = true}},
    {"linear 33x20x7", build_linear, &(LinearShape){33, 20, 7}},
    {"linear 70x96x130 bias silu", build_linear,
     &(LinearShape){70, 96, 130, .bias = true, .act = ACT_SILU}},
    {"linear 31x64x64 gelu tanh", build_linear, &(LinearShape){31, 64, 64, .act = ACT_GELU_TANH}},
    {"linear 35x22x45 residual", build_linear, &(LinearShape){35, 22, 45, .residual = true}},
    {"linear 67x40x36 gated residual", build_linear,
     &(LinearShape){67, 40, 36, .bias = true, .residual = true, .gate = true}},
    {"linear 67x40x35 gated by row", build_linear,
     &(LinearShape){67, 40, 35, .bias = true, .residual = true, .gate = true, .indexed = true}},
    {"linear 21x30x50 multiplied", build_linear,
     &(LinearShape){21, 30, 50, .bias = true, .multiply = true, .act = ACT_GELU_TANH}},
    {"linear 5x300x9", build_linear, &(LinearShape){5, 300, 9}},
    {"linear of a view", build_linear_of_view, NULL},
    {"linear 1024x1024x1024", build_linear, &(LinearShape){1024, 1024, 1024}, .bench_only = true},
    {"linear 1024x1024x1024 gated residual", build_linear,
     &(LinearShape){1024, 1024, 1024, .bias = true, .residual = true, .gate = true,
                    .indexed = true},
     .bench_only = true},
    {"linear 1x1024x1024", build_linear, &(LinearShape){1, 1024, 1024}, .bench_only = true},
    {"conv 1d k3", build_conv,
     &(ConvShape){{1, 1, 23, 6},
                  {5, 6, 3},
                  3,
                  {.pad_before = {0, 0, 1}, .pad_after = {0, 0, 1}},
                  .bias = true}},
    {"conv 1d k7 dilated 3 residual", build_conv,
     &(ConvShape){{1, 1, 70, 20},
                  {36, 20, 7},
                  3,
                  {.pad_before = {0, 0, 9}, .pad_after = {0, 0, 9}, .dilation = {1, 1, 3}},
                  .bias = true,
                  .residual = true}},
    {"conv 1d upsampled silu", build_conv,
     &(ConvShape){{1, 1, 17, 9},
                  {8, 9, 3},
                  3,
                  {.pad_before = {0, 0, 1},
                   .pad_after = {0, 0, 1},
                   .upsample = {1, 1, 2},
                   .act = ACT_MP_SILU}}},
    {"conv 2d k3", build_conv,
     &(ConvShape){{3, 5, 7, 12},
                  {33, 12, 3, 3},
                  4,
                  {.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}},
                  .bias = true}},
    {"conv 2d k3 stride 2 pad after", build_conv,
     &(ConvShape){{2, 6, 9, 8},
                  {16, 8, 3, 3},
                  4,
                  {.pad_after = {0, 1, 1}, .stride = {1, 2, 2}},
                  .bias = true}},
    {"conv 2d k3 upsampled", build_conv,
     &(ConvShape){{2, 5, 7, 16},
                  {20, 16, 3, 3},
                  4,
                  {.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}, .upsample = {1, 2, 2}},
                  .bias = true}},
    {"conv 2d k1", build_conv, &(ConvShape){{2, 5, 7, 10}, {3, 10, 1, 1}, 4, {.act = ACT_RELU}}},
    {"conv 3d k3 causal", build_conv,
     &(ConvShape){{5, 6, 7, 8},
                  {12, 8, 3, 3, 3},
                  5,
                  {.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}},
                  .bias = true,
                  .residual = true}},
    // wide enough for Winograd's tiles of 2 x 2 on CPU drivers: even and odd sides, a tile cut short
    {"conv 3d k3 26 to 30 channels", build_conv,
     &(ConvShape){{4, 5, 7, 26},
                  {30, 26, 3, 3, 3},
                  5,
                  {.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}, .act = ACT_SILU},
                  .bias = true,
                  .residual = true}},
    {"conv 3d k3 24 to 33 channels unpadded", build_conv,
     &(ConvShape){{3, 8, 6, 24}, {33, 24, 2, 3, 3}, 5, {.pad_before = {1, 0, 0}}}},
    {"conv 2d k3 40 to 24 channels pad after", build_conv,
     &(ConvShape){{2, 1, 9, 40}, {24, 40, 3, 3}, 4, {.pad_after = {0, 2, 2}}, .bias = true}},
    {"conv 3d in time", build_conv,
     &(ConvShape){{3, 4, 5, 20}, {40, 20, 3, 1, 1}, 5, {.act = ACT_NONE}, .bias = true}},
    {"conv 3d in time stride 2", build_conv,
     &(ConvShape){{5, 4, 5, 7}, {9, 7, 3, 1, 1}, 5, {.stride = {2, 1, 1}}}},
    {"conv 3d patches", build_conv,
     &(ConvShape){{2, 4, 6, 16}, {30, 16, 1, 2, 2}, 5, {.stride = {1, 2, 2}}, .bias = true}},
    {"conv 3d k3 128 channels 4x32x32", build_conv,
     &(ConvShape){{6, 32, 32, 128},
                  {128, 128, 3, 3, 3},
                  5,
                  {.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}},
                  .bias = true},
     .bench_only = true},
    {"conv 1d k7 64 channels 16000", build_conv,
     &(ConvShape){{1, 1, 16000, 64},
                  {64, 64, 7},
                  3,
                  {.pad_before = {0, 0, 3}, .pad_after = {0, 0, 3}},
                  .bias = true,
                  .residual = true},
     .bench_only = true},
    {"conv_transpose1d 5x3 k4 s2", build_conv_transpose,
     &(TransposeShape){{1, 1, 5, 3}, 7, 4, 2, 1}},
    {"conv_transpose1d 37x20 k16 s8", build_conv_transpose,
     &(TransposeShape){{1, 1, 37, 20}, 10, 16, 8, 4}},
    {"conv_transpose1d 2x19x8 k11 s5", build_conv_transpose,
     &(TransposeShape){{1, 2, 19, 8}, 33, 11, 5, 3}},
    {"conv_transpose1d 1000x64 k16 s8", build_conv_transpose,
     &(TransposeShape){{1, 1, 1000, 64}, 32, 16, 8, 4}, .bench_only = true},
    {"matmul 1x1x1", build_matmul, &(MatmulShape){1, 1, 1, 1}},
    {"matmul 3 x 33x45x20", build_matmul, &(MatmulShape){3, 33, 45, 20}},
    {"matmul 2 x 7x9x150", build_matmul, &(MatmulShape){2, 7, 9, 150}},
    {"matmul 1024x1024x384", build_matmul, &(MatmulShape){1, 1024, 1024, 384}, .bench_only = true},
};

const OpCaseTable product_cases = {cases, COUNT(cases)};
