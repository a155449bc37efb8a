// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/bigvgan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"
#include "graph/ops.h"
#include "models/derived.h"

RshStatus bigvgan_config_read(const cJSON *config, WeightSet *weights, BigvganConfig *out,
                              RshError *error)
{
    size_t stages = 0, blocks = 0;
    RshStatus status;
    memset(out, 0, sizeof(*out));
    out->snake_log_scale = true;
    if ((status = config_count(config, "vocoder", "num_mels", 1, 4096, &out->mels, error)) !=
            RSH_OK ||
        (status = config_bool(config, "vocoder", "snake_logscale", &out->snake_log_scale, error)) !=
            RSH_OK ||
        (status = config_counts(config, "vocoder", "upsample_rates", 1, 64, BIGVGAN_MAX_STAGES,
                                out->rates, &stages, error)) != RSH_OK ||
        (status = config_counts(config, "vocoder", "resblock_kernel_sizes", 1, 255,
                                BIGVGAN_MAX_BLOCKS, out->kernels, &blocks, error)) != RSH_OK)
        return status;
    const cJSON *lists = cJSON_GetObjectItemCaseSensitive(config, "resblock_dilation_sizes");
    if (out->mels == 0 || stages == 0 || blocks == 0 || !cJSON_IsArray(lists) ||
        (size_t)cJSON_GetArraySize(lists) != blocks)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "vocoder: 'num_mels', 'upsample_rates' and 'resblock_kernel_sizes' are needed, and "
            "'resblock_dilation_sizes' with one list for each kernel.");
    out->stages = (uint32_t)stages;
    out->blocks = (uint32_t)blocks;
    for (uint32_t b = 0; b < out->blocks; b++) {
        size_t layers = 0;
        cJSON *one = cJSON_CreateObject(); // a list reads like any other under a key
        cJSON_AddItemReferenceToObject(one, "dilations", cJSON_GetArrayItem(lists, (int)b));
        status = config_counts(one, "vocoder", "dilations", 1, 255, BIGVGAN_MAX_LAYERS,
                               out->dilations[b], &layers, error);
        cJSON_Delete(one);
        if (status != RSH_OK)
            return status;
        out->layers[b] = (uint32_t)layers;
    }
    uint64_t hop = 1;
    for (uint32_t i = 0; i < out->stages; i++)
        hop *= out->rates[i];
    if (hop > 1 << 16)
        return error_set(error, RSH_ERROR_FORMAT,
                         "A vocoder of %llu samples a frame is not supported.",
                         (unsigned long long)hop);
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "resblock"));
    if ((kind && strcmp(kind, "1") != 0) || !weight_set_find(weights, "resblocks.0.convs1.0.bias"))
        return error_set(error, RSH_ERROR_FORMAT,
                         "Only vocoders with blocks of kind 1 are supported.");
    return RSH_OK;
}

uint32_t bigvgan_hop(const BigvganConfig *config)
{
    uint32_t hop = 1;
    for (uint32_t i = 0; i < config->stages; i++)
        hop *= config->rates[i];
    return hop;
}

uint32_t bigvgan_context(const BigvganConfig *config)
{
    // Widest block of a stage: each pair of convolutions, and two anti-aliased activations that reach 6
    // samples each, all in samples of that stage.
    uint32_t frames = 4,
             samples_per_frame = 1; // 4: the first convolution, and activation and last one
    for (uint32_t stage = 0; stage < config->stages; stage++) {
        uint32_t reach = 8; // the transposed convolution
        samples_per_frame *= config->rates[stage];
        uint32_t widest = 0;
        for (uint32_t b = 0; b < config->blocks; b++) {
            uint32_t block = 0;
            for (uint32_t layer = 0; layer < config->layers[b]; layer++)
                block += config->kernels[b] / 2 * (config->dilations[b][layer] + 1) + 12;
            widest = block > widest ? block : widest;
        }
        frames += (reach + widest + samples_per_frame - 1) / samples_per_frame;
    }
    return frames;
}

typedef struct Net {
    Graph *graph;
    WeightSet *weights;
    const BigvganConfig *config;
    bool taps;
} Net;

static const Weight *vector_of(const Net *net, const char *name, const char *leaf)
{
    char full[160];
    const uint64_t any[1] = {0};
    snprintf(full, sizeof(full), "%s.%s", name, leaf);
    return weight_set_get(net->weights, full, 1, any, graph_error(net->graph));
}

