// SPDX-License-Identifier: GPL-3.0-or-later
// Operations that treat a row, or a number, at a time.
#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct NormShape {
    Shape x;
    NormKind kind;
    bool weight, bias, modulate, indexed;
    Activation act;
    uint32_t head_dim, rotated; // 0: no rotation
} NormShape;

static void build_norm(CaseBuilder *b, const void *shape)
{
    const NormShape *s = shape;
    uint32_t rows = (uint32_t)shape_rows(s->x), c = s->x.channels, padded = channel_stride(c);
    NormParams p = {.kind = s->kind, .eps = 1e-6f, .act = s->act, .head_dim = s->head_dim};
    Tensor *x = case_input(b, s->x);
    if (s->modulate) {
        Tensor *table = case_input(b, (Shape){1, 1, 3, 2 * padded + 4});
        p.shift = (RowTable){table, 4};
        p.scale = (RowTable){table, 4 + padded};
    }
    if (s->indexed)
        p.row_index = case_indices(b, rows, 3);
    if (s->head_dim)
        p.rope = case_input(b, (Shape){1, 1, rows, s->rotated});
    case_output(b, op_norm(case_graph(b), x, s->weight ? case_vector(b, c, 1.0) : NULL,
                           s->bias ? case_vector(b, c, 1.0) : NULL, &p));
}

static void build_norm_of_view(CaseBuilder *b, const void *shape)
{
    Tensor *x = case_input(b, (Shape){3, 2, 5, 40});
    Tensor *view = graph_view_channels(case_graph(b), x, 12, 20);
    view = graph_view_frames(case_graph(b), view, 1, 2);
    case_output(b, op_norm(case_graph(b), view, NULL, NULL, &(NormParams){.kind = NORM_LAYER}));
}

static void build_norm_of_heads(CaseBuilder *b, const void *shape)
{
    Tensor *x = case_input(b, (Shape){1, 1, 19, 24});
    Tensor *heads = graph_view_split_rows(case_graph(b), x, 3);
    case_output(b, op_norm(case_graph(b), heads, NULL, NULL,
                           &(NormParams){.kind = NORM_PIXEL, .eps = 1e-4f}));
}

typedef struct RopeShape {
    uint32_t rows, channels, head_dim, rotated;
} RopeShape;

static void build_rope(CaseBuilder *b, const void *shape)
{
    const RopeShape *s = shape;
    Tensor *x = case_input(b, (Shape){1, 1, s->rows, s->channels});
    Tensor *table = case_input(b, (Shape){1, 1, s->rows, s->rotated});
    case_output(b, op_rope(case_graph(b), x, table, s->head_dim));
}

typedef struct SoftmaxShape {
    Shape x;
    uint32_t columns;
} SoftmaxShape;

static void build_softmax(CaseBuilder *b, const void *shape)
{
    const SoftmaxShape *s = shape;
    case_output(b, op_softmax(case_graph(b), case_input(b, s->x), s->columns));
}

typedef struct CombineShape {
    Shape x;
    uint32_t count;
    bool from_tensor;
    float limit;
} CombineShape;

static void build_combine(CaseBuilder *b, const void *shape)
{
    const CombineShape *s = shape;
    const float c[8] = {1.5f, -0.25f, 0.5f, 2.0f, -1.0f, 0.125f, 3.0f, -0.75f};
    Tensor *x[8] = {0};
    for (uint32_t i = 0; i < s->count; i++)
        x[i] = case_input(b, s->x);
    Tensor *coefficients = s->from_tensor ? case_input(b, (Shape){1, 1, 1, 8}) : NULL;
    case_output(b, op_combine(case_graph(b), s->count, x, c, coefficients, s->limit));
}

typedef struct BinaryShape {
    Shape x;
    BinaryKind kind;
    bool one_row;
} BinaryShape;

static void build_binary(CaseBuilder *b, const void *shape)
{
    const BinaryShape *s = shape;
    Tensor *x = case_input(b, s->x);
    Tensor *y = case_input(b, s->one_row ? (Shape){1, 1, 1, s->x.channels} : s->x);
    case_output(b, op_binary(case_graph(b), s->kind, x, y));
}

// Every activation, and a clamp at the end.
static void build_unary(CaseBuilder *b, const void *shape)
{
    const Activation *act = shape;
    Tensor *x = case_input(b, (Shape){1, 3, 5, 23});
    // Larger numbers too: the tails must not overflow.
    x = op_combine(case_graph(b), 1, &x, (float[]){12.0f}, NULL, 0.0f);
    case_output(b, op_unary(case_graph(b), x, *act, 0.0f, 0.0f));
}

static void build_large_unary(CaseBuilder *b, const void *shape)
{
    Tensor *x = case_input(b, (Shape){1, 1, 1024, 1024});
    case_output(b, op_unary(case_graph(b), x, ACT_SILU, 0.0f, 0.0f));
}

