// SPDX-License-Identifier: GPL-3.0-or-later
//
// umt5.h - the umT5 encoder: gated GELU, RMS norms, no attention scale, relative positions of its own in each
// layer. Runs over the real tokens only, which gives the same rows as padding with a mask. Source:
// docs/networks.md, "UniMax" (arXiv 2304.09151), T5 (arXiv 1910.10683).
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

typedef struct Umt5Config {
    uint32_t vocabulary, dim, attention_dim, ffn_dim, heads, layers, buckets, max_distance;
    double eps;
} Umt5Config;

// `config` may be NULL: shapes tell everything but the largest distance (128) and eps (1e-6).
RSH_MUST_USE RshStatus umt5_config_read(const cJSON *config, WeightSet *weights, Umt5Config *out,
                                        RshError *error);

// Embedding rows of `ids` as f32 [count][dim], malloc'd. The table (4 GB in the released model) stays on the
// host: only these rows are read.
RSH_MUST_USE RshStatus umt5_embed(const Umt5Config *config, WeightSet *weights, const int32_t *ids,
                                  uint32_t count, float **out, RshError *error);

// Embedded tokens [1, 1, tokens, dim] -> context [1, 1, tokens, dim].
Tensor *umt5_build(Graph *graph, WeightSet *weights, const Umt5Config *config, Tensor *tokens,
                   bool taps);
