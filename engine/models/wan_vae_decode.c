// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "models/derived.h"
#include "models/wan_vae_net.h"

// Twice the size, and twice the frames when the layer has a convolution over time: its two halves are the two
// frames. The clip's first frame is not doubled, and no history of it is kept: the second chunk starts
// from zeros.
static Tensor *upsample(const VaeNet *net, const char *name, Tensor *x, Tensor *residual)
{
    char leaf[128];
    if (vae_has(net, "%s.time_conv.weight", name) && !net->first) {
        const uint32_t two_frames[3] = {2, 1, 1};
        snprintf(leaf, sizeof(leaf), "%s.time_conv", name);
        x = op_depth_to_space(net->graph, vae_causal_conv(net, leaf, x, NULL), two_frames,
                              BLOCK_T_Y_X_C);
    }
    snprintf(leaf, sizeof(leaf), "%s.resample.1", name);
    ConvParams params = {.upsample = {1, 2, 2},
                         .pad_before = {0, 1, 1},
                         .pad_after = {0, 1, 1},
                         .residual = residual};
    return op_conv(net->graph, x, vae_weight(net, leaf, "weight", 4),
                   vae_weight(net, leaf, "bias", 1), &params);
}

// The parameter-free way around a 2.2 stage, or NULL where it has none.
static Tensor *stage_shortcut(const VaeNet *net, uint32_t stage, uint32_t layers, Tensor *x)
{
    char leaf[128];
    snprintf(leaf, sizeof(leaf), "decoder.upsamples.%u.upsamples.%u.resample.1", stage, layers - 1);
    if (!vae_has(net, "%s.weight", leaf))
        return NULL;
    bool time =
        vae_has(net, "decoder.upsamples.%u.upsamples.%u.time_conv.weight", stage, layers - 1);
    const Weight *last = vae_weight(net, leaf, "weight", 4);
    const uint32_t factor[3] = {time ? 2 : 1, 2, 2};
    return last ? op_dup_up(net->graph, x, factor, (uint32_t)last->dims[0],
                            net->first ? factor[0] - 1 : 0)
                : NULL;
}

static const VaeHalf half = {"decoder", "upsamples", "up", upsample, stage_shortcut};

Tensor *wan_vae_build_decode(Graph *graph, WeightSet *weights, const WanVaeConfig *config,
                             Tensor *latents, bool first, bool taps)
{
    const VaeNet net = {graph, weights, config, first, taps};
    const PointwiseFold fold = {
        .in_scale = config->std, .in_shift = config->mean, .rows = config->latent_channels};
    const Weight *bias = NULL;
    const Weight *weight = derived_pointwise(graph, weights, "conv2", &fold, &bias);
    Tensor *x = weight ? op_linear(graph, latents, weight, bias, NULL) : NULL;
    vae_tap(&net, x, "conv2");
    x = vae_causal_conv(&net, "decoder.conv1", x, NULL);
    vae_tap(&net, x, "conv1");
    x = vae_stages(&net, &half, vae_middle(&net, "decoder", x));
    x = vae_norm(&net, "decoder.head.0", x, ACT_SILU);
    x = vae_causal_conv(&net, "decoder.head.2", x, NULL);
    if (config->patch > 1) {
        const uint32_t factor[3] = {1, config->patch, config->patch};
        x = op_depth_to_space(graph, x, factor, BLOCK_C_X_Y);
    }
    return x;
}