static void build_clamp(CaseBuilder *b, const void *shape)
{
    Tensor *x = case_input(b, (Shape){1, 3, 5, 23});
    case_output(b, op_unary(case_graph(b), x, ACT_NONE, -0.5f, 0.75f));
}

// A chain that the plan folds into one place.
static void build_in_place(CaseBuilder *b, const void *shape)
{
    Graph *g = case_graph(b);
    Tensor *x = case_input(b, (Shape){1, 1, 70, 30});
    Tensor *y = op_transpose(g, op_transpose(g, x));
    y = op_norm(g, y, NULL, NULL, &(NormParams){.kind = NORM_RMS, .eps = 1e-6f});
    y = op_unary(g, y, ACT_SILU, 0.0f, 0.0f);
    y = op_softmax(g, op_binary(g, BINARY_ADD, x, y), 21);
    case_output(b, op_rope(g, y, case_input(b, (Shape){1, 1, 70, 4}), 6));
}

typedef struct AffineShape {
    Shape x;
    bool weight, bias;
} AffineShape;

static void build_affine(CaseBuilder *b, const void *shape)
{
    const AffineShape *s = shape;
    Tensor *x = case_input(b, s->x);
    case_output(b, op_channel_affine(case_graph(b), x,
                                     s->weight ? case_vector(b, s->x.channels, 1.0) : NULL,
                                     s->bias ? case_vector(b, s->x.channels, 1.0) : NULL));
}

typedef struct SnakeShape {
    Shape x;
    bool beta, log_scale;
} SnakeShape;

static void build_snake(CaseBuilder *b, const void *shape)
{
    const SnakeShape *s = shape;
    Tensor *x = case_input(b, s->x);
    const Weight *alpha = case_vector(b, s->x.channels, 0.5);
    const Weight *beta = s->beta ? case_vector(b, s->x.channels, 0.5) : NULL;
    case_output(b, op_snake(case_graph(b), x, alpha, beta, case_vector(b, 12, 0.3),
                            case_vector(b, 12, 0.3), s->log_scale));
}

static const Activation acts[] = {ACT_SILU, ACT_GELU_TANH,  ACT_GELU_ERF, ACT_QUICK_GELU,
                                  ACT_RELU, ACT_LEAKY_RELU, ACT_TANH,     ACT_MP_SILU};