// Same-length convolution.
static Tensor *conv(const Net *net, const char *name, Tensor *x, uint32_t dilation, Activation act,
                    Tensor *residual)
{
    const Weight *weight = derived_weight_norm(net->graph, net->weights, name);
    if (!weight)
        return NULL;
    uint32_t pad = (uint32_t)(weight->dims[2] - 1) * dilation / 2;
    ConvParams params = {.dilation = {1, 1, dilation},
                         .pad_before = {0, 0, pad},
                         .pad_after = {0, 0, pad},
                         .act = act,
                         .residual = residual};
    return op_conv(net->graph, x, weight, vector_of(net, name, "bias"), &params);
}

static Tensor *activation(const Net *net, const char *name, Tensor *x)
{
    char up[160], down[160];
    const uint64_t taps[3] = {1, 1, 12};
    snprintf(up, sizeof(up), "%s.upsample.filter", name);
    snprintf(down, sizeof(down), "%s.downsample.lowpass.filter", name);
    // Plain snake has no beta: alpha then plays both parts.
    char beta[160];
    snprintf(beta, sizeof(beta), "%s.act.beta", name);
    const Weight *second =
        weight_set_find(net->weights, beta) ? vector_of(net, name, "act.beta") : NULL;
    return op_snake(net->graph, x, vector_of(net, name, "act.alpha"), second,
                    weight_set_get(net->weights, up, 3, taps, graph_error(net->graph)),
                    weight_set_get(net->weights, down, 3, taps, graph_error(net->graph)),
                    net->config->snake_log_scale);
}

static Tensor *residual_block(const Net *net, uint32_t index, uint32_t kind, Tensor *x)
{
    char name[96];
    for (uint32_t layer = 0; layer < net->config->layers[kind]; layer++) {
        snprintf(name, sizeof(name), "resblocks.%u.activations.%u", index, 2 * layer);
        Tensor *h = activation(net, name, x);
        if (net->taps && index == 0 && layer == 0 && h)
            graph_output(net->graph, h, "act0");
        snprintf(name, sizeof(name), "resblocks.%u.convs1.%u", index, layer);
        h = conv(net, name, h, net->config->dilations[kind][layer], ACT_NONE, NULL);
        snprintf(name, sizeof(name), "resblocks.%u.activations.%u", index, 2 * layer + 1);
        h = activation(net, name, h);
        snprintf(name, sizeof(name), "resblocks.%u.convs2.%u", index, layer);
        x = conv(net, name, h, 1, ACT_NONE, x);
    }
    return x;
}

static Tensor *stage(const Net *net, uint32_t index, Tensor *x)
{
    const BigvganConfig *c = net->config;
    char name[96];
    Tensor *outs[BIGVGAN_MAX_BLOCKS];
    float share[BIGVGAN_MAX_BLOCKS];

    snprintf(name, sizeof(name), "ups.%u.0", index);
    const Weight *weight = derived_weight_norm(net->graph, net->weights, name);
    if (!weight || weight->dims[2] < c->rates[index] || weight->dims[2] > 1024) {
        graph_fail(net->graph, RSH_ERROR_FORMAT,
                   "The vocoder's '%s' is shorter than its rate of %u.", name, c->rates[index]);
        return NULL;
    }
    uint32_t pad = ((uint32_t)weight->dims[2] - c->rates[index]) / 2;
    x = op_conv_transpose1d(net->graph, x, weight, vector_of(net, name, "bias"), c->rates[index],
                            pad);
    if (net->taps && x) {
        snprintf(name, sizeof(name), "up%u", index);
        graph_output(net->graph, x, name);
    }
    for (uint32_t b = 0; b < c->blocks; b++) {
        outs[b] = residual_block(net, index * c->blocks + b, b, x);
        share[b] = 1.0f / (float)c->blocks;
    }
    if (net->taps && index == 0 && outs[0])
        graph_output(net->graph, outs[0], "resblock0");
    return op_combine(net->graph, c->blocks, outs, share, NULL, 0);
}

Tensor *bigvgan_build(Graph *graph, WeightSet *weights, const BigvganConfig *config, Tensor *mel,
                      bool taps)
{
    const Net net = {graph, weights, config, taps};
    Tensor *x = conv(&net, "conv_pre", mel, 1, ACT_NONE, NULL);
    if (taps && x)
        graph_output(graph, x, "conv_pre");
    for (uint32_t i = 0; i < config->stages; i++) {
        graph_set_block(graph, i + 1);
        x = stage(&net, i, x);
    }
    x = activation(&net, "activation_post", x);
    if (taps && x)
        graph_output(graph, x, "activation_post");
    return conv(&net, "conv_post", x, 1, ACT_TANH, NULL);
}
