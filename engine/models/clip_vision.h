// SPDX-License-Identifier: GPL-3.0-or-later
//
// clip_vision.h - the CLIP image tower of Wan 2.1's image-to-video models: the tokens after every block but
// the last, without the final norm. Source: docs/networks.md, "Learning Transferable Visual Models From Natural
// Language Supervision" (arXiv 2103.00020).
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

typedef struct ClipConfig {
    uint32_t patch, dim, ffn_dim, heads, layers, tokens; // tokens: patches and the class token
    double eps;
} ClipConfig;

// `config` may be NULL: heads of 80 channels, as released.
RSH_MUST_USE RshStatus clip_config_read(const cJSON *config, WeightSet *weights, ClipConfig *out,
                                        RshError *error);

uint32_t clip_image_side(const ClipConfig *config); // pixels
// Picture -1 to 1 [height][width][3] -> [side][side][3]: resized by cubic convolution (a = -0.75, edges repeated) and
// normalised with CLIP's mean and standard deviation.
void clip_prepare_image(const ClipConfig *config, const float *pixels, uint32_t width,
                        uint32_t height, float *out);

// Picture [1, side, side, 3], already resized and normalised -> tokens [1, 1, tokens, dim].
Tensor *clip_build(Graph *graph, WeightSet *weights, const ClipConfig *config, Tensor *image,
                   bool taps);
