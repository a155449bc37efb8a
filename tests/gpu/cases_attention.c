// SPDX-License-Identifier: GPL-3.0-or-later
// Attention over one, odd and many keys, fused and, for wide heads, built from matmul and softmax.
#include <math.h>

#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef struct AttentionShape {
    uint32_t frames, queries, keys, heads, head_dim;
    uint32_t key_count;
    bool per_frame, bias;
} AttentionShape;

static void build_attention(CaseBuilder *b, const void *shape)
{
    const AttentionShape *s = shape;
    uint32_t c = s->heads * s->head_dim;
    Tensor *q = case_input(b, (Shape){s->frames, 1, s->queries, c});
    Tensor *k = case_input(b, (Shape){s->frames, 1, s->keys, c});
    Tensor *v = case_input(b, (Shape){s->frames, 1, s->keys, c});
    AttentionParams p = {.heads = s->heads,
                         .scale = (float)(1.0 / sqrt(s->head_dim)),
                         .key_count = s->key_count,
                         .per_frame = s->per_frame};
    if (s->bias)
        p.bias = case_input(b, (Shape){1, s->heads, s->queries, s->keys});
    case_output(b, op_attention(case_graph(b), q, k, v, &p));
}

// q, k and v as slices of one tensor.
static void build_attention_of_views(CaseBuilder *b, const void *shape)
{
    Graph *g = case_graph(b);
    Tensor *qkv = case_input(b, (Shape){1, 1, 41, 3 * 32});
    AttentionParams p = {.heads = 2, .scale = 0.25f};
    case_output(b, op_attention(g, graph_view_channels(g, qkv, 0, 32),
                                graph_view_channels(g, qkv, 32, 32),
                                graph_view_channels(g, qkv, 64, 32), &p));
}

static const OpCase cases[] = {
    {"attention 1x1 d4", build_attention, &(AttentionShape){1, 1, 1, 1, 4}},
    {"attention 33x45 2 heads d16", build_attention, &(AttentionShape){1, 33, 45, 2, 16}},
    {"attention 70x130 3 heads d64", build_attention, &(AttentionShape){1, 70, 130, 3, 64}},
    {"attention 9x77 d128", build_attention, &(AttentionShape){1, 9, 77, 2, 128}},
    {"attention 19x40 d80 of 23 keys", build_attention,
     &(AttentionShape){1, 19, 40, 2, 80, .key_count = 23}},
    {"attention 35x35 d20", build_attention, &(AttentionShape){1, 35, 35, 2, 20}},
    {"attention 25x31 biased", build_attention, &(AttentionShape){1, 25, 31, 3, 16, .bias = true}},
    {"attention 3 frames 17x17", build_attention,
     &(AttentionShape){3, 17, 17, 1, 32, .per_frame = true}},
    {"attention across frames", build_attention, &(AttentionShape){3, 7, 11, 2, 32}},
    {"attention of views", build_attention_of_views, NULL},
    {"attention 2 frames 15x15 d132", build_attention,
     &(AttentionShape){2, 15, 15, 1, 132, .per_frame = true}},
    {"attention 15x22 2 heads d136 biased", build_attention,
     &(AttentionShape){1, 15, 22, 2, 136, .key_count = 19, .bias = true}},
    {"attention 1024x1024 8 heads d64", build_attention, &(AttentionShape){1, 1024, 1024, 8, 64},
     .bench_only = true},
    {"attention 1024x512 8 heads d128", build_attention, &(AttentionShape){1, 1024, 512, 8, 128},
     .bench_only = true},
    {"attention 4 frames 1024 d384", build_attention,
     &(AttentionShape){4, 1024, 1024, 1, 384, .per_frame = true}, .bench_only = true},
};

const OpCaseTable attention_cases = {cases, COUNT(cases)};