static const OpCase cases[] = {
    {"norm layer 1x1", build_norm, &(NormShape){.x = {1, 1, 1, 1}, .kind = NORM_RMS}},
    {"norm layer 7x30", build_norm, &(NormShape){.x = {1, 1, 7, 30}, .kind = NORM_LAYER}},
    {"norm layer 7x30 affine", build_norm,
     &(NormShape){.x = {1, 1, 7, 30}, .kind = NORM_LAYER, .weight = true, .bias = true}},
    {"norm layer 130x96 modulated", build_norm,
     &(NormShape){.x = {1, 1, 130, 96}, .kind = NORM_LAYER, .modulate = true}},
    {"norm layer 67x31 modulated by row", build_norm,
     &(NormShape){.x = {1, 1, 67, 31}, .kind = NORM_LAYER, .modulate = true, .indexed = true}},
    {"norm rms 5x1536 weighted", build_norm,
     &(NormShape){.x = {1, 1, 5, 1536}, .kind = NORM_RMS, .weight = true}},
    {"norm rms 200x96 rotated", build_norm,
     &(NormShape){
         .x = {1, 1, 200, 96}, .kind = NORM_RMS, .weight = true, .head_dim = 32, .rotated = 32}},
    {"norm rms 9x60 rotated in part", build_norm,
     &(NormShape){.x = {1, 1, 9, 60}, .kind = NORM_RMS, .head_dim = 20, .rotated = 14}},
    {"norm l2 3x5x7x20 silu", build_norm,
     &(NormShape){.x = {3, 5, 7, 20}, .kind = NORM_L2, .weight = true, .act = ACT_SILU}},
    {"norm pixel 90x3 mp silu", build_norm,
     &(NormShape){.x = {1, 1, 90, 3}, .kind = NORM_PIXEL, .act = ACT_MP_SILU}},
    {"norm of a view", build_norm_of_view, NULL},
    {"norm of heads", build_norm_of_heads, NULL},
    {"norm rms 1024x1024", build_norm,
     &(NormShape){.x = {1, 1, 1024, 1024}, .kind = NORM_RMS, .weight = true}, .bench_only = true},
    {"norm layer 1024x1024 modulated", build_norm,
     &(NormShape){.x = {1, 1, 1024, 1024}, .kind = NORM_LAYER, .modulate = true, .indexed = true},
     .bench_only = true},
    {"norm l2 4x64x64x96 silu", build_norm,
     &(NormShape){.x = {4, 64, 64, 96}, .kind = NORM_L2, .weight = true, .act = ACT_SILU},
     .bench_only = true},
    {"rope 1x4", build_rope, &(RopeShape){1, 4, 4, 2}},
    {"rope 33x80", build_rope, &(RopeShape){33, 80, 20, 18}},
    {"rope 75x24 heads of 6", build_rope, &(RopeShape){75, 24, 6, 4}},
    {"rope 1024x1024", build_rope, &(RopeShape){1024, 1024, 64, 64}, .bench_only = true},
    {"softmax 1x1", build_softmax, &(SoftmaxShape){{1, 1, 1, 1}, 0}},
    {"softmax 7x33", build_softmax, &(SoftmaxShape){{1, 1, 7, 33}, 0}},
    {"softmax 3x40x129 of 77", build_softmax, &(SoftmaxShape){{3, 1, 40, 129}, 77}},
    {"softmax 1024x1024", build_softmax, &(SoftmaxShape){{1, 1, 1024, 1024}, 0},
     .bench_only = true},
    {"combine 1 of 3x7x5x3", build_combine, &(CombineShape){{3, 7, 5, 3}, 1, false, 0.0f}},
    {"combine 8 of 2x9x11x16", build_combine, &(CombineShape){{2, 9, 11, 16}, 8, false, 0.0f}},
    {"combine 5 of 2x9x11x6 from a tensor", build_combine,
     &(CombineShape){{2, 9, 11, 6}, 5, true, 0.0f}},
    {"combine 3 of 33x4 clamped", build_combine, &(CombineShape){{1, 1, 33, 4}, 3, false, 1.0f}},
    {"combine 3 of 16x30x52x16", build_combine, &(CombineShape){{16, 30, 52, 16}, 3, true, 0.0f},
     .bench_only = true},
    {"binary add 3x5x31", build_binary, &(BinaryShape){{1, 3, 5, 31}, BINARY_ADD, false}},
    {"binary multiply 77x8", build_binary, &(BinaryShape){{1, 1, 77, 8}, BINARY_MULTIPLY, false}},
    {"binary add row 77x9", build_binary, &(BinaryShape){{1, 1, 77, 9}, BINARY_ADD, true}},
    {"binary multiply row 1x5", build_binary, &(BinaryShape){{1, 1, 1, 5}, BINARY_MULTIPLY, true}},
    {"binary add 1024x1024", build_binary, &(BinaryShape){{1, 1, 1024, 1024}, BINARY_ADD, false},
     .bench_only = true},
    {"unary silu", build_unary, &acts[0]},
    {"unary gelu tanh", build_unary, &acts[1]},
    // The polynomial of erf is good to 1.5e-7 absolute, and gelu keeps the tail's absolute error.
    {"unary gelu erf", build_unary, &acts[2]},
    {"unary quick gelu", build_unary, &acts[3]},
    {"unary relu", build_unary, &acts[4]},
    {"unary leaky relu", build_unary, &acts[5]},
    {"unary tanh", build_unary, &acts[6]},
    {"unary mp silu", build_unary, &acts[7]},
    {"unary clamp", build_clamp, NULL},
    {"unary silu 1024x1024", build_large_unary, NULL, .bench_only = true},
    {"chain in place", build_in_place, NULL},
    {"channel_affine 7x13", build_affine, &(AffineShape){{1, 1, 7, 13}, true, true}},
    {"channel_affine 2x3x4x8 bias", build_affine, &(AffineShape){{2, 3, 4, 8}, false, true}},
    {"channel_affine 99x5 weight", build_affine, &(AffineShape){{1, 1, 99, 5}, true, false}},
    {"channel_affine 4x64x64x96", build_affine, &(AffineShape){{4, 64, 64, 96}, true, true},
     .bench_only = true},
    {"snake 1x1", build_snake, &(SnakeShape){{1, 1, 1, 1}, true, true}},
    {"snake 5x6", build_snake, &(SnakeShape){{1, 1, 5, 6}, false, true}},
    // 1 / (beta + 1e-9) of a beta near 0 makes the sine's own error visible.
    {"snake 2x50x11 log", build_snake, &(SnakeShape){{1, 2, 50, 11}, true, true}},
    {"snake 8x16", build_snake, &(SnakeShape){{1, 1, 8, 16}, true, true}},
    {"snake 9x16", build_snake, &(SnakeShape){{1, 1, 9, 16}, true, true}},
    {"snake 16000x32", build_snake, &(SnakeShape){{1, 1, 16000, 32}, true, true},
     .bench_only = true},
};

const OpCaseTable row_cases = {cases, COUNT(cases)};
