// SPDX-License-Identifier: GPL-3.0-or-later
// wan_vae_net.h - the layers that the encoder and the decoder of the Wan VAE share.
#pragma once
#include "graph/ops.h"
#include "models/wan_vae.h"

typedef struct VaeNet {
    Graph *graph;
    WeightSet *weights;
    const WanVaeConfig *config;
    bool first; // the clip's first chunk
    bool taps;
} VaeNet;

bool vae_has(const VaeNet *net, const char *format, ...) __attribute__((format(printf, 2, 3)));
void vae_tap(const VaeNet *net, Tensor *x, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const Weight *vae_weight(const VaeNet *net, const char *name, const char *leaf, uint32_t n_dims);

// The state that belongs to the layer `name`, its words cut to their first letters: names of tensors are short.
enum { VAE_STATE_NAME = 48 };
void vae_state_name(const char *name, char out[VAE_STATE_NAME]);

// 3-D convolution over the clip so far: two frames of history kept in a state, zeros before the clip.
Tensor *vae_causal_conv(const VaeNet *net, const char *name, Tensor *x, Tensor *residual);
// Norm over channels, SiLU.
Tensor *vae_norm(const VaeNet *net, const char *name, Tensor *x, Activation act);
Tensor *vae_residual_block(const VaeNet *net, const char *name, Tensor *x);
// Residual block, attention inside each frame, residual block: "<half>.middle".
Tensor *vae_middle(const VaeNet *net, const char *half, Tensor *x);

// What differs between the stages of the encoder and of the decoder.
typedef struct VaeHalf {
    const char *name, *list, *tap; // "decoder", "upsamples", "up"
    // Changes size and rate; `around` (or NULL) is added to the result.
    Tensor *(*resample)(const VaeNet *net, const char *name, Tensor *x, Tensor *around);
    // The way around a stage of `layers` layers, without weights; NULL where there is none.
    Tensor *(*shortcut)(const VaeNet *net, uint32_t stage, uint32_t layers, Tensor *x);
} VaeHalf;
// Every stage of a half, flat (2.1) or nested (2.2), as the names in the file say.
Tensor *vae_stages(const VaeNet *net, const VaeHalf *half, Tensor *x);
