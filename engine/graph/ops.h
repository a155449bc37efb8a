// SPDX-License-Identifier: GPL-3.0-or-later
//
// ops.h - the operations a graph can hold. Each builder checks shapes, appends one node (or a few, where
// it says so) and returns its output tensor; NULL when the graph has failed. The params structs are what
// engine/ops/ (device) and engine/ref/ (plain C) read.
//
// "rows" is frames * height * width; x[r, c] is channel c of row r. Optional arguments may be NULL.
#pragma once
#include "graph/graph.h"

typedef enum Activation {
    ACT_NONE,
    ACT_SILU,
    ACT_GELU_TANH,
    ACT_GELU_ERF,
    ACT_QUICK_GELU,
    ACT_RELU,
    ACT_LEAKY_RELU, // slope 0.1
    ACT_TANH,
    ACT_MP_SILU, // silu(x) / 0.596
} Activation;

// A slice of a small table [1, 1, table_rows, n * channels], picked a row at a time: row r of the op uses
// table row row_index[r], or row 0 when row_index is NULL. Carries per-token modulation (adaptive norm).
// A row_index is i32 [1, 1, rows, 1]: as for every tensor its rows are 4 elements apart.
typedef struct RowTable {
    Tensor *table;
    uint32_t channel; // first channel of the slice; a multiple of 4
} RowTable;

// ---- linear: y = residual + gate * (multiply * act(x W^T + bias)) ----------------------------------
// weights {W [out, in], bias [out]}; inputs {x, residual [rows, out], gate.table, row_index i32 [rows],
// multiply [rows, out]}. W may have more than two dims: [out, in * rest] as stored.
typedef struct LinearParams {
    Activation act;
    RowTable gate;
    Tensor *row_index;
    Tensor *residual;
    Tensor *multiply;
} LinearParams;
Tensor *op_linear(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                  const LinearParams *params);

// ---- conv: act(conv(x) + bias) + residual ----------------------------------------------------------
// weights {W [out, in, kt, ky, kx] or [out, in, ky, kx] (2-D) or [out, in, kx] (1-D, along width), bias}.
// Arrays are t, y, x. Zero padding. `upsample` reads x as if enlarged by nearest neighbour first (1 or 2).
// inputs {x, residual}. A zero in stride, dilation or upsample means 1.
typedef struct ConvParams {
    uint32_t kernel[3]; // filled by the builder from the weight
    uint32_t stride[3], dilation[3], upsample[3];
    uint32_t pad_before[3], pad_after[3];
    Activation act;
    Tensor *residual;
} ConvParams;
Tensor *op_conv(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                const ConvParams *params);

// ---- transposed conv along width; weight [in, out, k] as PyTorch stores it; output width (w-1)*stride - 2*pad + k
typedef struct ConvTransposeParams {
    uint32_t kernel, stride, pad;
} ConvTransposeParams;
Tensor *op_conv_transpose1d(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                            uint32_t stride, uint32_t pad);

// ---- norm over channels, then y = n * weight + bias, y = y * (1 + scale) + shift, then act, then RoPE -----
// LAYER: (x - mean) / sqrt(var + eps). RMS: x / sqrt(mean(x^2) + eps). L2: x / max(||x||, eps) * sqrt(C).
// PIXEL: x / (eps + sqrt(mean(x^2))). weights {weight [C], bias [C]}; a weight with more dims counts as [C].
// inputs {x, shift.table, scale.table, row_index, rope}. The statistics run over all C channels; with
// `rope` the result is then rotated a head of head_dim channels at a time (see op_rope).
// To normalise heads by themselves, hand in a graph_view_split_rows().
typedef enum NormKind { NORM_LAYER, NORM_RMS, NORM_L2, NORM_PIXEL } NormKind;
typedef struct NormParams {
    NormKind kind;
    float eps;
    RowTable shift, scale;
    Tensor *row_index;
    Activation act;
    Tensor *rope; // or NULL
    uint32_t head_dim;
} NormParams;
Tensor *op_norm(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                const NormParams *params);

