// SPDX-License-Identifier: GPL-3.0-or-later
// Operations that move numbers: exact, except where they take means.
#include <stdio.h>

#include "op_case.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define EXACT    1e-30 // not one bit

typedef struct BlockShape {
    Shape x;
    uint32_t factor[3];
    BlockOrder order;
    uint32_t out_channels, drop;
} BlockShape;

static void build_to_depth(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b, op_space_to_depth(case_graph(b), case_input(b, s->x), s->factor, s->order));
}

static void build_to_space(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b, op_depth_to_space(case_graph(b), case_input(b, s->x), s->factor, s->order));
}

static void build_avg_down(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b, op_avg_down(case_graph(b), case_input(b, s->x), s->factor, s->out_channels));
}

static void build_dup_up(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b,
                op_dup_up(case_graph(b), case_input(b, s->x), s->factor, s->out_channels, s->drop));
}

static void build_upsample(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b, op_upsample(case_graph(b), case_input(b, s->x), s->factor));
}

static void build_avg_pool(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    case_output(b, op_avg_pool(case_graph(b), case_input(b, s->x), s->factor[2]));
}

static void build_transpose(CaseBuilder *b, const void *shape)
{
    case_output(b, op_transpose(case_graph(b), case_input(b, *(const Shape *)shape)));
}

static void build_transpose_of_view(CaseBuilder *b, const void *shape)
{
    Tensor *x = case_input(b, (Shape){3, 4, 5, 22});
    Tensor *view = graph_view_frames(case_graph(b), x, 1, 2);
    case_output(b, op_transpose(case_graph(b), graph_view_channels(case_graph(b), view, 8, 14)));
}

typedef struct PairShape {
    Shape a, b;
} PairShape;

static void build_concat_channels(CaseBuilder *b, const void *shape)
{
    const PairShape *s = shape;
    Tensor *x = case_input(b, s->a), *y = case_input(b, s->b);
    case_output(b, op_concat_channels(case_graph(b), x, y));
}

static void build_concat_frames(CaseBuilder *b, const void *shape)
{
    const PairShape *s = shape;
    Tensor *x = case_input(b, s->a), *y = case_input(b, s->b);
    case_output(b, op_concat_frames(case_graph(b), x, y));
}

static void build_concat_rows(CaseBuilder *b, const void *shape)
{
    const PairShape *s = shape;
    Tensor *x = case_input(b, s->a), *y = case_input(b, s->b);
    case_output(b, op_concat_rows(case_graph(b), x, y));
}

// A window of a state: the tests run a graph twice, so the second sees what the first left.
static void build_window(CaseBuilder *b, const void *shape)
{
    const BlockShape *s = shape;
    Tensor *x = case_input(b, s->x);
    if (s->order) // computed: it is then written into the window, not copied
        x = op_unary(case_graph(b), x, ACT_RELU, 0.0f, 0.0f);
    char state[32]; // the runner keeps a state's shape
    snprintf(state, sizeof(state), "history %u %u %d", s->x.frames, s->x.channels, s->order);
    Tensor *window = op_causal_window(case_graph(b), x, state, s->factor[0]);
    if (s->order)
        case_output(b, op_unary(case_graph(b), x, ACT_RELU, 0.0f, 0.0f));
    case_output(b, window);
    case_output(b, graph_state(case_graph(b), state,
                               (Shape){s->factor[0], s->x.height, s->x.width, s->x.channels}));
}

// Into the middle of a tensor whose rest was written before.
static void build_copy_into_view(CaseBuilder *b, const void *shape)
{
    Graph *g = case_graph(b);
    Tensor *whole = op_unary(g, case_input(b, (Shape){1, 1, 17, 25}), ACT_RELU, 0.0f, 0.0f);
    Tensor *part = graph_view_channels(g, graph_view_rows(g, whole, 5, 9), 4, 12);
    op_copy(g, case_input(b, (Shape){1, 1, 9, 12}), part);
    case_output(b, whole);
}

