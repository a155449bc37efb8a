// SPDX-License-Identifier: GPL-3.0-or-later
// The transformer block that every Wan model and both towers of Ovi share.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "graph/ops.h"
#include "models/wan.h"

// Slices of a block's modulation rows, in the order the checkpoint stores them.
enum { SHIFT_ATTENTION, SCALE_ATTENTION, GATE_ATTENTION, SHIFT_FFN, SCALE_FFN, GATE_FFN };

const Weight *wan_weight(Graph *graph, const WanTower *tower, uint32_t block, const char *leaf,
                         uint32_t n_dims, uint64_t first, uint64_t second)
{
    char name[128];
    const uint64_t dims[5] = {first, second};
    if (block == UINT32_MAX)
        snprintf(name, sizeof(name), "%s", leaf);
    else
        snprintf(name, sizeof(name), "blocks.%u.%s", block, leaf);
    return weight_set_get(tower->weights, name, n_dims, dims, graph_error(graph));
}

void wan_tap(Graph *graph, const WanTower *tower, Tensor *x, const char *format, ...)
{
    char name[48];
    va_list arguments;
    if (!tower->taps || !x)
        return;
    va_start(arguments, format);
    vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    graph_output(graph, x, name);
}

// x W^T + b of one of the block's projections, `out` channels wide.
static Tensor *project(Graph *graph, const WanTower *tower, uint32_t block, const char *leaf,
                       Tensor *x, uint32_t in, uint32_t out, const LinearParams *params)
{
    char name[64];
    snprintf(name, sizeof(name), "%s.weight", leaf);
    const Weight *weight = wan_weight(graph, tower, block, name, 2, out, in);
    snprintf(name, sizeof(name), "%s.bias", leaf);
    return op_linear(graph, x, weight, wan_weight(graph, tower, block, name, 1, out, 0), params);
}

static Tensor *square(Graph *graph, const WanTower *tower, uint32_t block, const char *leaf,
                      Tensor *x, const LinearParams *params)
{
    return project(graph, tower, block, leaf, x, tower->config->dim, tower->config->dim, params);
}

// Queries and keys are normalised over the whole width, before the heads are split.
static Tensor *head_norm(Graph *graph, const WanTower *tower, uint32_t block, const char *leaf,
                         Tensor *x, Tensor *rope)
{
    const WanConfig *c = tower->config;
    NormParams params = {
        .kind = NORM_RMS, .eps = (float)c->eps, .rope = rope, .head_dim = c->dim / c->heads};
    return op_norm(graph, x, wan_weight(graph, tower, block, leaf, 1, c->dim, 0), NULL, &params);
}

static AttentionParams attention_params(const WanConfig *c)
{
    return (AttentionParams){.heads = c->heads,
                             .scale = (float)(1 / sqrt((double)c->dim / c->heads)),
                             .per_frame = true};
}

// LayerNorm without weights, moved by two slices of the block's rows.
static Tensor *modulated(Graph *graph, const WanTower *tower, Tensor *table, uint32_t shift,
                         uint32_t scale, Tensor *x)
{
    uint32_t dim = tower->config->dim;
    NormParams params = {.kind = NORM_LAYER,
                         .eps = (float)tower->config->eps,
                         .shift = {table, shift * dim},
                         .scale = {table, scale * dim},
                         .row_index = tower->row_index};
    return op_norm(graph, x, NULL, NULL, &params);
}

static LinearParams gated(const WanTower *tower, Tensor *table, uint32_t gate, Tensor *residual)
{
    return (LinearParams){.gate = {table, gate * tower->config->dim},
                          .row_index = tower->row_index,
                          .residual = residual};
}

Tensor *wan_block_table(Graph *graph, const WanTower *tower, uint32_t block)
{
    char name[64];
    snprintf(name, sizeof(name), "blocks.%u.modulation", block);
    const Weight *weight = weight_set_find(tower->weights, name);
    // Ovi wraps the table in a module of its own.
    if (!weight) {
        const uint64_t dims[3] = {1, 6, tower->config->dim};
        snprintf(name, sizeof(name), "blocks.%u.modulation.modulation", block);
        weight = weight_set_get(tower->weights, name, 3, dims, graph_error(graph));
    }
    return op_channel_affine(graph, tower->modulation, NULL, weight);
}

Tensor *wan_self_attention(Graph *graph, const WanTower *tower, uint32_t block, Tensor *table,
                           Tensor *x)
{
    Tensor *n = modulated(graph, tower, table, SHIFT_ATTENTION, SCALE_ATTENTION, x);
    Tensor *q = square(graph, tower, block, "self_attn.q", n, NULL);
    Tensor *k = square(graph, tower, block, "self_attn.k", n, NULL);
    Tensor *v = square(graph, tower, block, "self_attn.v", n, NULL);
    q = head_norm(graph, tower, block, "self_attn.norm_q.weight", q, tower->rope);
    k = head_norm(graph, tower, block, "self_attn.norm_k.weight", k, tower->rope);

    AttentionParams attention = attention_params(tower->config);
    Tensor *y = op_attention(graph, q, k, v, &attention);
    if (tower->taps)
        wan_tap(graph, tower, square(graph, tower, block, "self_attn.o", y, NULL),
                "%s.block%u_self_attn", tower->name, block);
    LinearParams out = gated(tower, table, GATE_ATTENTION, x);
    return square(graph, tower, block, "self_attn.o", y, &out);
}

