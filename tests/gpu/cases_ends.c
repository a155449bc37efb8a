// SPDX-License-Identifier: GPL-3.0-or-later
// Operations at the ends of networks: tokens, positions and times into numbers, numbers into pictures.
#include <math.h>

#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EXACT    1e-30 // not one bit
#define WAVES    1e-7  // ||a - b|| / ||b||; a number of them is off by 1.3e-7 at most
#define TIMES    512

typedef struct EmbeddingShape {
    uint32_t rows, vocabulary, channels;
} EmbeddingShape;

static void build_embedding(CaseBuilder *b, const void *shape)
{
    const EmbeddingShape *s = shape;
    Tensor *ids = case_indices(b, s->rows, s->vocabulary);
    const Weight *table = case_weight(b, 2, (uint64_t[]){s->vocabulary, s->channels}, 1.0);
    case_output(b, op_embedding(case_graph(b), ids, table));
}

typedef struct T5Shape {
    uint32_t heads, queries, keys, buckets, distance;
} T5Shape;

static void build_t5_bias(CaseBuilder *b, const void *shape)
{
    const T5Shape *s = shape;
    const Weight *table = case_weight(b, 2, (uint64_t[]){s->buckets, s->heads}, 1.0);
    case_output(b, op_t5_bias(case_graph(b), table, s->queries, s->keys, s->buckets, s->distance));
}

static void build_to_rgba8(CaseBuilder *b, const void *shape)
{
    case_output(b, op_to_rgba8(case_graph(b), case_input(b, *(const Shape *)shape)));
}

typedef struct TimesShape {
    uint32_t rows, channels;
    double scale;
} TimesShape;

// 0, then times of any fraction up to about `scale`.
static void build_time_embedding(CaseBuilder *b, const void *shape)
{
    const TimesShape *s = shape;
    int32_t times[TIMES][2] = {{0}};
    for (uint32_t r = 1; r < s->rows && r < TIMES; r++)
        time_split(s->scale * fmod(r * 0.6180339887498949, 1.0), times[r]);
    Tensor *t =
        graph_constant(case_graph(b), "times", (Shape){1, 1, s->rows, 2}, TENSOR_I32, times);
    case_output(b, op_time_embedding(case_graph(b), t, s->channels));
}

// About as many colours inside 0 to 1 as beyond.
static void build_latents_to_rgb(CaseBuilder *b, const void *shape)
{
    const Shape *s = shape;
    Tensor *x = case_input(b, *s), *map = case_input(b, (Shape){1, 1, s->channels + 1, 3});
    x = op_combine(case_graph(b), 1, &x, (float[]){0.5f / sqrtf((float)s->channels)}, NULL, 0.0f);
    case_output(b, op_latents_to_rgb(case_graph(b), x, map));
}

static void build_latents_of_a_view(CaseBuilder *b, const void *shape)
{
    Graph *g = case_graph(b);
    Tensor *x = graph_view_frames(g, case_input(b, (Shape){4, 3, 5, 22}), 1, 2);
    Tensor *map = graph_view_rows(g, case_input(b, (Shape){1, 1, 19, 3}), 3, 15);
    case_output(b, op_latents_to_rgb(g, graph_view_channels(g, x, 8, 14), map));
}

static const OpCase cases[] = {
    {"embedding 1x1", build_embedding, &(EmbeddingShape){1, 1, 1}, EXACT},
    {"embedding 77x50x30", build_embedding, &(EmbeddingShape){77, 50, 30}, EXACT},
    {"embedding 512x8000x1024", build_embedding, &(EmbeddingShape){512, 8000, 1024},
     .bench_only = true},
    {"t5_bias 3x5x5", build_t5_bias, &(T5Shape){3, 5, 5, 32, 128}, EXACT},
    {"t5_bias 2x7x300", build_t5_bias, &(T5Shape){2, 7, 300, 32, 128}, EXACT},
    {"t5_bias 1x260x3", build_t5_bias, &(T5Shape){1, 260, 3, 8, 20}, EXACT},
    {"t5_bias 24x512x512", build_t5_bias, &(T5Shape){24, 512, 512, 32, 128}, .bench_only = true},
    {"to_rgba8 3x5x7", build_to_rgba8, &(Shape){3, 5, 7, 3}},
    {"to_rgba8 4x256x256x3", build_to_rgba8, &(Shape){4, 256, 256, 3}, .bench_only = true},
    {"latents_to_rgb 1x1", build_latents_to_rgb, &(Shape){1, 1, 1, 1}},
    {"latents_to_rgb 3x5x7x16", build_latents_to_rgb, &(Shape){3, 5, 7, 16}},
    {"latents_to_rgb 7x10x16x48", build_latents_to_rgb, &(Shape){7, 10, 16, 48}},
    {"latents_to_rgb 130x6", build_latents_to_rgb, &(Shape){1, 1, 130, 6}},
    {"latents_to_rgb of a view", build_latents_of_a_view, NULL},
    {"latents_to_rgb 31x44x80x48", build_latents_to_rgb, &(Shape){31, 44, 80, 48},
     .bench_only = true},
    {"time_embedding 1x2", build_time_embedding, &(TimesShape){1, 2, 0}, WAVES},
    {"time_embedding 2x256", build_time_embedding, &(TimesShape){2, 256, 1000}, WAVES},
    {"time_embedding 9x14", build_time_embedding, &(TimesShape){9, 14, 1000}, WAVES},
    {"time_embedding 64x30 near 0", build_time_embedding, &(TimesShape){64, 30, 1e-3}, WAVES},
    {"time_embedding 33x256 of 2^31", build_time_embedding, &(TimesShape){33, 256, 0x1p31}, WAVES},
    {"time_embedding 500x256", build_time_embedding, &(TimesShape){500, 256, 1000}, WAVES},
};

const OpCaseTable end_cases = {cases, COUNT(cases)};
