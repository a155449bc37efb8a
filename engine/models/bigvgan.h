// SPDX-License-Identifier: GPL-3.0-or-later
//
// bigvgan.h - the BigVGAN vocoder: log-mel frames to a waveform. Source: "BigVGAN: A Universal Neural Vocoder with
// Large-Scale Training" (arXiv 2206.04658); weight norm is folded when the weights are loaded.
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

enum { BIGVGAN_MAX_STAGES = 12, BIGVGAN_MAX_BLOCKS = 8, BIGVGAN_MAX_LAYERS = 8 };

typedef struct BigvganConfig {
    uint32_t mels, stages, blocks;        // up-sampling stages; parallel blocks after each
    uint32_t rates[BIGVGAN_MAX_STAGES];   // samples out of one in
    uint32_t layers[BIGVGAN_MAX_BLOCKS];  // convolution pairs of a block
    uint32_t kernels[BIGVGAN_MAX_BLOCKS]; // taps of a block's convolutions
    uint32_t dilations[BIGVGAN_MAX_BLOCKS][BIGVGAN_MAX_LAYERS];
    bool snake_log_scale;
} BigvganConfig;

// Needs the configuration object: rates and dilations do not show in the weights.
RSH_MUST_USE RshStatus bigvgan_config_read(const cJSON *config, WeightSet *weights,
                                           BigvganConfig *out, RshError *error);
uint32_t bigvgan_hop(const BigvganConfig *config); // samples a mel frame
// Mel frames beyond a window that its inner samples still depend on, on either side.
uint32_t bigvgan_context(const BigvganConfig *config);

// Log10-mel [1, 1, frames, mels] -> samples [1, 1, frames * hop, 1].
Tensor *bigvgan_build(Graph *graph, WeightSet *weights, const BigvganConfig *config, Tensor *mel,
                      bool taps);