// ---- rope: channel pairs (2j, 2j+1) of every head rotated by table[r, 2j] = cos, table[r, 2j+1] = sin ----
// table [1, 1, rows, rotated] with rotated <= head_dim; the other channels of a head pass through.
typedef struct RopeParams {
    uint32_t head_dim;
} RopeParams;
Tensor *op_rope(Graph *graph, Tensor *x, Tensor *table, uint32_t head_dim);

// ---- attention: softmax(scale * q k^T + bias) v, a head at a time ----------------------------------
// q [.., q_rows, heads * d], k, v [.., k_rows, heads * d]. key_count limits the keys (0 = all). per_frame
// attends inside each frame only (frames of q and k equal). bias: [1, heads, q_rows, k_rows] or NULL.
// d is a multiple of 4; above 128 it is built as matmul + softmax + matmul.
typedef struct AttentionParams {
    uint32_t heads;
    float scale;
    uint32_t key_count;
    bool per_frame;
    Tensor *bias;
} AttentionParams;
Tensor *op_attention(Graph *graph, Tensor *q, Tensor *k, Tensor *v, const AttentionParams *params);

// ---- matmul of two activations: y[f, m, n] = scale * sum_k a[f, m, k] * b[f, n, k]; rows of a frame each ----
typedef struct MatmulParams {
    float scale;
} MatmulParams;
Tensor *op_matmul(Graph *graph, Tensor *a, Tensor *b, float scale);
// Softmax over the first `columns` channels of every row (0 = all); the others become 0.
typedef struct SoftmaxParams {
    uint32_t columns;
} SoftmaxParams;
Tensor *op_softmax(Graph *graph, Tensor *x, uint32_t columns);
// y[f, c, r] = x[f, r, c], a frame at a time: [frames, h, w, C] -> [frames, 1, C, h * w].
Tensor *op_transpose(Graph *graph, Tensor *x);

// ---- embedding: y[r] = table[ids[r]]; ids i32 [1, 1, rows, 1], weight [vocabulary, channels] -----------
Tensor *op_embedding(Graph *graph, Tensor *ids, const Weight *weight);

// ---- T5 relative bias: y[h, i, j] = table[bucket(j - i), h] as [1, heads, q_rows, k_rows] ------------
typedef struct T5BiasParams {
    uint32_t buckets, max_distance;
} T5BiasParams;
Tensor *op_t5_bias(Graph *graph, const Weight *weight, uint32_t q_rows, uint32_t k_rows,
                   uint32_t buckets, uint32_t max_distance);

// ---- combine: y = sum_i c_i * x_i, then clamped to +-limit when limit > 0 --------------------------------
// c_i are fixed numbers, or channel i of row 0 of `coefficients` (an input rewritten before each step): the sampler update and
// guidance. Up to 8 tensors of one shape. inputs {x0.., x7, coefficients}.
typedef struct CombineParams {
    uint32_t count;
    float c[8];
    float limit;
    bool from_tensor; // coefficients in inputs[8]
} CombineParams;
Tensor *op_combine(Graph *graph, uint32_t count, Tensor *const *x, const float *c,
                   Tensor *coefficients, float limit);

// ---- elementwise -----------------------------------------------------------------------------------
typedef enum BinaryKind { BINARY_ADD, BINARY_MULTIPLY } BinaryKind;
typedef struct BinaryParams {
    BinaryKind kind;
} BinaryParams;
// y = a (op) b; b may be [1, 1, 1, C] and is then used for every row.
Tensor *op_binary(Graph *graph, BinaryKind kind, Tensor *a, Tensor *b);
typedef struct UnaryParams {
    Activation act;
    float low, high; // clamp after the activation when low < high
} UnaryParams;
Tensor *op_unary(Graph *graph, Tensor *x, Activation act, float low, float high);
// y[r, c] = x[r, c] * weight[c] + bias[c]; either may be NULL. Modulation tables, latent statistics.
Tensor *op_channel_affine(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias);

// ---- rearrangement ---------------------------------------------------------------------------------
// Blocks of factor t * y * x positions become channels, and back. The order names the index from slowest
// to fastest: T_Y_X_C (transformer patches, time up-sampling), C_T_Y_X (AvgDown / DupUp), C_X_Y (Wan 2.2
// patchify: t must be 1).
typedef enum BlockOrder { BLOCK_T_Y_X_C, BLOCK_C_T_Y_X, BLOCK_C_X_Y } BlockOrder;
typedef struct BlockParams {
    uint32_t factor[3];
    BlockOrder order;
} BlockParams;
Tensor *op_space_to_depth(Graph *graph, Tensor *x, const uint32_t factor[3], BlockOrder order);
Tensor *op_depth_to_space(Graph *graph, Tensor *x, const uint32_t factor[3], BlockOrder order);

