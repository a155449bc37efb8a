// SPDX-License-Identifier: GPL-3.0-or-later
//
// wan_vae.h - the causal video VAE of Wan 2.1 and 2.2, a chunk at a time. Histories of the causal convolutions are
// states of the runner, so that memory does not grow with the clip: a chunk of its own for the first frame,
// then one graph run again and again. Source: docs/networks.md
//
// Everything but the latent statistics shows in the weights: the version (2.2 nests its stages and has
// parameter-free shortcuts), widths, blocks, which stages change size or rate, and the patch size.
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

enum { WAN_VAE_MAX_CHANNELS = 256 };

typedef struct WanVaeConfig {
    bool nested; // 2.2: stages of several layers with a shortcut around each
    uint32_t latent_channels;
    uint32_t patch;       // picture side of one position of the first convolution: 1, 2 or 4
    uint32_t space, time; // picture sides and frames of one latent position
    float mean[WAN_VAE_MAX_CHANNELS], std[WAN_VAE_MAX_CHANNELS]; // 0 and 1 without a configuration
} WanVaeConfig;

// `config` may be NULL. Statistics are the keys latent_mean / latent_std or mean / std.
RSH_MUST_USE RshStatus wan_vae_config_read(const cJSON *config, WeightSet *weights,
                                           WanVaeConfig *out, RshError *error);

// Frames that `latents` latent frames become, and the other way round.
static inline uint32_t wan_vae_frames(const WanVaeConfig *config, uint32_t latents)
{
    return latents == 0 ? 0 : 1 + (latents - 1) * config->time;
}
static inline uint32_t wan_vae_latents(const WanVaeConfig *config, uint32_t frames)
{
    return frames == 0 ? 0 : 1 + (frames - 1) / config->time;
}

// Normalised latents [1 .. n, height, width, channels] -> pixels [frames, height * space, width * space, 3], before
// the clamp to +-1. The first latent frame of a clip goes alone (`first`) and gives one picture; later ones
// give `time` pictures each. All graphs of a clip share the states.
Tensor *wan_vae_build_decode(Graph *graph, WeightSet *weights, const WanVaeConfig *config,
                             Tensor *latents, bool first, bool taps);
// Pixels -1 to 1 [1 or `time` * n, height, width, 3] -> normalised latents [1 or n, ...]. The first frame goes alone.
Tensor *wan_vae_build_encode(Graph *graph, WeightSet *weights, const WanVaeConfig *config,
                             Tensor *pixels, bool first, bool taps);
