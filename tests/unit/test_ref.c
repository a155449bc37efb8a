// SPDX-License-Identifier: GPL-3.0-or-later
// The reference operations on numbers small enough to work out by hand.
#include <math.h>
#include <string.h>

#include "graph/ops.h"
#include "graph/runner.h"
#include "tap.h"

static Weight weight_1d(const float *values, uint64_t a)
{
    return (Weight){.name = "w", .n_dims = 1, .dims = {a}, .values = values};
}

static Weight weight_2d(const float *values, uint64_t a, uint64_t b)
{
    return (Weight){.name = "w", .n_dims = 2, .dims = {a, b}, .values = values};
}

static Weight weight_3d(const float *values, uint64_t a, uint64_t b, uint64_t c)
{
    return (Weight){.name = "w", .n_dims = 3, .dims = {a, b, c}, .values = values};
}

static Graph *new_graph(void)
{
    Graph *graph = NULL;
    if (graph_create("test", &graph, NULL) != RSH_OK)
        abort();
    return graph;
}

// Fills every input from `data` in order, runs once and reads `output`.
static void run_graph(Graph *graph, Tensor *output, const void *const *data, void *out)
{
    Runner *runner = NULL;
    Program *program = NULL;
    RshError error = {0};
    graph_output(graph, output, "out");
    bool ok = runner_create_reference(&runner, &error) == RSH_OK &&
              runner->ops->prepare(runner, graph, NULL, &program, &error) == RSH_OK;
    for (size_t i = 0; ok && i < graph_tensor_count(graph); i++) {
        Tensor *tensor = graph_tensor(graph, i);
        if (tensor->kind == TENSOR_INPUT && !tensor->base)
            ok = program->ops->write(program, tensor, *data++, &error) == RSH_OK;
    }
    ok = ok && program->ops->run(program, NULL, &error) == RSH_OK &&
         program->ops->read(program, graph_find(graph, "out"), out, &error) == RSH_OK;
    if (!ok)
        printf("# %s\n", error.text);
    CHECK(ok);
    if (program)
        program->ops->release(&program);
    if (runner)
        runner->ops->destroy(&runner);
    graph_destroy(&graph);
}

static Tensor *input(Graph *graph, const char *name, uint32_t f, uint32_t h, uint32_t w, uint32_t c)
{
    return graph_input(graph, name, (Shape){f, h, w, c}, TENSOR_F32);
}

static void linear_applies_bias_activation_gate_and_residual_in_this_order(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 1, 2), *residual = input(graph, "r", 1, 1, 1, 1);
    Tensor *table = input(graph, "t", 1, 1, 2, 5);
    Tensor *index = graph_input(graph, "i", (Shape){1, 1, 1, 1}, TENSOR_I32);
    Weight w = weight_2d((float[]){2.0f, 3.0f}, 1, 2), b = weight_1d((float[]){-20.0f}, 1);
    Tensor *y = op_linear(
        graph, x, &w, &b,
        &(LinearParams){
            .act = ACT_LEAKY_RELU, .gate = {table, 4}, .row_index = index, .residual = residual});
    float tables[10] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 7.0f}, out;
    int32_t row = 1;
    // 2 * 1 + 3 * 4 - 20 = -6; leaky: -0.6; gate 7: -4.2; residual 100
    run_graph(graph, y, (const void *[]){(float[]){1.0f, 4.0f}, (float[]){100.0f}, tables, &row},
              &out);
    CHECK_NEAR((double)out, 95.8, 1e-7);
}

static void conv_pads_with_zeros_and_strides(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 4, 1);
    Weight w = weight_3d((float[]){1.0f, 10.0f, 100.0f}, 1, 1, 3);
    Tensor *y =
        op_conv(graph, x, &w, NULL, &(ConvParams){.pad_before = {0, 0, 1}, .stride = {1, 1, 2}});
    float out[2];
    run_graph(graph, y, (const void *[]){(float[]){1.0f, 2.0f, 3.0f, 4.0f}}, out);
    CHECK_NEAR((double)out[0], 210.0, 0.0); // 0 * 1 + 1 * 10 + 2 * 100
    CHECK_NEAR((double)out[1], 432.0, 0.0);
}

static void conv_reads_an_enlarged_input(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 2, 1);
    Weight w = weight_3d((float[]){1.0f, 10.0f, 100.0f}, 1, 1, 3);
    Tensor *y = op_conv(graph, x, &w, NULL, &(ConvParams){.upsample = {1, 1, 2}});
    float out[2];
    run_graph(graph, y, (const void *[]){(float[]){1.0f, 2.0f}}, out); // 1 1 2 2
    CHECK_NEAR((double)out[0], 211.0, 0.0);
    CHECK_NEAR((double)out[1], 221.0, 0.0);
}

