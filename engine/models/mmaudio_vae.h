// SPDX-License-Identifier: GPL-3.0-or-later
//
// mmaudio_vae.h - the 1-D audio VAE of MMAudio at 16 kHz: log-mel frames to latents and back, half as many. A
// magnitude-preserving network (Karras et al., arXiv 2312.02696) written from the formulas in
// docs/networks.md; weights are normalised once, when they are loaded.
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

enum { MMAUDIO_MAX_LEVELS = 8, MMAUDIO_MAX_REACH = 1 << 24 };

typedef struct MmaudioConfig {
    uint32_t mels, latent_channels, levels;
    bool down[MMAUDIO_MAX_LEVELS]; // level i halves the length
    float limit;                   // activations are clamped to this
    // Statistics of latents the transformer works with (the mini): x_network = (latent - mean) / std.
    bool has_latent_stats;
    float latent_mean[64], latent_std[64];
} MmaudioConfig;

// `config` may be NULL. Levels and widths come from the weights, of whichever half the set holds.
RSH_MUST_USE RshStatus mmaudio_config_read(const cJSON *config, WeightSet *weights,
                                           MmaudioConfig *out, RshError *error);

// Latents [1, 1, length, channels] -> log10-mel [1, 1, 2 * length, mels] (2: one halving level).
Tensor *mmaudio_build_decode(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                             Tensor *latents, bool taps);
// The decoder in three parts, for clips too long for one graph. All tensors are [1, 1, positions, channels]: what
// the middle attends with, and the mel from it and the attention's result y. Around the attention, which sees
// every position, front and back see so many latents to either side and may run over windows of a clip.
typedef struct MmaudioMiddle {
    Tensor *x, *q, *k, *v; // all NULL when the graph has failed
} MmaudioMiddle;
MmaudioMiddle mmaudio_build_front(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                                  Tensor *latents);
Tensor *mmaudio_build_back(Graph *graph, WeightSet *weights, const MmaudioConfig *config, Tensor *x,
                           Tensor *y);
uint32_t mmaudio_middle_channels(WeightSet *weights); // 0: the decoder has no middle
uint32_t mmaudio_front_reach(WeightSet *weights);
uint32_t mmaudio_back_reach(WeightSet *weights, const MmaudioConfig *config);
// Of queries and keys of so many channels. Both are normalised: no score is above the root of their number.
float mmaudio_attention_scale(uint32_t channels);

// Log10-mel [1, 1, frames, mels] -> the posterior's mean and log-variance [1, 1, frames / 2, 2 * channels].
Tensor *mmaudio_build_encode(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                             Tensor *mel, bool taps);
// The mean alone, with the latent statistics taken out: what the transformer is given.
Tensor *mmaudio_build_latents(Graph *graph, WeightSet *weights, const MmaudioConfig *config,
                              Tensor *posterior);
