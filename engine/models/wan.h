// SPDX-License-Identifier: GPL-3.0-or-later
//
// wan.h - the Wan transformer: text to video, image to video, and the two towers of Ovi. One set of builders
// serves them all; a tower is what differs. Source: docs/networks.md, arXiv 2503.20314.
//
// Passes    The positive and the negative pass of guidance run side by side as the frames of every token
//           tensor: [passes, 1, tokens, dim]. Weights are read once for both.
// Text      Keys and values of the text do not depend on the step: wan_build_text() leaves them in states
//           that wan_build_step() reads.
#pragma once
#include <cjson/cJSON.h>

#include "graph/graph.h"

typedef struct WanConfig {
    bool audio;        // the audio tower of Ovi: 1-D patches, positions along time only
    uint32_t patch[3]; // frames, height, width; {1, 1, 1} for audio
    uint32_t in_channels, out_channels;
    uint32_t dim, ffn_dim, freq_dim, heads, layers, text_dim, text_len;
    double eps;
    double rope_theta, rope_scale; // rope_scale multiplies the positions of audio tokens
    bool image_branch;             // I2V 2.1: image keys and values beside those of the text
    bool fusion;                   // Ovi: cross-attention to the other tower
} WanConfig;

// From a configuration object, with what is missing there from the weights' shapes. `config` may be NULL:
// everything then comes from the weights, with heads of 128 channels and 512 text rows.
RSH_MUST_USE RshStatus wan_config_read(const cJSON *config, WeightSet *weights, WanConfig *out,
                                       RshError *error);

// Tokens of one pass.
typedef struct WanGrid {
    uint32_t frames, height, width; // in tokens
} WanGrid;
static inline uint32_t wan_tokens(WanGrid grid)
{
    return grid.frames * grid.height * grid.width;
}

typedef struct WanTower {
    const WanConfig *config;
    WeightSet *weights;
    const char *name; // before the names of states and outputs: "video"
    WanGrid grid;
    uint32_t passes;      // of the tensors at hand
    uint32_t text_passes; // of the states with the text's keys and values
    uint32_t image_rows;  // CLIP tokens; 0 without an image
    bool taps;            // keep activations readable, for golden cases
    // Of the graph being built:
    Tensor *rope; // [1, 1, passes * tokens, rotated channels of a head]
    Tensor *
        row_index; // which time row a token uses: i32 [1, 1, passes * tokens, 1]; NULL is row 0 for all
    Tensor *time;       // time embedding [1, 1, time rows, dim]
    Tensor *modulation; // its projection [1, 1, time rows, 6 * dim]
} WanTower;

// Rows of context, zero-padded to text_len: [passes, 1, text_len, text_dim] -> states "<name>.k.<block>", ...
// The padded rows are attended like the others: they are part of what the model learnt.
void wan_build_text(Graph *graph, const WanTower *tower, Tensor *context);
// CLIP tokens [1, 1, rows, clip_dim] -> states "<name>.k_img.<block>", the same for every pass. Sets
// tower->image_rows.
void wan_build_image(Graph *graph, WanTower *tower, Tensor *clip);

// Latents [frames, height, width, in_channels] (audio: [1, 1, tokens, in_channels]) -> [passes, 1, tokens, dim]
// with every pass the same. Sets tower->grid and tower->rope.
Tensor *wan_build_patches(Graph *graph, WanTower *tower, Tensor *latents);
// Timesteps i32 [1, 1, time rows, 2] as time_split() writes them -> tower->time and tower->modulation.
void wan_build_time(Graph *graph, WanTower *tower, Tensor *times);

// The three parts of a block; x is [passes, 1, tokens, dim]. `other` is the other tower's stream (or NULL)
// and other_rope its positions.
Tensor *wan_self_attention(Graph *graph, const WanTower *tower, uint32_t block, Tensor *table,
                           Tensor *x);
Tensor *wan_cross_attention(Graph *graph, const WanTower *tower, uint32_t block, Tensor *x,
                            Tensor *other, Tensor *other_rope);
Tensor *wan_ffn(Graph *graph, const WanTower *tower, uint32_t block, Tensor *table, Tensor *x);
// Modulation rows of a block: [1, 1, time rows, 6 * dim].
Tensor *wan_block_table(Graph *graph, const WanTower *tower, uint32_t block);

// Velocity of every pass: [passes * frames, height, width, out_channels]; audio [passes, 1, tokens, out].
Tensor *wan_build_head(Graph *graph, const WanTower *tower, Tensor *x);
// Every block, then the head. `skip_layer`: that block is left out of the last of two passes (or of the only
// one); -1 for none.
Tensor *wan_build_blocks(Graph *graph, const WanTower *tower, Tensor *x, int32_t skip_layer);

// Both towers of Ovi in lock-step: sound and picture see each other in every block. Streams in and out.
void ovi_build_blocks(Graph *graph, const WanTower *video, const WanTower *audio,
                      int32_t skip_layer, Tensor **video_x, Tensor **audio_x);

// Cosine and sine of every token's positions, [tokens][rotated channels] in pairs, as wan_build_patches() uses
// them. *channels is the width; malloc'd, NULL when out of memory.
float *wan_rope_table(const WanConfig *config, WanGrid grid, uint32_t passes, uint32_t *channels);

// For builders: "blocks.<block>.<leaf>" with the dims given (0: any), or without `block` when it is UINT32_MAX.
const Weight *wan_weight(Graph *graph, const WanTower *tower, uint32_t block, const char *leaf,
                         uint32_t n_dims, uint64_t first, uint64_t second);
// The state "<name>.<what>.<block>": [text_passes, 1, rows, dim].
Tensor *wan_kept_state(Graph *graph, const WanTower *tower, const char *what, uint32_t block,
                       uint32_t rows);
// Keys and values of embedded text or image rows [text_passes, 1, rows, dim], for one block.
void wan_build_keys(Graph *graph, const WanTower *tower, uint32_t block, Tensor *context,
                    bool image);
void wan_tap(Graph *graph, const WanTower *tower, Tensor *x, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
