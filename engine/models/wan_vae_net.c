// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/wan_vae_net.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"

// ---- configuration ---------------------------------------------------------------------------------

static const Weight *find(WeightSet *weights, const char *half, const char *leaf)
{
    char name[192];
    snprintf(name, sizeof(name), "%s.%s", half, leaf);
    return weight_set_find(weights, name);
}

// How often the network halves the picture and the frame rate.
static void count_stages(WeightSet *weights, const char *half, const char *list, bool nested,
                         WanVaeConfig *out)
{
    char layer_name[64], leaf[128];
    for (uint32_t stage = 0; stage < 64; stage++) {
        for (uint32_t layer = 0; layer < (nested ? 16u : 1u); layer++) {
            if (nested)
                snprintf(layer_name, sizeof(layer_name), "%s.%u.%s.%u", list, stage, list, layer);
            else
                snprintf(layer_name, sizeof(layer_name), "%s.%u", list, stage);
            snprintf(leaf, sizeof(leaf), "%s.resample.1.weight", layer_name);
            if (find(weights, half, leaf))
                out->space *= 2;
            snprintf(leaf, sizeof(leaf), "%s.time_conv.weight", layer_name);
            if (find(weights, half, leaf))
                out->time *= 2;
        }
    }
}

static RshStatus read_statistics(const cJSON *config, WanVaeConfig *out, RshError *error)
{
    bool long_names = cJSON_HasObjectItem(config, "latent_mean");
    const char *mean = long_names ? "latent_mean" : "mean",
               *std = long_names ? "latent_std" : "std";
    size_t means = 0, deviations = 0;
    RshStatus status;
    if ((status = config_numbers(config, "VAE", mean, WAN_VAE_MAX_CHANNELS, out->mean, &means,
                                 error)) != RSH_OK ||
        (status = config_numbers(config, "VAE", std, WAN_VAE_MAX_CHANNELS, out->std, &deviations,
                                 error)) != RSH_OK)
        return status;
    if (means != out->latent_channels || deviations != out->latent_channels)
        return error_set(error, RSH_ERROR_FORMAT,
                         "VAE: '%s' and '%s' must have %u entries each, not %zu and %zu.", mean,
                         std, out->latent_channels, means, deviations);
    for (uint32_t i = 0; i < out->latent_channels; i++) {
        if (!(out->std[i] > 0))
            return error_set(error, RSH_ERROR_FORMAT, "VAE: entry %u of '%s' is not above 0.", i,
                             std);
    }
    return RSH_OK;
}

RshStatus wan_vae_config_read(const cJSON *config, WeightSet *weights, WanVaeConfig *out,
                              RshError *error)
{
    memset(out, 0, sizeof(*out));
    const Weight *head = find(weights, "decoder", "head.2.weight");
    const Weight *stem = find(weights, "encoder", "conv1.weight");
    const Weight *latent = weight_set_find(weights, "conv2.weight");
    const Weight *posterior = weight_set_find(weights, "conv1.weight");
    bool decoder = head && latent, encoder = stem && posterior;
    if (!decoder && !encoder)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "This is not a Wan VAE: 'conv2.weight' and 'decoder.head.2.weight', or 'conv1.weight' "
            "and 'encoder.conv1.weight', are missing.");
    uint64_t latents = decoder ? latent->dims[0] : posterior->dims[0] / 2;
    uint64_t channels = decoder ? head->dims[0] : stem->n_dims > 1 ? stem->dims[1] : 0;
    if (latents < 1 || latents > WAN_VAE_MAX_CHANNELS ||
        (channels != 3 && channels != 12 && channels != 48))
        return error_set(
            error, RSH_ERROR_FORMAT,
            "A video VAE with %llu latent channels and %llu picture channels is not supported.",
            (unsigned long long)latents, (unsigned long long)channels);
    out->latent_channels = (uint32_t)latents;
    out->patch = channels == 3 ? 1 : channels == 12 ? 2 : 4;
    out->nested = find(weights, "decoder", "upsamples.0.upsamples.0.residual.0.gamma") ||
                  find(weights, "encoder", "downsamples.0.downsamples.0.residual.0.gamma");
    out->space = out->patch;
    out->time = 1;
    if (decoder)
        count_stages(weights, "decoder", "upsamples", out->nested, out);
    else
        count_stages(weights, "encoder", "downsamples", out->nested, out);
    for (uint32_t i = 0; i < out->latent_channels; i++)
        out->std[i] = 1;
    return config ? read_statistics(config, out, error) : RSH_OK;
}