static void conv_transpose_spreads_every_sample(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 2, 1);
    Weight w = weight_3d((float[]){1.0f, 10.0f, 100.0f}, 1, 1, 3);
    float out[3]; // full: 1 10 102 20 200; one is cut off at both ends
    run_graph(graph, op_conv_transpose1d(graph, x, &w, NULL, 2, 1),
              (const void *[]){(float[]){1.0f, 2.0f}}, out);
    CHECK_NEAR((double)out[0], 10.0, 0.0);
    CHECK_NEAR((double)out[1], 102.0, 0.0);
    CHECK_NEAR((double)out[2], 20.0, 0.0);
}

static void every_norm_follows_its_formula(void)
{
    const double want[4] = {-1.0, 3.0 / sqrt(12.5), 3.0 / 5.0 * M_SQRT2, 3.0 / sqrt(12.5)};
    for (int kind = 0; kind < 4; kind++) {
        Graph *graph = new_graph();
        Tensor *x = input(graph, "x", 1, 1, 1, 2);
        float out[2];
        run_graph(graph, op_norm(graph, x, NULL, NULL, &(NormParams){.kind = (NormKind)kind}),
                  (const void *[]){(float[]){3.0f, 4.0f}}, out);
        CHECK_NEAR((double)out[0], want[kind], 1e-7);
    }
}

static void norm_modulates_by_one_plus_scale(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 1, 2), *table = input(graph, "t", 1, 1, 1, 6);
    float out[2];
    run_graph(graph,
              op_norm(graph, x, NULL, NULL,
                      &(NormParams){.kind = NORM_LAYER, .shift = {table, 0}, .scale = {table, 4}}),
              (const void *[]){(float[]){3.0f, 5.0f}, (float[]){10, 20, 0, 0, 1, 2}}, out);
    CHECK_NEAR((double)out[0], 8.0, 1e-7); // -1 * 2 + 10
    CHECK_NEAR((double)out[1], 23.0, 1e-7);
}

static void rope_by_a_quarter_turn_swaps_the_pair(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 1, 8), *table = input(graph, "t", 1, 1, 1, 2);
    float out[8];
    run_graph(graph, op_rope(graph, x, table, 4),
              (const void *[]){(float[]){1, 2, 3, 4, 5, 6, 7, 8}, (float[]){0, 1}}, out);
    const float want[8] = {-2, 1, 3, 4, -6, 5, 7, 8};
    for (int i = 0; i < 8; i++)
        CHECK_NEAR((double)out[i], (double)want[i], 0.0);
}

static void attention_with_one_key_returns_its_value(void)
{
    Graph *graph = new_graph();
    Tensor *q = input(graph, "q", 1, 1, 1, 8), *k = input(graph, "k", 1, 1, 2, 8);
    Tensor *v = input(graph, "v", 1, 1, 2, 8);
    const float numbers[16] = {9, 8, 7, 6, 5, 4, 3, 2};
    float out[8];
    run_graph(
        graph,
        op_attention(graph, q, k, v, &(AttentionParams){.heads = 2, .scale = 1.0f, .key_count = 1}),
        (const void *[]){numbers, numbers, numbers}, out);
    for (int i = 0; i < 8; i++)
        CHECK_NEAR((double)out[i], 9.0 - i, 0.0);
}

static void attention_weighs_values_by_softmax(void)
{
    Graph *graph = new_graph();
    Tensor *q = input(graph, "q", 1, 1, 1, 4), *k = input(graph, "k", 1, 1, 2, 4);
    float out[4];
    run_graph(graph, op_attention(graph, q, k, k, &(AttentionParams){.heads = 1, .scale = 2.0f}),
              (const void *[]){(float[]){1, 0, 0, 0}, (float[]){0, 0, 0, 0, 1, 0, 0, 0}}, out);
    CHECK_NEAR((double)out[0], 1.0 / (1.0 + exp(-2.0)), 1e-7);
}