// Keys or values that wan_build_text() or wan_build_image() left for this block.
static Tensor *kept(Graph *graph, const WanTower *tower, const char *what, uint32_t block,
                    uint32_t rows)
{
    Tensor *state = wan_kept_state(graph, tower, what, block, rows);
    return tower->passes == tower->text_passes ? state
                                               : graph_view_frames(graph, state, 0, tower->passes);
}

Tensor *wan_kept_state(Graph *graph, const WanTower *tower, const char *what, uint32_t block,
                       uint32_t rows)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.%s.%u", tower->name, what, block);
    return graph_state(graph, name, (Shape){tower->text_passes, 1, rows, tower->config->dim});
}

void wan_build_keys(Graph *graph, const WanTower *tower, uint32_t block, Tensor *context,
                    bool image)
{
    uint32_t rows = context ? context->shape.width : 0;
    Tensor *k =
        square(graph, tower, block, image ? "cross_attn.k_img" : "cross_attn.k", context, NULL);
    Tensor *v =
        square(graph, tower, block, image ? "cross_attn.v_img" : "cross_attn.v", context, NULL);
    k = head_norm(graph, tower, block,
                  image ? "cross_attn.norm_k_img.weight" : "cross_attn.norm_k.weight", k, NULL);
    op_copy(graph, k, wan_kept_state(graph, tower, image ? "k_img" : "k", block, rows));
    op_copy(graph, v, wan_kept_state(graph, tower, image ? "v_img" : "v", block, rows));
}

// What the other tower's stream says to these queries; both sides carry their own positions.
static Tensor *fusion_attention(Graph *graph, const WanTower *tower, uint32_t block, Tensor *q,
                                Tensor *other, Tensor *other_rope)
{
    const WanConfig *c = tower->config;
    const char *norm = "cross_attn.pre_attn_norm_fusion";
    char weight[64], bias[64];
    snprintf(weight, sizeof(weight), "%s.weight", norm);
    snprintf(bias, sizeof(bias), "%s.bias", norm);
    NormParams affine = {.kind = NORM_LAYER, .eps = (float)c->eps};
    Tensor *n = op_norm(graph, other, wan_weight(graph, tower, block, weight, 1, c->dim, 0),
                        wan_weight(graph, tower, block, bias, 1, c->dim, 0), &affine);
    Tensor *k = square(graph, tower, block, "cross_attn.k_fusion", n, NULL);
    Tensor *v = square(graph, tower, block, "cross_attn.v_fusion", n, NULL);
    k = head_norm(graph, tower, block, "cross_attn.norm_k_fusion.weight", k, other_rope);
    AttentionParams attention = attention_params(c);
    return op_attention(graph, op_rope(graph, q, tower->rope, c->dim / c->heads), k, v, &attention);
}

Tensor *wan_cross_attention(Graph *graph, const WanTower *tower, uint32_t block, Tensor *x,
                            Tensor *other, Tensor *other_rope)
{
    const WanConfig *c = tower->config;
    AttentionParams attention = attention_params(c);
    NormParams affine = {.kind = NORM_LAYER, .eps = (float)c->eps};
    Tensor *n = op_norm(graph, x, wan_weight(graph, tower, block, "norm3.weight", 1, c->dim, 0),
                        wan_weight(graph, tower, block, "norm3.bias", 1, c->dim, 0), &affine);
    Tensor *q = square(graph, tower, block, "cross_attn.q", n, NULL);
    q = head_norm(graph, tower, block, "cross_attn.norm_q.weight", q, NULL);
    Tensor *y = op_attention(graph, q, kept(graph, tower, "k", block, c->text_len),
                             kept(graph, tower, "v", block, c->text_len), &attention);
    if (tower->image_rows > 0) {
        Tensor *seen =
            op_attention(graph, q, kept(graph, tower, "k_img", block, tower->image_rows),
                         kept(graph, tower, "v_img", block, tower->image_rows), &attention);
        y = op_binary(graph, BINARY_ADD, y, seen);
    }
    if (other)
        y = op_binary(graph, BINARY_ADD, y,
                      fusion_attention(graph, tower, block, q, other, other_rope));
    if (tower->taps)
        wan_tap(graph, tower, square(graph, tower, block, "cross_attn.o", y, NULL),
                "%s.block%u_cross_attn", tower->name, block);
    LinearParams out = {.residual = x};
    return square(graph, tower, block, "cross_attn.o", y, &out);
}

Tensor *wan_ffn(Graph *graph, const WanTower *tower, uint32_t block, Tensor *table, Tensor *x)
{
    const WanConfig *c = tower->config;
    Tensor *n = modulated(graph, tower, table, SHIFT_FFN, SCALE_FFN, x);
    LinearParams gelu = {.act = ACT_GELU_TANH}, out = gated(tower, table, GATE_FFN, x);
    Tensor *h = project(graph, tower, block, "ffn.0", n, c->dim, c->ffn_dim, &gelu);
    return project(graph, tower, block, "ffn.2", h, c->ffn_dim, c->dim, &out);
}
