// SPDX-License-Identifier: GPL-3.0-or-later
// exec_model.h - small graphs with random weights for the tests of the device runner, and one run of a program.
#pragma once
#include "device_test.h"
#include "graph/exec.h"
#include "graph/ops.h"

enum { ROWS = 37, CHANNELS = 24, HEADS = 2, HIDDEN = 50, FRAMES = 4, SIDE = 6 };

typedef struct Model {
    WeightSet *set;
    Graph *graph;
} Model;

static inline float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / 8388608.0f - 1.0f;
}

static inline const Weight *random_weight(Model *model, const char *name, uint32_t n_dims,
                                          const uint64_t *dims, float size)
{
    uint64_t count = 1;
    uint32_t state = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        count *= dims[i];
    for (const char *p = name; *p; p++)
        state = state * 31 + (uint32_t)*p;
    float *values = malloc(count * sizeof(float));
    for (uint64_t i = 0; values && i < count; i++)
        values[i] = noise(&state) * size;
    return weight_set_derive(model->set, name, n_dims, dims, values);
}

static inline const Weight *matrix(Model *model, const char *name, uint64_t out, uint64_t in)
{
    return random_weight(model, name, 2, (uint64_t[]){out, in}, 0.3f);
}

static inline void model_open(Model *model, const char *name)
{
    CHECK(weight_set_open(NULL, "", &model->set, NULL) == RSH_OK);
    CHECK(graph_create(name, &model->graph, NULL) == RSH_OK);
}

static inline void model_close(Model *model)
{
    graph_destroy(&model->graph);
    weight_set_close(&model->set);
}

// Transformer blocks with odd sizes: views, in-place operations and tensors that outlive others.
static inline void build_blocks(Model *model, uint32_t blocks)
{
    model_open(model, "blocks");
    Graph *graph = model->graph;
    const Shape shape = {1, 1, ROWS, CHANNELS};
    Tensor *x = graph_input(graph, "x", shape, TENSOR_F32);
    for (uint32_t b = 0; b < blocks; b++) {
        char name[16];
#define NAMED(part) (snprintf(name, sizeof(name), "%u." part, b), name)
        graph_set_block(graph, b + 1);
        Tensor *n = op_norm(graph, x, NULL, NULL, &(NormParams){.kind = NORM_LAYER, .eps = 1e-6f});
        Tensor *qkv = op_linear(graph, n, matrix(model, NAMED("qkv"), 3 * CHANNELS, CHANNELS), NULL,
                                &(LinearParams){0});
        Tensor *a = op_attention(graph, graph_view_channels(graph, qkv, 0, CHANNELS),
                                 graph_view_channels(graph, qkv, CHANNELS, CHANNELS),
                                 graph_view_channels(graph, qkv, 2 * CHANNELS, CHANNELS),
                                 &(AttentionParams){.heads = HEADS, .scale = 0.3f});
        x = op_linear(graph, a, matrix(model, NAMED("o"), CHANNELS, CHANNELS), NULL,
                      &(LinearParams){.residual = x});
        n = op_norm(graph, x, NULL, NULL, &(NormParams){.kind = NORM_RMS, .eps = 1e-6f});
        n = op_linear(graph, n, matrix(model, NAMED("up"), HIDDEN, CHANNELS), NULL,
                      &(LinearParams){.act = ACT_GELU_TANH});
        x = op_linear(graph, n, matrix(model, NAMED("down"), CHANNELS, HIDDEN), NULL,
                      &(LinearParams){.residual = x});
#undef NAMED
    }
    graph_output(graph, x, "y");
    CHECK(graph_status(graph, NULL) == RSH_OK);
}

// A chunk of a causal convolution whose history is a state; 3 channels are padded to 4.
static inline void build_chunk(Model *model, uint32_t frames)
{
    model_open(model, "chunk");
    Graph *graph = model->graph;
    Tensor *x = graph_input(graph, "x", (Shape){frames, SIDE, SIDE, 3}, TENSOR_F32);
    Tensor *window = op_causal_window(graph, x, "history", 2);
    const Weight *w = random_weight(model, "w", 5, (uint64_t[]){5, 3, 3, 3, 3}, 0.2f);
    Tensor *y = op_conv(graph, window, w, NULL,
                        &(ConvParams){.pad_before = {0, 1, 1}, .pad_after = {0, 1, 1}});
    graph_output(graph, y, "y");
    CHECK(graph_status(graph, NULL) == RSH_OK);
}

static inline float *random_input(size_t count, uint32_t seed)
{
    float *values = malloc(count * sizeof(float));
    for (size_t i = 0; values && i < count; i++)
        values[i] = noise(&seed);
    return values;
}

static inline bool run_once(Runner *runner, Program *program, const Graph *graph, const float *in,
                            float *out)
{
    RshError error = {0};
    bool ok = runner->ops->write(program, graph_find(graph, "x"), in, &error) == RSH_OK &&
              runner->ops->run(program, NULL, &error) == RSH_OK &&
              runner->ops->read(program, graph_find(graph, "y"), out, &error) == RSH_OK;
    if (!ok)
        printf("# %s\n", error.text);
    CHECK(ok);
    return ok;
}

static inline Program *prepared(Runner *runner, const Graph *graph)
{
    RshError error = {0};
    Program *program = NULL;
    if (runner->ops->prepare(runner, graph, NULL, &program, &error) != RSH_OK)
        printf("# %s\n", error.text);
    CHECK(program != NULL);
    return program;
}