// The decomposition for wide heads against the fused operation on the same heads, padded apart.
static void wide_heads_agree_with_the_fused_operation(void)
{
    enum { ROWS = 5, KEYS = 7, WIDE = 132 };
    float q[ROWS * WIDE], k[KEYS * WIDE], v[KEYS * WIDE], wide[ROWS * WIDE];
    for (int i = 0; i < ROWS * WIDE; i++)
        q[i] = (float)sin(i * 0.7);
    for (int i = 0; i < KEYS * WIDE; i++) {
        k[i] = (float)cos(i * 1.3);
        v[i] = (float)sin(i * 2.9);
    }
    Graph *graph = new_graph();
    Tensor *tq = input(graph, "q", 1, 1, ROWS, WIDE), *tk = input(graph, "k", 1, 1, KEYS, WIDE);
    Tensor *tv = input(graph, "v", 1, 1, KEYS, WIDE);
    run_graph(graph,
              op_attention(graph, tq, tk, tv,
                           &(AttentionParams){.heads = 1, .scale = 0.1f, .key_count = 6}),
              (const void *[]){q, k, v}, wide);
    for (int row = 0; row < ROWS; row++) {
        double weights[6], sum = 0.0;
        for (int j = 0; j < 6; j++) {
            double dot = 0.0;
            for (int c = 0; c < WIDE; c++)
                dot += (double)q[row * WIDE + c] * (double)k[j * WIDE + c];
            weights[j] = exp(0.1 * dot);
            sum += weights[j];
        }
        for (int c = 0; c < WIDE; c++) {
            double want = 0.0;
            for (int j = 0; j < 6; j++)
                want += weights[j] / sum * (double)v[j * WIDE + c];
            CHECK_NEAR((double)wide[row * WIDE + c], want, 1e-5);
        }
    }
}

static void t5_buckets_split_by_sign_and_grow(void)
{
    // 8 buckets, distance 16: half 4, exact below 2, then 2..3 logarithmic
    const float table[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    Graph *graph = new_graph();
    Weight w = weight_2d(table, 8, 1);
    float out[3 * 20];
    run_graph(graph, op_t5_bias(graph, &w, 3, 20, 8, 16), NULL, out);
    CHECK_NEAR((double)out[0], 0.0, 0.0);
    CHECK_NEAR((double)out[1], 5.0, 0.0);  // one ahead
    CHECK_NEAR((double)out[20], 1.0, 0.0); // one behind
    CHECK_NEAR((double)out[2], 6.0, 0.0);
    CHECK_NEAR((double)out[19], 7.0, 0.0); // beyond the last distance
    CHECK_NEAR((double)out[40], 2.0, 0.0);
}

static void block_orders_name_the_index_from_slowest_to_fastest(void)
{
    // two rows of two columns, two channels: c + 10 x + 100 y
    const float x[8] = {0, 1, 10, 11, 100, 101, 110, 111};
    const float want[3][8] = {{0, 1, 10, 11, 100, 101, 110, 111},
                              {0, 10, 100, 110, 1, 11, 101, 111},
                              {0, 100, 10, 110, 1, 101, 11, 111}};
    for (int order = 0; order < 3; order++) {
        float deep[8], back[8];
        for (int both = 0; both < 2; both++) {
            Graph *graph = new_graph();
            Tensor *y = op_space_to_depth(graph, input(graph, "x", 1, 2, 2, 2),
                                          (uint32_t[]){1, 2, 2}, (BlockOrder)order);
            if (both)
                y = op_depth_to_space(graph, y, (uint32_t[]){1, 2, 2}, (BlockOrder)order);
            run_graph(graph, y, (const void *[]){x}, both ? back : deep);
        }
        CHECK(memcmp(deep, want[order], sizeof(deep)) == 0);
        CHECK(memcmp(back, x, sizeof(back)) == 0);
    }
}

static void avg_down_puts_zero_frames_in_front(void)
{
    Graph *graph = new_graph();
    float out[1];
    run_graph(graph, op_avg_down(graph, input(graph, "x", 1, 1, 1, 1), (uint32_t[]){2, 1, 1}, 1),
              (const void *[]){(float[]){6.0f}}, out);
    CHECK_NEAR((double)out[0], 3.0, 0.0);
}

static void dup_up_repeats_channels_and_drops_frames(void)
{
    Graph *graph = new_graph();
    float out[2];
    // 2 channels -> 1 channel, 2 x 2 frames: repeats 1; frames x0.c0, x0.c1, x1.c0, x1.c1
    run_graph(graph, op_dup_up(graph, input(graph, "x", 2, 1, 1, 2), (uint32_t[]){2, 1, 1}, 1, 2),
              (const void *[]){(float[]){1, 2, 3, 4}}, out);
    CHECK_NEAR((double)out[0], 3.0, 0.0);
    CHECK_NEAR((double)out[1], 4.0, 0.0);
}

static void avg_pool_drops_an_incomplete_group(void)
{
    Graph *graph = new_graph();
    float out[1];
    run_graph(graph, op_avg_pool(graph, input(graph, "x", 1, 1, 3, 1), 2),
              (const void *[]){(float[]){1, 2, 100}}, out);
    CHECK_NEAR((double)out[0], 1.5, 0.0);
}

static void snake_of_a_constant_is_the_pointwise_function(void)
{
    // Both filters have the sum 1 (per phase 0.5 and times 2), so a constant stays one.
    const float flat[12] = {1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f,
                            1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f, 1 / 12.0f};
    Weight filter = weight_1d(flat, 12), alpha = weight_1d((float[]){0.5f}, 1);
    Weight beta = weight_1d((float[]){0.25f}, 1);
    Graph *graph = new_graph();
    float out[3];
    run_graph(graph,
              op_snake(graph, input(graph, "x", 1, 1, 3, 1), &alpha, &beta, &filter, &filter, true),
              (const void *[]){(float[]){0.7f, 0.7f, 0.7f}}, out);
    double s = sin(exp(0.5) * 0.7);
    for (int i = 0; i < 3; i++)
        CHECK_NEAR((double)out[i], 0.7 + s * s / exp(0.25), 1e-6);
}

static void causal_window_remembers_the_last_frames(void)
{
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 1, 3);
    Tensor *window = op_causal_window(graph, x, "history", 2);
    graph_output(graph, window, "out");
    Runner *runner = NULL;
    Program *program = NULL;
    CHECK(runner_create_reference(&runner, NULL) == RSH_OK);
    CHECK(runner->ops->prepare(runner, graph, NULL, &program, NULL) == RSH_OK);
    float out[9];
    for (int frame = 1; frame <= 3; frame++) {
        const float data[3] = {(float)frame, 0, 0};
        CHECK(program->ops->write(program, x, data, NULL) == RSH_OK);
        CHECK(program->ops->run(program, NULL, NULL) == RSH_OK);
        CHECK(program->ops->read(program, window, out, NULL) == RSH_OK);
        CHECK_NEAR((double)out[0], frame > 2 ? frame - 2.0 : 0.0, 0.0);
        CHECK_NEAR((double)out[3], frame - 1.0, 0.0);
        CHECK_NEAR((double)out[6], (double)frame, 0.0);
    }
    runner->ops->reset_state(runner, "history");
    CHECK(program->ops->run(program, NULL, NULL) == RSH_OK);
    CHECK(program->ops->read(program, window, out, NULL) == RSH_OK);
    CHECK_NEAR((double)out[3], 0.0, 0.0);
    program->ops->release(&program);
    runner->ops->destroy(&runner);
    graph_destroy(&graph);
}