// ---- layers ------------------------------------------------------------------------------------------

bool vae_has(const VaeNet *net, const char *format, ...)
{
    char name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    return weight_set_find(net->weights, name) != NULL;
}

void vae_tap(const VaeNet *net, Tensor *x, const char *format, ...)
{
    char name[48];
    va_list arguments;
    if (!net->taps || !x)
        return;
    va_start(arguments, format);
    vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    graph_output(net->graph, x, name);
}

const Weight *vae_weight(const VaeNet *net, const char *name, const char *leaf, uint32_t n_dims)
{
    char full[160];
    const uint64_t any[5] = {0};
    snprintf(full, sizeof(full), "%s.%s", name, leaf);
    return weight_set_get(net->weights, full, n_dims, any, graph_error(net->graph));
}

void vae_state_name(const char *name, char out[VAE_STATE_NAME])
{
    size_t used = (size_t)snprintf(out, VAE_STATE_NAME, "vae");
    for (const char *word = name; word && used + 8 < VAE_STATE_NAME;) {
        size_t length = strcspn(word, ".");
        int kept = word[0] >= '0' && word[0] <= '9' ? (int)length : 1;
        used += (size_t)snprintf(out + used, VAE_STATE_NAME - used, ".%.*s", kept, word);
        word = word[length] == '.' ? word + length + 1 : NULL;
    }
}

Tensor *vae_causal_conv(const VaeNet *net, const char *name, Tensor *x, Tensor *residual)
{
    char state[VAE_STATE_NAME];
    const Weight *weight = vae_weight(net, name, "weight", 5);
    if (!weight)
        return NULL;
    uint32_t history = (uint32_t)weight->dims[2] - 1, side = (uint32_t)weight->dims[3] / 2;
    vae_state_name(name, state);
    ConvParams params = {
        .pad_before = {0, side, side}, .pad_after = {0, side, side}, .residual = residual};
    if (history > 0)
        x = op_causal_window(net->graph, x, state, history);
    return op_conv(net->graph, x, weight, vae_weight(net, name, "bias", 1), &params);
}

Tensor *vae_norm(const VaeNet *net, const char *name, Tensor *x, Activation act)
{
    char full[160];
    snprintf(full, sizeof(full), "%s.gamma", name);
    NormParams params = {.kind = NORM_L2, .eps = 1e-12f, .act = act};
    // [C, 1, 1, 1], or [C, 1, 1] where the layer works on pictures.
    const Weight *gamma = weight_set_find(net->weights, full);
    if (!gamma)
        gamma = vae_weight(net, name, "gamma", 4);
    return gamma ? op_norm(net->graph, x, gamma, NULL, &params) : NULL;
}

Tensor *vae_residual_block(const VaeNet *net, const char *name, Tensor *x)
{
    char leaf[128];
    Tensor *shortcut = x;
    if (vae_has(net, "%s.shortcut.weight", name)) {
        snprintf(leaf, sizeof(leaf), "%s.shortcut", name);
        shortcut = op_linear(net->graph, x, vae_weight(net, leaf, "weight", 5),
                             vae_weight(net, leaf, "bias", 1), NULL);
    }
    snprintf(leaf, sizeof(leaf), "%s.residual.0", name);
    Tensor *h = vae_norm(net, leaf, x, ACT_SILU);
    snprintf(leaf, sizeof(leaf), "%s.residual.2", name);
    h = vae_causal_conv(net, leaf, h, NULL);
    snprintf(leaf, sizeof(leaf), "%s.residual.3", name);
    h = vae_norm(net, leaf, h, ACT_SILU);
    snprintf(leaf, sizeof(leaf), "%s.residual.6", name);
    return vae_causal_conv(net, leaf, h, shortcut);
}

