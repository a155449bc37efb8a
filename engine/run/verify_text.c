// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of the text encoder and of the CLIP image tower.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "models/clip_vision.h"
#include "models/umt5.h"
#include "run/golden.h"

// The bucket of each distance from -300 to 300, read through the operation that the encoder uses: a table whose
// rows are their own number, one query at 300 of 601 positions.
static RshStatus compare_buckets(GoldenCase *golden, const Umt5Config *config)
{
    enum { SPAN = 601 };
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    Program *program = NULL;
    float *all = calloc((size_t)SPAN * SPAN, sizeof(float)),
          *numbers = calloc(config->buckets, sizeof(float));
    RshStatus status = RSH_OK;
    const uint64_t dims[2] = {config->buckets, 1};
    if (!all || !numbers) {
        free(numbers);
        status =
            error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the table of distances.");
        goto done;
    }
    for (uint32_t i = 0; i < config->buckets; i++)
        numbers[i] = (float)i;
    if ((status = weight_set_open(golden->weights, "", &weights, &golden->error)) != RSH_OK ||
        (status = graph_create("buckets", &graph, &golden->error)) != RSH_OK) {
        free(numbers);
        goto done;
    }
    const Weight *table = weight_set_derive(weights, "numbers", 2, dims, numbers);
    graph_output(graph, op_t5_bias(graph, table, SPAN, SPAN, config->buckets, config->max_distance),
                 "bias");
    if ((status = golden_prepare(golden, graph, &program)) == RSH_OK &&
        (status = golden_execute(golden, program)) == RSH_OK &&
        (status = program->ops->read(program, graph_find(graph, "bias"), all, &golden->error)) ==
            RSH_OK)
        status = golden_compare(golden, "buckets", GOLDEN_ROWS, all + 300 * SPAN, SPAN);
done:
    if (program)
        program->ops->release(&program);
    if (weights)
        golden->runner->ops->drop_weights(golden->runner, weights);
    graph_destroy(&graph);
    weight_set_close(&weights);
    free(all);
    return status;
}

// Ids of the real tokens: those the mask keeps.
static int32_t *real_ids(GoldenCase *golden, uint32_t *count)
{
    Shape shape = {0};
    float *ids = golden_input(golden, "ids", GOLDEN_ROWS, &shape);
    float *mask = golden_input(golden, "mask", GOLDEN_ROWS, NULL);
    int32_t *real = calloc(shape.channels + 1, sizeof(int32_t));
    *count = 0;
    for (uint32_t i = 0; ids && mask && real && i < shape.channels; i++) {
        if (mask[i] > 0)
            real[(*count)++] = (int32_t)ids[i];
    }
    free(ids);
    free(mask);
    return real;
}

static RshStatus run_encoder(GoldenCase *golden, WeightSet *weights, const Umt5Config *config)
{
    static const char *const names[] = {"context", "block0_attn", "block0"};
    Graph *graph = NULL;
    Program *program = NULL;
    float *rows = NULL;
    uint32_t count;
    int32_t *ids = real_ids(golden, &count);
    RshStatus status = ids && count > 0
                           ? umt5_embed(config, weights, ids, count, &rows, &golden->error)
                           : error_set(&golden->error, RSH_ERROR_FORMAT, "The case has no tokens.");
    if (status == RSH_OK && (status = graph_create("text", &graph, &golden->error)) == RSH_OK) {
        Tensor *tokens =
            graph_input(graph, "tokens", (Shape){1, 1, count, config->dim}, TENSOR_F32);
        graph_output(graph, umt5_build(graph, weights, config, tokens, true), "context");
        if ((status = golden_prepare(golden, graph, &program)) == RSH_OK &&
            (status = golden_write(golden, graph, program, "tokens", rows)) == RSH_OK)
            status = golden_execute(golden, program);
    }
    for (size_t i = 0; i < 3 && status == RSH_OK; i++)
        status = golden_compare_tensor(golden, graph, program, names[i], names[i], GOLDEN_ROWS);
    if (program)
        program->ops->release(&program);
    graph_destroy(&graph);
    free(rows);
    free(ids);
    return status;
}

RshStatus verify_umt5(GoldenCase *golden)
{
    WeightSet *weights = NULL;
    Umt5Config config;
    RshStatus status = weight_set_open(golden->weights, "", &weights, &golden->error);
    if (status == RSH_OK &&
        (status = umt5_config_read(golden->config, weights, &config, &golden->error)) == RSH_OK) {
        status = run_encoder(golden, weights, &config);
        if (status == RSH_OK)
            status = compare_buckets(golden, &config);
        golden->runner->ops->drop_weights(golden->runner, weights);
    }
    weight_set_close(&weights);
    return status;
}

RshStatus verify_clip(GoldenCase *golden)
{
    static const char *const names[] = {"tokens", "pre_norm", "block0_attn", "block0"};
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    Program *program = NULL;
    ClipConfig config;
    Shape shape = {0};
    float *image = golden_input(golden, "image", GOLDEN_CHANNELS_FIRST, &shape);
    RshStatus status = image ? weight_set_open(golden->weights, "visual.", &weights, &golden->error)
                             : golden->error.status;
    if (status == RSH_OK &&
        (status = clip_config_read(golden->config, weights, &config, &golden->error)) == RSH_OK &&
        (status = graph_create("clip", &graph, &golden->error)) == RSH_OK) {
        Tensor *in =
            graph_input(graph, "image", (Shape){1, shape.height, shape.width, 3}, TENSOR_F32);
        // Output and last block are one tensor here; a sum with nothing gives it a second name.
        Tensor *tokens = clip_build(graph, weights, &config, in, true);
        const float one = 1;
        graph_output(graph, op_combine(graph, 1, &tokens, &one, NULL, 0), "tokens");
        if ((status = golden_prepare(golden, graph, &program)) == RSH_OK &&
            (status = golden_write(golden, graph, program, "image", image)) == RSH_OK)
            status = golden_execute(golden, program);
        for (size_t i = 0; i < 4 && status == RSH_OK; i++)
            status = golden_compare_tensor(golden, graph, program, names[i], names[i], GOLDEN_ROWS);
        if (program)
            program->ops->release(&program);
        golden->runner->ops->drop_weights(golden->runner, weights);
    }
    graph_destroy(&graph);
    weight_set_close(&weights);
    free(image);
    return status;
}