static void concat_channels_takes_any_width(void)
{
    Graph *graph = new_graph();
    Tensor *a = input(graph, "a", 1, 1, 2, 3), *b = input(graph, "b", 1, 1, 2, 2);
    Tensor *y = op_concat_channels(graph, a, b);
    float out[10];
    run_graph(graph, y, (const void *[]){(float[]){1, 2, 3, 4, 5, 6}, (float[]){7, 8, 9, 10}}, out);
    const float want[10] = {1, 2, 3, 7, 8, 4, 5, 6, 9, 10};
    CHECK(memcmp(out, want, sizeof(want)) == 0);
}

static void pictures_are_clamped_and_opaque(void)
{
    Graph *graph = new_graph();
    uint8_t out[4];
    run_graph(graph, op_to_rgba8(graph, input(graph, "x", 1, 1, 1, 3)),
              (const void *[]){(float[]){-3.0f, 0.0f, 1.5f}}, out);
    CHECK(out[0] == 0 && out[1] == 128 && out[2] == 255 && out[3] == 255);
}

static void latents_become_colours_by_a_linear_map(void)
{
    // one channel: red follows it, green goes the other way, blue stays
    const float map[6] = {0.5f, -0.5f, 0.0f, 0.25f, 1.0f, 0.6f};
    Graph *graph = new_graph();
    Tensor *x = input(graph, "x", 1, 1, 3, 1);
    Tensor *y = op_latents_to_rgb(graph, x, input(graph, "map", 1, 1, 2, 3));
    uint8_t out[12];
    run_graph(graph, y, (const void *[]){(float[]){0.0f, 1.0f, 4.0f}, map}, out);
    const uint8_t want[12] = {64, 255, 153, 255, 191, 128, 153, 255, 255, 0, 153, 255};
    CHECK(memcmp(out, want, sizeof(want)) == 0);

    RshError error = {0};
    Graph *wrong = new_graph();
    CHECK(
        !op_latents_to_rgb(wrong, input(wrong, "x", 1, 1, 3, 2), input(wrong, "map", 1, 1, 2, 3)));
    CHECK(graph_status(wrong, &error) != RSH_OK && strstr(error.text, "latents_to_rgb"));
    graph_destroy(&wrong);
}

