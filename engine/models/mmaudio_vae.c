// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/mmaudio_vae.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"
#include "graph/ops.h"
#include "models/derived.h"

// Weighted sum that keeps the magnitude: (0.7 a + 0.3 b) / sqrt(0.7^2 + 0.3^2).
#define SUM_NORM 0.7615773105863909
#define NORM_EPS 1e-4f

typedef struct Net {
    Graph *graph;
    WeightSet *weights;
    const MmaudioConfig *config;
    const char *half; // "encoder" or "decoder"
    bool taps;
} Net;

static bool has(const Net *net, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool has(const Net *net, const char *format, ...)
{
    char leaf[96], name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(leaf, sizeof(leaf), format, arguments);
    va_end(arguments);
    snprintf(name, sizeof(name), "%s.%s.weight", net->half, leaf);
    return weight_set_find(net->weights, name) != NULL;
}

RshStatus mmaudio_config_read(const cJSON *config, WeightSet *weights, MmaudioConfig *out,
                              RshError *error)
{
    memset(out, 0, sizeof(*out));
    const Weight *mean = weight_set_find(weights, "data_mean");
    const Weight *in = weight_set_find(weights, "decoder.conv_in.weight");
    const Weight *posterior = weight_set_find(weights, "encoder.conv_out.weight");
    if (!mean || mean->n_dims != 3 || mean->dims[1] > 4096 || (!in && !posterior) ||
        (in && in->n_dims != 3) || (posterior && posterior->n_dims != 3))
        return error_set(error, RSH_ERROR_FORMAT,
                         "This is not an MMAudio VAE: 'data_mean', or 'decoder.conv_in.weight' and "
                         "'encoder.conv_out.weight', are missing.");
    uint64_t channels = in ? in->dims[1] : posterior->dims[0] / 2;
    if (channels < 1 || channels > 64)
        return error_set(error, RSH_ERROR_FORMAT,
                         "An audio VAE with %llu latent channels is not supported.",
                         (unsigned long long)channels);
    out->mels = (uint32_t)mean->dims[1];
    out->latent_channels = (uint32_t)channels;
    out->limit = 256;
    for (; out->levels < MMAUDIO_MAX_LEVELS; out->levels++) {
        char up[64], down[64];
        snprintf(up, sizeof(up), "decoder.up.%u.block.0.conv1.weight", out->levels);
        snprintf(down, sizeof(down), "encoder.down.%u.block.0.conv1.weight", out->levels);
        if (!weight_set_find(weights, up) && !weight_set_find(weights, down))
            break;
        snprintf(up, sizeof(up), "decoder.up.%u.upsample.conv.weight", out->levels + 1);
        snprintf(down, sizeof(down), "encoder.down.%u.downsample.conv1.weight", out->levels);
        out->down[out->levels] = weight_set_find(weights, up) || weight_set_find(weights, down);
    }
    if (!config)
        return RSH_OK;
    double limit = 256;
    size_t means = 0, deviations = 0;
    RshStatus status;
    if ((status = config_number(config, "audio VAE", "clip_act", 1, 1e30, &limit, error)) !=
            RSH_OK ||
        (status = config_numbers(config, "audio VAE", "latent_mean", 64, out->latent_mean, &means,
                                 error)) != RSH_OK ||
        (status = config_numbers(config, "audio VAE", "latent_std", 64, out->latent_std,
                                 &deviations, error)) != RSH_OK)
        return status;
    out->limit = (float)limit;
    out->has_latent_stats = means > 0;
    if (means != deviations || (means > 0 && means != out->latent_channels))
        return error_set(
            error, RSH_ERROR_FORMAT,
            "audio VAE: 'latent_mean' and 'latent_std' must have %u entries each, not %zu and %zu.",
            out->latent_channels, means, deviations);
    for (uint32_t i = 0; i < means; i++) {
        if (!(out->latent_std[i] > 0))
            return error_set(error, RSH_ERROR_FORMAT,
                             "audio VAE: entry %u of 'latent_std' is not above 0.", i);
    }
    return RSH_OK;
}

static void tap(const Net *net, Tensor *x, const char *name)
{
    if (net->taps && x)
        graph_output(net->graph, x, name);
}

// A convolution without bias whose stored weights are normalised; padded to keep the length.
static Tensor *conv(const Net *net, const char *leaf, Tensor *x, Activation act)
{
    char name[128];
    const RowNorm plain = {.gain = 1};
    snprintf(name, sizeof(name), "%s.%s.weight", net->half, leaf);
    const Weight *weight = derived_row_norm(net->graph, net->weights, name, &plain);
    if (!weight)
        return NULL;
    uint32_t pad = (uint32_t)(weight->dims[2] / 2);
    ConvParams params = {.pad_before = {0, 0, pad}, .pad_after = {0, 0, pad}, .act = act};
    return op_conv(net->graph, x, weight, NULL, &params);
}

static Tensor *sum(const Net *net, Tensor *a, Tensor *b)
{
    Tensor *const terms[2] = {a, b};
    const float weights[2] = {(float)(0.7 / SUM_NORM), (float)(0.3 / SUM_NORM)};
    return op_combine(net->graph, 2, terms, weights, NULL, net->config->limit);
}

static Tensor *block(const Net *net, const char *leaf, Tensor *x)
{
    char name[96];
    NormParams pixel = {.kind = NORM_PIXEL, .eps = NORM_EPS};
    Tensor *n = op_norm(net->graph, x, NULL, NULL, &pixel);
    snprintf(name, sizeof(name), "%s.conv1", leaf);
    Tensor *h = conv(net, name, op_unary(net->graph, n, ACT_MP_SILU, 0, 0), ACT_MP_SILU);
    snprintf(name, sizeof(name), "%s.conv2", leaf);
    h = conv(net, name, h, ACT_NONE);
    snprintf(name, sizeof(name), "%s.nin_shortcut", leaf);
    if (has(net, "%s", name))
        n = conv(net, name, n, ACT_NONE);
    return sum(net, n, h);
}

float mmaudio_attention_scale(uint32_t channels)
{
    return (float)(1 / sqrt((double)channels));
}

// Queries, keys and values are stored interleaved, a channel at a time, and are normalised over channels.
static MmaudioMiddle attention_parts(const Net *net, Tensor *x)
{
    char name[128];
    uint32_t channels = x ? x->shape.channels : 4;
    uint32_t *order = calloc((size_t)channels * 3, sizeof(*order));
    snprintf(name, sizeof(name), "%s.mid.attn_1.qkv.weight", net->half);
    const uint64_t dims[3] = {3 * (uint64_t)channels, channels, 1};
    if (!x || !order || !weight_set_get(net->weights, name, 3, dims, graph_error(net->graph))) {
        free(order);
        return (MmaudioMiddle){NULL, NULL, NULL, NULL};
    }
    for (uint32_t r = 0; r < channels * 3; r++)
        order[r] = r % channels * 3 + r / channels;
    const RowNorm reorder = {.gain = 1, .order = order};
    Tensor *qkv = op_linear(net->graph, x,
                            derived_row_norm(net->graph, net->weights, name, &reorder), NULL, NULL);
    free(order);

    Tensor *parts[3];
    NormParams pixel = {.kind = NORM_PIXEL, .eps = NORM_EPS};
    for (uint32_t i = 0; i < 3; i++)
        parts[i] = op_norm(net->graph, graph_view_channels(net->graph, qkv, i * channels, channels),
                           NULL, NULL, &pixel);
    return (MmaudioMiddle){x, parts[0], parts[1], parts[2]};
}

static MmaudioMiddle before_attention(const Net *net, Tensor *x)
{
    x = block(net, "mid.block_1", x);
    tap(net, x, "mid1");
    return attention_parts(net, x);
}

static Tensor *after_attention(const Net *net, Tensor *x, Tensor *y)
{
    x = sum(net, x, conv(net, "mid.attn_1.proj_out", y, ACT_NONE));
    tap(net, x, "attn");
    x = block(net, "mid.block_2", x);
    tap(net, x, "mid2");
    return x;
}

static Tensor *middle(const Net *net, Tensor *x)
{
    const MmaudioMiddle m = before_attention(net, x);
    AttentionParams params = {.heads = 1,
                              .scale = mmaudio_attention_scale(m.x ? m.x->shape.channels : 1)};
    return after_attention(net, m.x, op_attention(net->graph, m.q, m.k, m.v, &params));
}

// The data's mean or standard deviation: [1, mels, 1].
static float *read_stat(const Net *net, const char *name)
{
    const uint64_t dims[3] = {1, net->config->mels, 1};
    return derived_read(net->graph,
                        weight_set_get(net->weights, name, 3, dims, graph_error(net->graph)));
}

// The last convolution: a learnt gain, and `row_scale` and `bias` for what follows.
static Tensor *conv_out(const Net *net, Tensor *x, const float *row_scale, const Weight *bias)
{
    char name[64];
    snprintf(name, sizeof(name), "%s.learnable_gain", net->half);
    float *gain = derived_read(
        net->graph, weight_set_get(net->weights, name, 0, NULL, graph_error(net->graph)));
    if (!gain)
        return NULL;
    const RowNorm how = {.gain = 1 + (double)gain[0], .row_scale = row_scale};
    free(gain);
    snprintf(name, sizeof(name), "%s.conv_out.weight", net->half);
    const Weight *weight = derived_row_norm(net->graph, net->weights, name, &how);
    if (!weight)
        return NULL;
    uint32_t pad = (uint32_t)(weight->dims[2] / 2);
    ConvParams params = {.pad_before = {0, 0, pad}, .pad_after = {0, 0, pad}};
    return op_conv(net->graph, op_unary(net->graph, x, ACT_MP_SILU, 0, 0), weight, bias, &params);
}

static Tensor *first_conv(const Net *net, Tensor *latents)
{
    const MmaudioConfig *config = net->config;
    Tensor *x = latents;
    if (config->has_latent_stats)
        x = op_channel_affine(net->graph, x,
                              derived_vector(net->graph, net->weights, "latent_std",
                                             config->latent_std, config->latent_channels),
                              derived_vector(net->graph, net->weights, "latent_mean",
                                             config->latent_mean, config->latent_channels));
    x = conv(net, "conv_in", x, ACT_NONE);
    tap(net, x, "conv_in");
    return x;
}

static Tensor *to_mel(const Net *net, Tensor *x)
{
    Graph *graph = net->graph;
    const MmaudioConfig *config = net->config;
    char name[96];
    for (uint32_t level = config->levels; level-- > 0;) {
        graph_set_block(graph, config->levels - level);
        for (uint32_t i = 0; has(net, "up.%u.block.%u.conv1", level, i); i++) {
            snprintf(name, sizeof(name), "up.%u.block.%u", level, i);
            x = block(net, name, x);
        }
        snprintf(name, sizeof(name), "up%u_last", level);
        tap(net, x, name);
        if (has(net, "up.%u.upsample.conv", level)) {
            const uint32_t twice[3] = {1, 1, 2};
            snprintf(name, sizeof(name), "up.%u.upsample.conv", level);
            x = conv(net, name, op_upsample(graph, x, twice), ACT_NONE);
            snprintf(name, sizeof(name), "up%u_upsample", level);
            tap(net, x, name);
        }
    }
    float *mean = read_stat(net, "data_mean"), *std = read_stat(net, "data_std");
    Tensor *mel = NULL;
    if (mean && std)
        mel = conv_out(net, x, std,
                       derived_vector(graph, net->weights, "data_mean row", mean, config->mels));
    free(mean);
    free(std);
    return mel;
}

Tensor *mmaudio_build_decode(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                             Tensor *latents, bool taps)
{
    const Net net = {graph, weights, config, "decoder", taps};
    return to_mel(&net, middle(&net, first_conv(&net, latents)));
}

MmaudioMiddle mmaudio_build_front(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                                  Tensor *latents)
{
    const Net net = {graph, weights, config, "decoder", false};
    return before_attention(&net, first_conv(&net, latents));
}

Tensor *mmaudio_build_back(Graph *graph, WeightSet *weights, const MmaudioConfig *config, Tensor *x,
                           Tensor *y)
{
    const Net net = {graph, weights, config, "decoder", false};
    return to_mel(&net, after_attention(&net, x, y));
}

uint32_t mmaudio_middle_channels(WeightSet *weights)
{
    const Weight *out = weight_set_find(weights, "decoder.mid.attn_1.proj_out.weight");
    return out && out->n_dims == 3 && out->dims[1] < 1 << 16 ? (uint32_t)out->dims[1] : 0;
}

// Positions to either side that a convolution sees; 0 for one that is not there.
static uint64_t reach_of(WeightSet *weights, const char *leaf)
{
    char name[128];
    snprintf(name, sizeof(name), "decoder.%s.weight", leaf);
    const Weight *weight = weight_set_find(weights, name);
    return weight && weight->n_dims == 3 ? weight->dims[2] / 2 : 0;
}

static uint64_t block_reach(WeightSet *weights, const char *leaf)
{
    char first[96], second[96];
    snprintf(first, sizeof(first), "%s.conv1", leaf);
    snprintf(second, sizeof(second), "%s.conv2", leaf);
    return reach_of(weights, first) + reach_of(weights, second);
}

// A file may claim any kernel: farther than any clip is far enough.
static uint32_t capped(uint64_t reach)
{
    return reach < MMAUDIO_MAX_REACH ? (uint32_t)reach : MMAUDIO_MAX_REACH;
}

uint32_t mmaudio_front_reach(WeightSet *weights)
{
    return capped(reach_of(weights, "conv_in") + block_reach(weights, "mid.block_1"));
}

uint32_t mmaudio_back_reach(WeightSet *weights, const MmaudioConfig *config)
{
    const Net net = {.weights = weights, .half = "decoder"};
    uint64_t latents = block_reach(weights, "mid.block_2"), rate = 1;
    char name[64];
    for (uint32_t level = config->levels; level-- > 0;) {
        uint64_t positions = 0;
        for (uint32_t i = 0; has(&net, "up.%u.block.%u.conv1", level, i); i++) {
            snprintf(name, sizeof(name), "up.%u.block.%u", level, i);
            positions += block_reach(weights, name);
        }
        latents += (positions + rate - 1) / rate;
        snprintf(name, sizeof(name), "up.%u.upsample.conv", level);
        if (!has(&net, "%s", name))
            continue;
        rate *= 2;
        latents += (reach_of(weights, name) + rate - 1) / rate;
    }
    return capped(latents + (reach_of(weights, "conv_out") + rate - 1) / rate);
}

Tensor *mmaudio_build_encode(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                             Tensor *mel, bool taps)
{
    const Net net = {graph, weights, config, "encoder", taps};
    char name[96];
    float *mean = read_stat(&net, "data_mean"), *std = read_stat(&net, "data_std");
    if (!mean || !std) {
        free(mean);
        free(std);
        return NULL;
    }
    for (uint32_t i = 0; i < config->mels; i++) {
        mean[i] = -mean[i] / std[i];
        std[i] = 1 / std[i];
    }
    Tensor *x = op_channel_affine(graph, mel,
                                  derived_vector(graph, weights, "data scale", std, config->mels),
                                  derived_vector(graph, weights, "data shift", mean, config->mels));
    free(mean);
    free(std);
    x = conv(&net, "conv_in", x, ACT_NONE);
    tap(&net, x, "conv_in");
    for (uint32_t level = 0; level < config->levels; level++) {
        graph_set_block(graph, level + 1);
        for (uint32_t i = 0; has(&net, "down.%u.block.%u.conv1", level, i); i++) {
            snprintf(name, sizeof(name), "down.%u.block.%u", level, i);
            x = block(&net, name, x);
        }
        if (has(&net, "down.%u.downsample.conv1", level)) {
            snprintf(name, sizeof(name), "down.%u.downsample.conv1", level);
            x = op_avg_pool(graph, conv(&net, name, x, ACT_NONE), 2);
            snprintf(name, sizeof(name), "down.%u.downsample.conv2", level);
            x = conv(&net, name, x, ACT_NONE);
            snprintf(name, sizeof(name), "down%u", level);
            tap(&net, x, name);
        }
    }
    return conv_out(&net, middle(&net, x), NULL, NULL);
}

Tensor *mmaudio_build_latents(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                              Tensor *posterior)
{
    uint32_t channels = config->latent_channels;
    Tensor *mean = graph_view_channels(graph, posterior, 0, channels);
    if (!config->has_latent_stats)
        return mean;
    float scale[64], shift[64];
    for (uint32_t i = 0; i < channels; i++) {
        scale[i] = 1 / config->latent_std[i];
        shift[i] = -config->latent_mean[i] / config->latent_std[i];
    }
    return op_channel_affine(graph, mean,
                             derived_vector(graph, weights, "latent scale", scale, channels),
                             derived_vector(graph, weights, "latent shift", shift, channels));
}
