// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/umt5.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"
#include "graph/ops.h"

enum { MAX_LAYERS = 256, MAX_WIDTH = 1 << 20 };

static const Weight *find_leaf(WeightSet *weights, uint32_t block, const char *leaf)
{
    char name[128];
    snprintf(name, sizeof(name), "blocks.%u.%s", block, leaf);
    return weight_set_find(weights, name);
}

static const Weight *token_table(WeightSet *weights)
{
    return weight_set_find(weights, "token_embedding.weight");
}

static bool is_matrix(const Weight *weight)
{
    return weight && weight->n_dims == 2 && weight->dims[0] > 0 && weight->dims[0] <= MAX_WIDTH &&
           weight->dims[1] > 0 && weight->dims[1] <= MAX_WIDTH;
}

RshStatus umt5_config_read(const cJSON *config, WeightSet *weights, Umt5Config *out,
                           RshError *error)
{
    const Weight *table = token_table(weights);
    const Weight *q = find_leaf(weights, 0, "attn.q.weight");
    const Weight *gate = find_leaf(weights, 0, "ffn.gate.0.weight");
    const Weight *positions = find_leaf(weights, 0, "pos_embedding.embedding.weight");
    memset(out, 0, sizeof(*out));
    if (!is_matrix(table) || !is_matrix(q) || !is_matrix(gate) || !is_matrix(positions))
        return error_set(
            error, RSH_ERROR_FORMAT,
            "This is not a umT5 encoder: the token table, or the queries, gate or relative "
            "positions of block 0 are missing.");
    *out = (Umt5Config){.vocabulary = (uint32_t)table->dims[0],
                        .dim = (uint32_t)table->dims[1],
                        .attention_dim = (uint32_t)q->dims[0],
                        .ffn_dim = (uint32_t)gate->dims[0],
                        .heads = (uint32_t)positions->dims[1],
                        .buckets = (uint32_t)positions->dims[0],
                        .max_distance = 128,
                        .eps = 1e-6};
    while (out->layers < MAX_LAYERS && find_leaf(weights, out->layers, "attn.q.weight"))
        out->layers++;
    if (config) {
        uint32_t layers = out->layers;
        RshStatus status;
        if ((status = config_count(config, "text encoder", "num_layers", 1, MAX_LAYERS, &layers,
                                   error)) != RSH_OK ||
            (status = config_count(config, "text encoder", "max_dist", 1, 1 << 20,
                                   &out->max_distance, error)) != RSH_OK ||
            (status = config_number(config, "text encoder", "eps", 0, 1, &out->eps, error)) !=
                RSH_OK)
            return status;
        if (layers > out->layers)
            return error_set(error, RSH_ERROR_FORMAT,
                             "The configuration has %u text layers but the weights hold %u.",
                             layers, out->layers);
        out->layers = layers;
    }
    if (out->attention_dim % out->heads != 0 || out->attention_dim / out->heads % 4 != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%u heads do not divide %u channels into multiples of 4.", out->heads,
                         out->attention_dim);
    return RSH_OK;
}

RshStatus umt5_embed(const Umt5Config *config, WeightSet *weights, const int32_t *ids,
                     uint32_t count, float **out, RshError *error)
{
    const Weight *table = token_table(weights);
    float *rows = calloc(count ? count : 1, config->dim * sizeof(float));
    RshStatus status = RSH_OK;
    *out = NULL;
    if (!rows)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for %u embedded tokens.", count);
    for (uint32_t i = 0; i < count && status == RSH_OK; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= config->vocabulary)
            status = error_set(error, RSH_ERROR_FORMAT,
                               "Token %d is not in the text encoder's vocabulary of %u.", ids[i],
                               config->vocabulary);
        else
            status = weight_read(table, (uint64_t)ids[i] * config->dim, config->dim,
                                 rows + (size_t)i * config->dim, error);
    }
    if (status != RSH_OK) {
        free(rows);
        return status;
    }
    *out = rows;
    return RSH_OK;
}

typedef struct Encoder {
    Graph *graph;
    WeightSet *weights;
    const Umt5Config *config;
} Encoder;