static void times_are_split_without_loss(void)
{
    const double times[] = {0, 0.25, 999.999, 1000, 0x1p31 - 1, 1 - 0x1p-40};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        int32_t parts[2];
        time_split(times[i], parts);
        CHECK(fabs(parts[0] + (uint32_t)parts[1] * 0x1p-32 - times[i]) <= 0x1p-33);
    }
}

static void time_waves_slow_down_to_a_ten_thousandth(void)
{
    Graph *graph = new_graph();
    Tensor *times = graph_input(graph, "times", (Shape){1, 1, 2, 2}, TENSOR_I32);
    int32_t rows[2][2] = {{0}};
    float out[8];
    time_split(0.5, rows[1]);
    run_graph(graph, op_time_embedding(graph, times, 4), (const void *[]){rows}, out);
    const double want[8] = {1, 1, 0, 0, cos(0.5), cos(0.005), sin(0.5), sin(0.005)};
    for (int i = 0; i < 8; i++)
        CHECK_NEAR((double)out[i], want[i], 1e-7);

    Graph *odd = new_graph();
    RshError error = {0};
    CHECK(!op_time_embedding(odd, graph_input(odd, "t", (Shape){1, 1, 1, 2}, TENSOR_I32), 5));
    CHECK(graph_status(odd, &error) != RSH_OK && strstr(error.text, "5"));
    graph_destroy(&odd);
}

static void tokens_outside_the_vocabulary_are_refused(void)
{
    Graph *graph = new_graph();
    Tensor *ids = graph_input(graph, "ids", (Shape){1, 1, 1, 1}, TENSOR_I32);
    Weight w = weight_2d((float[]){1, 2}, 2, 1);
    op_embedding(graph, ids, &w);
    Runner *runner = NULL;
    Program *program = NULL;
    RshError error = {0};
    CHECK(runner_create_reference(&runner, NULL) == RSH_OK);
    CHECK(runner->ops->prepare(runner, graph, NULL, &program, NULL) == RSH_OK);
    CHECK(program->ops->write(program, ids, (int32_t[]){2}, NULL) == RSH_OK);
    CHECK(program->ops->run(program, NULL, &error) == RSH_ERROR_ARGUMENT);
    CHECK(strstr(error.text, "token 2") != NULL);
    program->ops->release(&program);
    runner->ops->destroy(&runner);
    graph_destroy(&graph);
}

int main(void)
{
    TAP_RUN(linear_applies_bias_activation_gate_and_residual_in_this_order);
    TAP_RUN(conv_pads_with_zeros_and_strides);
    TAP_RUN(conv_reads_an_enlarged_input);
    TAP_RUN(conv_transpose_spreads_every_sample);
    TAP_RUN(every_norm_follows_its_formula);
    TAP_RUN(norm_modulates_by_one_plus_scale);
    TAP_RUN(rope_by_a_quarter_turn_swaps_the_pair);
    TAP_RUN(attention_with_one_key_returns_its_value);
    TAP_RUN(attention_weighs_values_by_softmax);
    TAP_RUN(wide_heads_agree_with_the_fused_operation);
    TAP_RUN(t5_buckets_split_by_sign_and_grow);
    TAP_RUN(block_orders_name_the_index_from_slowest_to_fastest);
    TAP_RUN(avg_down_puts_zero_frames_in_front);
    TAP_RUN(dup_up_repeats_channels_and_drops_frames);
    TAP_RUN(avg_pool_drops_an_incomplete_group);
    TAP_RUN(snake_of_a_constant_is_the_pointwise_function);
    TAP_RUN(causal_window_remembers_the_last_frames);
    TAP_RUN(concat_channels_takes_any_width);
    TAP_RUN(pictures_are_clamped_and_opaque);
    TAP_RUN(latents_become_colours_by_a_linear_map);
    TAP_RUN(times_are_split_without_loss);
    TAP_RUN(time_waves_slow_down_to_a_ten_thousandth);
    TAP_RUN(tokens_outside_the_vocabulary_are_refused);
    return tap_done();
}