// Wan 2.2 AvgDown3D: zero frames on the left up to a multiple of t, space-time to depth (C_T_Y_X), mean of
// groups of in * t * y * x / out channels. DupUp3D: channels repeated out * t * y * x / in times, depth to
// space (C_T_Y_X), then the first drop_frames frames are dropped. Source: MODELS.md 2.6.
typedef struct ResampleParams {
    uint32_t factor[3];
    uint32_t out_channels;
    uint32_t drop_frames;
} ResampleParams;
Tensor *op_avg_down(Graph *graph, Tensor *x, const uint32_t factor[3], uint32_t out_channels);
Tensor *op_dup_up(Graph *graph, Tensor *x, const uint32_t factor[3], uint32_t out_channels,
                  uint32_t drop_frames);

// Both hold their factors in BlockParams.
Tensor *op_upsample(Graph *graph, Tensor *x, const uint32_t factor[3]); // nearest
Tensor *op_avg_pool(Graph *graph, Tensor *x,
                    uint32_t factor); // along width; an incomplete last group is dropped

// ---- copies: outputs[0] receives inputs[0] and then inputs[1] (or NULL), along rows or along channels -----
typedef enum CopyAxis { COPY_ROWS, COPY_CHANNELS } CopyAxis;
typedef struct CopyParams {
    CopyAxis axis;
} CopyParams;
// `to` (any base or view of rows/frames/channels of one) receives x; returns `to`. Writing a STATE keeps it for the next run.
Tensor *op_copy(Graph *graph, Tensor *x, Tensor *to);
Tensor *op_concat_frames(Graph *graph, Tensor *a,
                         Tensor *b); // also rows: [1,1,n,C] + [1,1,m,C] with op_concat_rows
Tensor *op_concat_rows(Graph *graph, Tensor *a, Tensor *b);
Tensor *op_concat_channels(Graph *graph, Tensor *a, Tensor *b); // any channel counts
// The causal history of a streaming convolution: returns [history + frames] = state followed by x, and leaves
// the last `history` frames of that in the state for the next chunk. The state starts as zeros.
Tensor *op_causal_window(Graph *graph, Tensor *x, const char *state, uint32_t history);

// ---- snake with anti-aliasing: up x2 (12 taps), x + sin^2(alpha x) / (beta + 1e-9), down x2 (12 taps) ----
// Along width, replicate padding, BigVGAN's Activation1d. weights {alpha [C], beta [C] or NULL (= alpha),
// filter_up [12], filter_down [12]}; log_scale: exp() of alpha and beta first.
typedef struct SnakeParams {
    bool log_scale;
} SnakeParams;
Tensor *op_snake(Graph *graph, Tensor *x, const Weight *alpha, const Weight *beta,
                 const Weight *filter_up, const Weight *filter_down, bool log_scale);

// ---- pictures: x [-1, 1], 3 channels -> u8 [.., 4]: round((clamp(x) + 1) * 127.5), alpha 255 ------------
Tensor *op_to_rgba8(Graph *graph, Tensor *x);
// Latents as rough pictures: row c of map [1, 1, C + 1, 3] is what channel c adds to red, green and blue, the
// last row what is there before; 0 to 1 -> u8 [.., 4], alpha 255.
Tensor *op_latents_to_rgb(Graph *graph, Tensor *x, Tensor *map);

// ---- time embedding: y[r] = [cos(t[r] * f) | sin(t[r] * f)], f[i] = 10000^(-i / (channels / 2)) -------------
// times i32 [1, 1, rows, 2] as time_split() writes them; channels is even. Within 1.3e-7 at any time.
Tensor *op_time_embedding(Graph *graph, Tensor *times, uint32_t channels);
// 0 <= timestep < 2^31 as units and 2^-32ths: a float would keep 6e-5 of 1000.
void time_split(double timestep, int32_t parts[2]);