static const OpCase cases[] = {
    {"space_to_depth 4x6x8x8 t y x c", build_to_depth,
     &(BlockShape){{4, 6, 8, 8}, {1, 2, 2}, BLOCK_T_Y_X_C}, EXACT},
    {"space_to_depth 4x6x9x3 t y x c", build_to_depth,
     &(BlockShape){{4, 6, 9, 3}, {2, 2, 3}, BLOCK_T_Y_X_C}, EXACT},
    {"space_to_depth 4x6x9x5 c t y x", build_to_depth,
     &(BlockShape){{4, 6, 9, 5}, {2, 2, 3}, BLOCK_C_T_Y_X}, EXACT},
    {"space_to_depth 3x6x9x3 c x y", build_to_depth,
     &(BlockShape){{3, 6, 9, 3}, {1, 2, 3}, BLOCK_C_X_Y}, EXACT},
    {"depth_to_space 2x3x5x64 t y x c", build_to_space,
     &(BlockShape){{2, 3, 5, 64}, {1, 2, 2}, BLOCK_T_Y_X_C}, EXACT},
    {"depth_to_space 2x3x5x36 t y x c", build_to_space,
     &(BlockShape){{2, 3, 5, 36}, {2, 2, 3}, BLOCK_T_Y_X_C}, EXACT},
    {"depth_to_space 2x3x5x24 c t y x", build_to_space,
     &(BlockShape){{2, 3, 5, 24}, {2, 2, 3}, BLOCK_C_T_Y_X}, EXACT},
    {"depth_to_space 2x3x5x12 c x y", build_to_space,
     &(BlockShape){{2, 3, 5, 12}, {1, 2, 2}, BLOCK_C_X_Y}, EXACT},
    {"depth_to_space 4x64x64x12 c x y", build_to_space,
     &(BlockShape){{4, 64, 64, 12}, {1, 2, 2}, BLOCK_C_X_Y}, .bench_only = true},
    {"space_to_depth 4x64x64x48 t y x c", build_to_depth,
     &(BlockShape){{4, 64, 64, 48}, {1, 2, 2}, BLOCK_T_Y_X_C}, .bench_only = true},
    {"avg_down 3x4x6x8", build_avg_down,
     &(BlockShape){{3, 4, 6, 8}, {2, 2, 2}, .out_channels = 16}},
    {"avg_down 1x4x6x6", build_avg_down, &(BlockShape){{1, 4, 6, 6}, {2, 2, 2}, .out_channels = 3}},
    {"avg_down 2x3x5x12 factor 1", build_avg_down,
     &(BlockShape){{2, 3, 5, 12}, {1, 1, 1}, .out_channels = 4}},
    {"avg_down 4x64x64x48", build_avg_down,
     &(BlockShape){{4, 64, 64, 48}, {2, 2, 2}, .out_channels = 96}, .bench_only = true},
    {"dup_up 2x3x5x8", build_dup_up,
     &(BlockShape){{2, 3, 5, 8}, {2, 2, 2}, .out_channels = 4, .drop = 1}, EXACT},
    {"dup_up 2x3x5x6", build_dup_up, &(BlockShape){{2, 3, 5, 6}, {1, 2, 2}, .out_channels = 3},
     EXACT},
    {"dup_up 4x32x32x96", build_dup_up,
     &(BlockShape){{4, 32, 32, 96}, {2, 2, 2}, .out_channels = 48}, .bench_only = true},
    {"upsample 2x3x5x7", build_upsample, &(BlockShape){{2, 3, 5, 7}, {1, 2, 2}}, EXACT},
    {"upsample 2x3x5x4 in time", build_upsample, &(BlockShape){{2, 3, 5, 4}, {3, 1, 2}}, EXACT},
    {"upsample 4x64x64x96", build_upsample, &(BlockShape){{4, 64, 64, 96}, {1, 2, 2}},
     .bench_only = true},
    {"avg_pool 2x3x7x5", build_avg_pool, &(BlockShape){{2, 3, 7, 5}, {1, 1, 2}}},
    {"avg_pool 31x8 by 3", build_avg_pool, &(BlockShape){{1, 1, 31, 8}, {1, 1, 3}}},
    {"avg_pool 16000x32 by 2", build_avg_pool, &(BlockShape){{1, 1, 16000, 32}, {1, 1, 2}},
     .bench_only = true},
    {"transpose 1x1", build_transpose, &(Shape){1, 1, 1, 1}, EXACT},
    {"transpose 2x3x7x9", build_transpose, &(Shape){2, 3, 7, 9}, EXACT},
    {"transpose 65x130", build_transpose, &(Shape){1, 1, 65, 130}, EXACT},
    {"transpose of a view", build_transpose_of_view, NULL, EXACT},
    {"transpose 1024x1024", build_transpose, &(Shape){1, 1, 1024, 1024}, .bench_only = true},
    {"concat channels 8 + 12", build_concat_channels, &(PairShape){{1, 2, 5, 8}, {1, 2, 5, 12}},
     EXACT},
    {"concat channels 5 + 3", build_concat_channels, &(PairShape){{1, 2, 5, 5}, {1, 2, 5, 3}},
     EXACT},
    {"concat channels 6 + 9", build_concat_channels, &(PairShape){{1, 2, 5, 6}, {1, 2, 5, 9}},
     EXACT},
    {"concat channels 3 + 1", build_concat_channels, &(PairShape){{1, 2, 5, 3}, {1, 2, 5, 1}},
     EXACT},
    {"concat channels 1 + 1", build_concat_channels, &(PairShape){{1, 1, 1, 1}, {1, 1, 1, 1}},
     EXACT},
    {"concat frames", build_concat_frames, &(PairShape){{2, 3, 5, 7}, {1, 3, 5, 7}}, EXACT},
    {"concat rows", build_concat_rows, &(PairShape){{1, 1, 31, 9}, {1, 1, 2, 9}}, EXACT},
    {"concat channels 4x64x64x48 + 48", build_concat_channels,
     &(PairShape){{4, 64, 64, 48}, {4, 64, 64, 48}}, .bench_only = true},
    {"causal window of one frame", build_window, &(BlockShape){{1, 3, 5, 6}, {2}}, EXACT},
    {"causal window of four frames", build_window, &(BlockShape){{4, 3, 5, 8}, {2}}, EXACT},
    {"causal window of what was computed", build_window,
     &(BlockShape){{4, 8, 2, 8}, {2}, BLOCK_C_T_Y_X}, EXACT},
    {"causal window of an odd frame computed", build_window,
     &(BlockShape){{3, 3, 5, 6}, {2}, BLOCK_C_T_Y_X}, EXACT},
    {"causal window 4x64x64x96", build_window, &(BlockShape){{4, 64, 64, 96}, {2}},
     .bench_only = true},
    {"copy into a view", build_copy_into_view, NULL, EXACT},
};

const OpCaseTable move_cases = {cases, COUNT(cases)};