static Tensor *attention(const VaeNet *net, const char *name, Tensor *x)
{
    char leaf[128];
    uint32_t channels = x ? x->shape.channels : 0;
    snprintf(leaf, sizeof(leaf), "%s.norm", name);
    Tensor *n = vae_norm(net, leaf, x, ACT_NONE);
    snprintf(leaf, sizeof(leaf), "%s.to_qkv", name);
    Tensor *qkv = op_linear(net->graph, n, vae_weight(net, leaf, "weight", 4),
                            vae_weight(net, leaf, "bias", 1), NULL);
    AttentionParams params = {
        .heads = 1, .scale = (float)(1 / sqrt(channels ? (double)channels : 1)), .per_frame = true};
    Tensor *y = op_attention(net->graph, graph_view_channels(net->graph, qkv, 0, channels),
                             graph_view_channels(net->graph, qkv, channels, channels),
                             graph_view_channels(net->graph, qkv, 2 * channels, channels), &params);
    snprintf(leaf, sizeof(leaf), "%s.proj", name);
    LinearParams out = {.residual = x};
    return op_linear(net->graph, y, vae_weight(net, leaf, "weight", 4),
                     vae_weight(net, leaf, "bias", 1), &out);
}

Tensor *vae_middle(const VaeNet *net, const char *half, Tensor *x)
{
    char name[64];
    snprintf(name, sizeof(name), "%s.middle.0", half);
    x = vae_residual_block(net, name, x);
    vae_tap(net, x, "middle0");
    snprintf(name, sizeof(name), "%s.middle.1", half);
    x = attention(net, name, x);
    vae_tap(net, x, "middle1_attn");
    snprintf(name, sizeof(name), "%s.middle.2", half);
    x = vae_residual_block(net, name, x);
    vae_tap(net, x, "middle");
    return x;
}

// One layer: a change of size or a residual block. False when there is none of that name.
static bool layer(const VaeNet *net, const VaeHalf *half, const char *name, Tensor *around,
                  Tensor **x)
{
    if (vae_has(net, "%s.resample.1.weight", name))
        *x = half->resample(net, name, *x, around);
    else if (vae_has(net, "%s.residual.2.weight", name))
        *x = vae_residual_block(net, name, *x);
    else
        return false;
    return true;
}

static Tensor *nested_stage(const VaeNet *net, const VaeHalf *half, uint32_t stage, Tensor *x)
{
    char name[96];
    uint32_t layers = 0;
    do
        snprintf(name, sizeof(name), "%s.%s.%u.%s.%u", half->name, half->list, stage, half->list,
                 layers);
    while ((vae_has(net, "%s.residual.2.weight", name) ||
            vae_has(net, "%s.resample.1.weight", name)) &&
           ++layers);

    Tensor *around = half->shortcut(net, stage, layers, x);
    bool added = false;
    for (uint32_t i = 0; i < layers; i++) {
        snprintf(name, sizeof(name), "%s.%s.%u.%s.%u", half->name, half->list, stage, half->list,
                 i);
        added = vae_has(net, "%s.resample.1.weight", name);
        layer(net, half, name, around, &x);
    }
    return around && !added ? op_binary(net->graph, BINARY_ADD, x, around) : x;
}

Tensor *vae_stages(const VaeNet *net, const VaeHalf *half, Tensor *x)
{
    char name[96];
    for (uint32_t stage = 0; stage < 64; stage++) {
        graph_set_block(net->graph, stage + 1);
        snprintf(name, sizeof(name), "%s.%s.%u", half->name, half->list, stage);
        if (vae_has(net, "%s.%s.0.residual.2.weight", name, half->list))
            x = nested_stage(net, half, stage, x);
        else if (!layer(net, half, name, NULL, &x))
            break;
        vae_tap(net, x, "%s%u", half->tap, stage);
    }
    return x;
}