// [out, in] of a block, or [out] when `in` is 0; fails with the name as Wan spells it.
static const Weight *leaf_of(const Encoder *e, uint32_t block, const char *leaf, uint64_t out,
                             uint64_t in)
{
    const uint64_t dims[2] = {out, in};
    char name[128];
    snprintf(name, sizeof(name), "blocks.%u.%s", block, leaf);
    return weight_set_get(e->weights, name, in ? 2 : 1, dims, graph_error(e->graph));
}

static Tensor *normed(const Encoder *e, Tensor *x, const Weight *weight)
{
    NormParams params = {.kind = NORM_RMS, .eps = (float)e->config->eps};
    return op_norm(e->graph, x, weight, NULL, &params);
}

static Tensor *matrix(const Encoder *e, uint32_t block, const char *leaf, Tensor *x, uint32_t in,
                      uint32_t out, LinearParams params)
{
    return op_linear(e->graph, x, leaf_of(e, block, leaf, out, in), NULL, &params);
}

static Tensor *attention_block(const Encoder *e, uint32_t block, Tensor *x, bool taps)
{
    const Umt5Config *c = e->config;
    uint32_t rows = x ? x->shape.width : 0;
    Tensor *n = normed(e, x, leaf_of(e, block, "norm1.weight", c->dim, 0));
    Tensor *q = matrix(e, block, "attn.q.weight", n, c->dim, c->attention_dim, (LinearParams){0});
    Tensor *k = matrix(e, block, "attn.k.weight", n, c->dim, c->attention_dim, (LinearParams){0});
    Tensor *v = matrix(e, block, "attn.v.weight", n, c->dim, c->attention_dim, (LinearParams){0});
    // A table shared by all layers belongs to the first.
    bool own = find_leaf(e->weights, block, "pos_embedding.embedding.weight") != NULL;
    const Weight *table =
        leaf_of(e, own ? block : 0, "pos_embedding.embedding.weight", c->buckets, c->heads);
    AttentionParams params = {
        .heads = c->heads,
        .scale = 1,
        .bias = op_t5_bias(e->graph, table, rows, rows, c->buckets, c->max_distance)};
    Tensor *y = op_attention(e->graph, q, k, v, &params);
    if (taps && block == 0)
        graph_output(
            e->graph,
            matrix(e, block, "attn.o.weight", y, c->attention_dim, c->dim, (LinearParams){0}),
            "block0_attn");
    return matrix(e, block, "attn.o.weight", y, c->attention_dim, c->dim,
                  (LinearParams){.residual = x});
}

static Tensor *ffn_block(const Encoder *e, uint32_t block, Tensor *x)
{
    const Umt5Config *c = e->config;
    Tensor *n = normed(e, x, leaf_of(e, block, "norm2.weight", c->dim, 0));
    Tensor *gate = matrix(e, block, "ffn.gate.0.weight", n, c->dim, c->ffn_dim,
                          (LinearParams){.act = ACT_GELU_TANH});
    Tensor *h =
        matrix(e, block, "ffn.fc1.weight", n, c->dim, c->ffn_dim, (LinearParams){.multiply = gate});
    return matrix(e, block, "ffn.fc2.weight", h, c->ffn_dim, c->dim, (LinearParams){.residual = x});
}

Tensor *umt5_build(Graph *graph, WeightSet *weights, const Umt5Config *config, Tensor *tokens,
                   bool taps)
{
    const Encoder encoder = {graph, weights, config};
    const uint64_t dims[1] = {config->dim};
    Tensor *x = tokens;
    for (uint32_t block = 0; block < config->layers; block++) {
        graph_set_block(graph, block + 1);
        x = attention_block(&encoder, block, x, taps);
        x = ffn_block(&encoder, block, x);
        if (taps && block == 0 && x)
            graph_output(graph, x, "block0");
    }
    graph_set_block(graph, config->layers + 1);
    const Weight *final = weight_set_get(weights, "norm.weight", 1, dims, graph_error(graph));
    return normed(&encoder, x, final);
}
