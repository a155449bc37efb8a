// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clip_vision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"
#include "graph/ops.h"

enum { MAX_LAYERS = 256, MAX_WIDTH = 1 << 16 };

RshStatus clip_config_read(const cJSON *config, WeightSet *weights, ClipConfig *out,
                           RshError *error)
{
    const Weight *patch = weight_set_find(weights, "patch_embedding.weight");
    const Weight *positions = weight_set_find(weights, "pos_embedding");
    const Weight *mlp = weight_set_find(weights, "transformer.0.mlp.0.weight");
    memset(out, 0, sizeof(*out));
    if (!patch || patch->n_dims != 4 || patch->dims[0] > MAX_WIDTH || patch->dims[2] > MAX_WIDTH ||
        !positions || positions->n_dims != 3 || positions->dims[1] > MAX_WIDTH || !mlp ||
        mlp->n_dims != 2 || mlp->dims[0] > MAX_WIDTH)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "This is not a CLIP image tower: 'patch_embedding.weight', 'pos_embedding' or "
            "'transformer.0.mlp.0.weight' is missing or has the wrong shape.");
    *out = (ClipConfig){.patch = (uint32_t)patch->dims[2],
                        .dim = (uint32_t)patch->dims[0],
                        .ffn_dim = (uint32_t)mlp->dims[0],
                        .heads = (uint32_t)(patch->dims[0] / 80),
                        .tokens = (uint32_t)positions->dims[1],
                        .eps = 1e-5};
    char name[64];
    for (; out->layers < MAX_LAYERS; out->layers++) {
        snprintf(name, sizeof(name), "transformer.%u.mlp.0.weight", out->layers);
        if (!weight_set_find(weights, name))
            break;
    }
    RshStatus status;
    if (config && ((status = config_count(config, "image encoder", "num_heads", 1, 256, &out->heads,
                                          error)) != RSH_OK ||
                   (status = config_number(config, "image encoder", "norm_eps", 0, 1, &out->eps,
                                           error)) != RSH_OK))
        return status;
    if (out->heads == 0 || out->dim % out->heads != 0 || out->dim / out->heads % 4 != 0 ||
        out->layers < 2 || out->patch == 0 || out->tokens < 2)
        return error_set(error, RSH_ERROR_FORMAT,
                         "A CLIP image tower of %u channels, %u heads and %u layers cannot be run.",
                         out->dim, out->heads, out->layers);
    return RSH_OK;
}

uint32_t clip_image_side(const ClipConfig *config)
{
    return (uint32_t)lround(sqrt((double)config->tokens - 1)) * config->patch;
}

// Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981; a as PyTorch has it.
static double cubic(double x)
{
    const double a = -0.75;
    x = fabs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

static uint32_t clamped(int64_t position, uint32_t size)
{
    return position < 0 ? 0 : position >= (int64_t)size ? size - 1 : (uint32_t)position;
}

void clip_prepare_image(const ClipConfig *config, const float *pixels, uint32_t width,
                        uint32_t height, float *out)
{
    static const double mean[3] = {0.48145466, 0.4578275, 0.40821073};
    static const double deviation[3] = {0.26862954, 0.26130258, 0.27577711};
    uint32_t side = clip_image_side(config);
    for (uint32_t y = 0; y < side; y++) {
        double row = (y + 0.5) * height / side - 0.5;
        for (uint32_t x = 0; x < side; x++) {
            double column = (x + 0.5) * width / side - 0.5, sum[3] = {0};
            for (int64_t j = (int64_t)floor(row) - 1; j <= (int64_t)floor(row) + 2; j++) {
                for (int64_t i = (int64_t)floor(column) - 1; i <= (int64_t)floor(column) + 2; i++) {
                    const float *pixel =
                        pixels + ((size_t)clamped(j, height) * width + clamped(i, width)) * 3;
                    double weight = cubic(row - (double)j) * cubic(column - (double)i);
                    for (int c = 0; c < 3; c++)
                        sum[c] += weight * (double)pixel[c];
                }
            }
            for (int c = 0; c < 3; c++)
                *out++ = (float)((sum[c] * 0.5 + 0.5 - mean[c]) / deviation[c]);
        }
    }
}

static const Weight *named(Graph *graph, WeightSet *weights, const char *name, uint64_t first,
                           uint64_t second)
{
    const uint64_t dims[2] = {first, second};
    return weight_set_get(weights, name, second ? 2 : 1, dims, graph_error(graph));
}

static Tensor *layer(Graph *graph, WeightSet *weights, uint32_t block, const char *leaf, Tensor *x,
                     uint32_t in, uint32_t out, LinearParams params)
{
    char name[80];
    snprintf(name, sizeof(name), "transformer.%u.%s.weight", block, leaf);
    const Weight *weight = named(graph, weights, name, out, in);
    snprintf(name, sizeof(name), "transformer.%u.%s.bias", block, leaf);
    return op_linear(graph, x, weight, named(graph, weights, name, out, 0), &params);
}

static Tensor *layer_norm(Graph *graph, WeightSet *weights, const ClipConfig *c, const char *leaf,
                          Tensor *x)
{
    char weight[80], bias[80];
    NormParams params = {.kind = NORM_LAYER, .eps = (float)c->eps};
    snprintf(weight, sizeof(weight), "%s.weight", leaf);
    snprintf(bias, sizeof(bias), "%s.bias", leaf);
    return op_norm(graph, x, named(graph, weights, weight, c->dim, 0),
                   named(graph, weights, bias, c->dim, 0), &params);
}

// Position rows, the class token added to the first: [tokens][dim], malloc'd.
static float *read_positions(Graph *graph, WeightSet *weights, const ClipConfig *c)
{
    const uint64_t positions_dims[3] = {1, c->tokens, c->dim}, class_dims[3] = {1, 1, c->dim};
    const Weight *positions =
        weight_set_get(weights, "pos_embedding", 3, positions_dims, graph_error(graph));
    const Weight *class_token =
        weight_set_get(weights, "cls_embedding", 3, class_dims, graph_error(graph));
    size_t count = (size_t)c->tokens * c->dim;
    float *rows = calloc(count + c->dim, sizeof(float));
    if (!rows) {
        graph_fail(graph, RSH_ERROR_MEMORY, "No memory for the positions of %u image tokens.",
                   c->tokens);
        return NULL;
    }
    if (!positions || !class_token ||
        weight_read(positions, 0, count, rows, graph_error(graph)) != RSH_OK ||
        weight_read(class_token, 0, c->dim, rows + count, graph_error(graph)) != RSH_OK) {
        free(rows);
        return NULL;
    }
    for (uint32_t i = 0; i < c->dim; i++)
        rows[i] += rows[count + i];
    return rows;
}

static Tensor *embed(Graph *graph, WeightSet *weights, const ClipConfig *c, Tensor *image)
{
    const uint64_t dims[4] = {c->dim, 3, c->patch, c->patch};
    ConvParams params = {.stride = {1, c->patch, c->patch}};
    Tensor *x =
        op_conv(graph, image,
                weight_set_get(weights, "patch_embedding.weight", 4, dims, graph_error(graph)),
                NULL, &params);
    if (!x)
        return NULL;
    uint32_t patches = x->shape.height * x->shape.width;
    if (patches + 1 != c->tokens) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "The image gives %u patches but the tower has %u positions.", patches,
                   c->tokens - 1);
        return NULL;
    }
    float *positions = read_positions(graph, weights, c);
    if (!positions)
        return NULL;
    Tensor *first =
        graph_constant(graph, "clip.class", (Shape){1, 1, 1, c->dim}, TENSOR_F32, positions);
    Tensor *rest = graph_constant(graph, "clip.positions", (Shape){1, 1, patches, c->dim},
                                  TENSOR_F32, positions + c->dim);
    free(positions);
    x = graph_view_shape(graph, x, (Shape){1, 1, patches, c->dim});
    return op_concat_rows(graph, first, op_binary(graph, BINARY_ADD, x, rest));
}

static Tensor *attention_block(Graph *graph, WeightSet *weights, const ClipConfig *c,
                               uint32_t block, Tensor *x, bool taps)
{
    char name[64];
    AttentionParams params = {.heads = c->heads,
                              .scale = (float)(1 / sqrt((double)c->dim / c->heads))};
    snprintf(name, sizeof(name), "transformer.%u.norm1", block);
    Tensor *n = layer_norm(graph, weights, c, name, x);
    Tensor *qkv =
        layer(graph, weights, block, "attn.to_qkv", n, c->dim, 3 * c->dim, (LinearParams){0});
    Tensor *y = op_attention(graph, graph_view_channels(graph, qkv, 0, c->dim),
                             graph_view_channels(graph, qkv, c->dim, c->dim),
                             graph_view_channels(graph, qkv, 2 * c->dim, c->dim), &params);
    if (taps && block == 0)
        graph_output(
            graph, layer(graph, weights, block, "attn.proj", y, c->dim, c->dim, (LinearParams){0}),
            "block0_attn");
    return layer(graph, weights, block, "attn.proj", y, c->dim, c->dim,
                 (LinearParams){.residual = x});
}

Tensor *clip_build(Graph *graph, WeightSet *weights, const ClipConfig *c, Tensor *image, bool taps)
{
    Tensor *x = embed(graph, weights, c, image);
    x = layer_norm(graph, weights, c, "pre_norm", x);
    if (taps && x)
        graph_output(graph, x, "pre_norm");
    // The transformer was trained on the second-last block's tokens.
    for (uint32_t block = 0; block + 1 < c->layers; block++) {
        char name[64];
        graph_set_block(graph, block + 1);
        x = attention_block(graph, weights, c, block, x, taps);
        snprintf(name, sizeof(name), "transformer.%u.norm2", block);
        Tensor *n = layer_norm(graph, weights, c, name, x);
        n = layer(graph, weights, block, "mlp.0", n, c->dim, c->ffn_dim,
                  (LinearParams){.act = ACT_GELU_ERF});
        x = layer(graph, weights, block, "mlp.2", n, c->ffn_dim, c->dim,
                  (LinearParams){.residual = x});
        if (taps && block == 0 && x)
            graph_output(graph, x, "block0");
    }
    return x;
}
