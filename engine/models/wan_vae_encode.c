// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "models/derived.h"
#include "models/wan_vae_net.h"

// Half the size, and half the frames when the layer has a convolution over time. The clip's first frame passes
// that untouched and is kept, already halved, for the second chunk. `around` is added at the end.
static Tensor *downsample(const VaeNet *net, const char *name, Tensor *x, Tensor *around)
{
    char leaf[128], state[VAE_STATE_NAME];
    bool time = vae_has(net, "%s.time_conv.weight", name);
    snprintf(leaf, sizeof(leaf), "%s.resample.1", name);
    ConvParams params = {
        .stride = {1, 2, 2}, .pad_after = {0, 1, 1}, .residual = time ? NULL : around};
    x = op_conv(net->graph, x, vae_weight(net, leaf, "weight", 4), vae_weight(net, leaf, "bias", 1),
                &params);
    if (!time || !x)
        return x;

    snprintf(leaf, sizeof(leaf), "%s.time_conv", name);
    vae_state_name(leaf, state);
    if (net->first) {
        op_copy(net->graph, x, graph_state(net->graph, state, x->shape));
        return around ? op_binary(net->graph, BINARY_ADD, x, around) : x;
    }
    ConvParams halve = {.stride = {2, 1, 1}, .residual = around};
    x = op_causal_window(net->graph, x, state, 1);
    return op_conv(net->graph, x, vae_weight(net, leaf, "weight", 5),
                   vae_weight(net, leaf, "bias", 1), &halve);
}

// The parameter-free way around a 2.2 stage.
static Tensor *stage_shortcut(const VaeNet *net, uint32_t stage, uint32_t layers, Tensor *x)
{
    char leaf[128];
    bool space =
        vae_has(net, "encoder.downsamples.%u.downsamples.%u.resample.1.weight", stage, layers - 1);
    bool time =
        vae_has(net, "encoder.downsamples.%u.downsamples.%u.time_conv.weight", stage, layers - 1);
    snprintf(leaf, sizeof(leaf), "encoder.downsamples.%u.downsamples.0.residual.6", stage);
    const Weight *inner = vae_weight(net, leaf, "weight", 5);
    const uint32_t factor[3] = {time ? 2 : 1, space ? 2 : 1, space ? 2 : 1};
    if (!inner || !x)
        return NULL;
    if (!space && x->shape.channels == inner->dims[0])
        return x;
    return op_avg_down(net->graph, x, factor, (uint32_t)inner->dims[0]);
}

static const VaeHalf half = {"encoder", "downsamples", "down", downsample, stage_shortcut};

Tensor *wan_vae_build_encode(Graph *graph, WeightSet *weights, const WanVaeConfig *config,
                             Tensor *pixels, bool first, bool taps)
{
    const VaeNet net = {graph, weights, config, first, taps};
    Tensor *x = pixels;
    if (config->patch > 1) {
        const uint32_t factor[3] = {1, config->patch, config->patch};
        x = op_space_to_depth(graph, x, factor, BLOCK_C_X_Y);
    }
    x = vae_causal_conv(&net, "encoder.conv1", x, NULL);
    x = vae_middle(&net, "encoder", vae_stages(&net, &half, x));
    x = vae_norm(&net, "encoder.head.0", x, ACT_SILU);
    x = vae_causal_conv(&net, "encoder.head.2", x, NULL);
    vae_tap(&net, x, "head");
    // The posterior's mean, normalised; its log-variance is not computed.
    const PointwiseFold fold = {
        .out_scale = config->std, .out_shift = config->mean, .rows = config->latent_channels};
    const Weight *bias = NULL;
    const Weight *weight = derived_pointwise(graph, weights, "conv1", &fold, &bias);
    return weight ? op_linear(graph, x, weight, bias, NULL) : NULL;
}
