// SPDX-License-Identifier: GPL-3.0-or-later
// Around the blocks: patches in, text, time, head, and the order of the blocks.
#include "models/wan.h"

#include <stdio.h>
#include <stdlib.h>

#include "graph/ops.h"

#define NO_BLOCK UINT32_MAX

// Linear layer `leaf` of the network itself, in -> out channels.
static Tensor *outer(Graph *graph, const WanTower *tower, const char *leaf, Tensor *x, uint64_t in,
                     uint64_t out, Activation act)
{
    char name[64];
    LinearParams params = {.act = act};
    snprintf(name, sizeof(name), "%s.weight", leaf);
    const Weight *weight = wan_weight(graph, tower, NO_BLOCK, name, 2, out, in);
    snprintf(name, sizeof(name), "%s.bias", leaf);
    return op_linear(graph, x, weight, wan_weight(graph, tower, NO_BLOCK, name, 1, out, 0),
                     &params);
}

void wan_build_text(Graph *graph, const WanTower *tower, Tensor *context)
{
    const WanConfig *c = tower->config;
    Tensor *x =
        outer(graph, tower, "text_embedding.0", context, c->text_dim, c->dim, ACT_GELU_TANH);
    x = outer(graph, tower, "text_embedding.2", x, c->dim, c->dim, ACT_NONE);
    wan_tap(graph, tower, x, "%s.text_embedding", tower->name);
    for (uint32_t block = 0; block < c->layers; block++) {
        graph_set_block(graph, block + 1);
        wan_build_keys(graph, tower, block, x, false);
    }
}

void wan_build_image(Graph *graph, WanTower *tower, Tensor *clip)
{
    const WanConfig *c = tower->config;
    const Weight *first = wan_weight(graph, tower, NO_BLOCK, "img_emb.proj.0.weight", 1, 0, 0);
    uint64_t width = first ? first->dims[0] : 0;
    // PyTorch's default here, unlike the blocks.
    NormParams affine = {.kind = NORM_LAYER, .eps = 1e-5f};
    Tensor *x =
        op_norm(graph, clip, first,
                wan_weight(graph, tower, NO_BLOCK, "img_emb.proj.0.bias", 1, width, 0), &affine);
    x = outer(graph, tower, "img_emb.proj.1", x, width, width, ACT_GELU_ERF);
    x = outer(graph, tower, "img_emb.proj.3", x, width, c->dim, ACT_NONE);
    x = op_norm(graph, x, wan_weight(graph, tower, NO_BLOCK, "img_emb.proj.4.weight", 1, c->dim, 0),
                wan_weight(graph, tower, NO_BLOCK, "img_emb.proj.4.bias", 1, c->dim, 0), &affine);
    wan_tap(graph, tower, x, "%s.img_emb", tower->name);
    tower->image_rows = clip ? clip->shape.width : 0;
    Tensor *all = x;
    for (uint32_t pass = 1; pass < tower->text_passes; pass++)
        all = op_concat_frames(graph, all, x);
    for (uint32_t block = 0; block < c->layers; block++) {
        graph_set_block(graph, block + 1);
        wan_build_keys(graph, tower, block, all, true);
    }
}

// Ovi's audio patches: a convolution over time, then a gated pair of them.
static Tensor *audio_patches(Graph *graph, const WanTower *tower, Tensor *latents)
{
    const WanConfig *c = tower->config;
    const uint64_t dims[3] = {c->dim, c->in_channels, 0};
    const Weight *weight =
        weight_set_get(tower->weights, "patch_embedding.0.weight", 3, dims, graph_error(graph));
    const Weight *bias = wan_weight(graph, tower, NO_BLOCK, "patch_embedding.0.bias", 1, c->dim, 0);
    const uint64_t any[3] = {0, 0, 0};
    const Weight *w1 =
        weight_set_get(tower->weights, "patch_embedding.2.w1.weight", 3, any, graph_error(graph));
    const Weight *w2 =
        weight_set_get(tower->weights, "patch_embedding.2.w2.weight", 3, any, graph_error(graph));
    const Weight *w3 =
        weight_set_get(tower->weights, "patch_embedding.2.w3.weight", 3, any, graph_error(graph));
    if (!weight || !w1 || !w2 || !w3 || w1->dims[2] != weight->dims[2] ||
        w2->dims[2] != weight->dims[2] || w3->dims[2] != weight->dims[2] ||
        weight->dims[2] > 1024) {
        graph_fail(graph, RSH_ERROR_FORMAT, "The audio patch convolutions differ in length.");
        return NULL;
    }
    uint32_t half = (uint32_t)(weight->dims[2] / 2);
    ConvParams plain = {.pad_before = {0, 0, half}, .pad_after = {0, 0, half}};
    ConvParams silu = plain;
    silu.act = ACT_SILU;
    Tensor *x = op_conv(graph, latents, weight, bias, &silu);
    Tensor *gate = op_conv(graph, x, w1, NULL, &silu);
    Tensor *h = op_binary(graph, BINARY_MULTIPLY, gate, op_conv(graph, x, w3, NULL, &plain));
    return op_conv(graph, h, w2, NULL, &plain);
}

Tensor *wan_build_patches(Graph *graph, WanTower *tower, Tensor *latents)
{
    const WanConfig *c = tower->config;
    Tensor *x = NULL;
    if (!latents)
        return NULL;
    if (c->audio) {
        x = audio_patches(graph, tower, latents);
        tower->grid = (WanGrid){1, 1, latents->shape.width};
    } else {
        const uint64_t dims[5] = {c->dim, c->in_channels, c->patch[0], c->patch[1], c->patch[2]};
        const Weight *weight =
            weight_set_get(tower->weights, "patch_embedding.weight", 5, dims, graph_error(graph));
        const Weight *bias =
            wan_weight(graph, tower, NO_BLOCK, "patch_embedding.bias", 1, c->dim, 0);
        ConvParams params = {.stride = {c->patch[0], c->patch[1], c->patch[2]}};
        if (latents->shape.height % c->patch[1] != 0 || latents->shape.width % c->patch[2] != 0) {
            graph_fail(graph, RSH_ERROR_ARGUMENT,
                       "Latents of %u x %u do not divide into patches of %u x %u.",
                       latents->shape.width, latents->shape.height, c->patch[2], c->patch[1]);
            return NULL;
        }
        x = op_conv(graph, latents, weight, bias, &params);
        tower->grid = (WanGrid){latents->shape.frames, latents->shape.height / c->patch[1],
                                latents->shape.width / c->patch[2]};
    }
    uint32_t tokens = wan_tokens(tower->grid), channels = 0;
    wan_tap(graph, tower, x, "%s.patch", tower->name);
    x = graph_view_shape(graph, x, (Shape){1, 1, tokens, c->dim});
    Tensor *all = x;
    for (uint32_t pass = 1; pass < tower->passes; pass++)
        all = op_concat_frames(graph, all, x);

    char name[48];
    float *table = wan_rope_table(c, tower->grid, tower->passes, &channels);
    snprintf(name, sizeof(name), "%s.rope", tower->name);
    if (!table)
        graph_fail(graph, RSH_ERROR_MEMORY, "No memory for the positions of %u tokens.", tokens);
    else
        tower->rope = graph_constant(graph, name, (Shape){1, 1, tokens * tower->passes, channels},
                                     TENSOR_F32, table);
    free(table);
    return all;
}

void wan_build_time(Graph *graph, WanTower *tower, Tensor *times)
{
    const WanConfig *c = tower->config;
    Tensor *sinusoids = op_time_embedding(graph, times, c->freq_dim);
    Tensor *hidden =
        outer(graph, tower, "time_embedding.0", sinusoids, c->freq_dim, c->dim, ACT_SILU);
    tower->time = outer(graph, tower, "time_embedding.2", hidden, c->dim, c->dim, ACT_NONE);
    wan_tap(graph, tower, tower->time, "%s.time_embedding", tower->name);
    tower->modulation =
        outer(graph, tower, "time_projection.1", op_unary(graph, tower->time, ACT_SILU, 0, 0),
              c->dim, 6 * (uint64_t)c->dim, ACT_NONE);
}

Tensor *wan_build_head(Graph *graph, const WanTower *tower, Tensor *x)
{
    const WanConfig *c = tower->config;
    const uint64_t dims[3] = {1, 2, c->dim};
    const Weight *modulation = weight_set_find(tower->weights, "head.modulation");
    if (!modulation)
        modulation = weight_set_find(tower->weights, "head.modulation.modulation");
    if (!modulation)
        modulation = weight_set_get(tower->weights, "head.modulation", 3, dims, graph_error(graph));
    Tensor *table = op_concat_channels(graph, tower->time, tower->time);
    table = op_channel_affine(graph, table, NULL, modulation);
    NormParams params = {.kind = NORM_LAYER,
                         .eps = (float)c->eps,
                         .shift = {table, 0},
                         .scale = {table, c->dim},
                         .row_index = tower->row_index};
    x = op_norm(graph, x, NULL, NULL, &params);
    uint64_t volume = (uint64_t)c->patch[0] * c->patch[1] * c->patch[2];
    x = outer(graph, tower, "head.head", x, c->dim, volume * c->out_channels, ACT_NONE);
    if (c->audio || !x)
        return x;
    WanGrid grid = tower->grid;
    x = graph_view_shape(
        graph, x, (Shape){tower->passes * grid.frames, grid.height, grid.width, x->shape.channels});
    return op_depth_to_space(graph, x, c->patch, BLOCK_T_Y_X_C);
}

static Tensor *one_block(Graph *graph, const WanTower *tower, uint32_t block, Tensor *x)
{
    Tensor *table = wan_block_table(graph, tower, block);
    x = wan_self_attention(graph, tower, block, table, x);
    x = wan_cross_attention(graph, tower, block, x, NULL, NULL);
    return wan_ffn(graph, tower, block, table, x);
}

// The tower with the first pass alone, for the block that the negative pass skips.
static WanTower first_pass(Graph *graph, const WanTower *tower)
{
    WanTower one = *tower;
    uint32_t tokens = wan_tokens(tower->grid);
    one.passes = 1;
    one.rope = graph_view_rows(graph, tower->rope, 0, tokens);
    if (tower->row_index)
        one.row_index = graph_view_rows(graph, tower->row_index, 0, tokens);
    return one;
}

// `done` for the first pass, the stream as it was for the second.
static Tensor *rejoin(Graph *graph, Tensor *done, Tensor *before)
{
    return op_concat_frames(graph, done, graph_view_frames(graph, before, 1, 1));
}

Tensor *wan_build_blocks(Graph *graph, const WanTower *tower, Tensor *x, int32_t skip_layer)
{
    for (uint32_t block = 0; block < tower->config->layers; block++) {
        graph_set_block(graph, block + 1);
        if ((int64_t)block != skip_layer) {
            x = one_block(graph, tower, block, x);
        } else if (tower->passes == 2) {
            WanTower one = first_pass(graph, tower);
            x = rejoin(graph, one_block(graph, &one, block, graph_view_frames(graph, x, 0, 1)), x);
        }
        wan_tap(graph, tower, x, "%s.block%u", tower->name, block);
    }
    graph_set_block(graph, tower->config->layers + 1);
    return wan_build_head(graph, tower, x);
}

static void joint_block(Graph *graph, const WanTower *video, const WanTower *audio, uint32_t block,
                        Tensor **video_x, Tensor **audio_x)
{
    Tensor *video_table = wan_block_table(graph, video, block);
    Tensor *audio_table = wan_block_table(graph, audio, block);
    Tensor *a = wan_self_attention(graph, audio, block, audio_table, *audio_x);
    Tensor *v = wan_self_attention(graph, video, block, video_table, *video_x);
    // Pictures see the sound as it was before its own cross-attention.
    Tensor *before = a;
    a = wan_cross_attention(graph, audio, block, a, v, video->rope);
    *audio_x = wan_ffn(graph, audio, block, audio_table, a);
    v = wan_cross_attention(graph, video, block, v, before, audio->rope);
    *video_x = wan_ffn(graph, video, block, video_table, v);
}

void ovi_build_blocks(Graph *graph, const WanTower *video, const WanTower *audio,
                      int32_t skip_layer, Tensor **video_x, Tensor **audio_x)
{
    uint32_t executed = 0;
    for (uint32_t block = 0; block < video->config->layers; block++) {
        graph_set_block(graph, block + 1);
        if ((int64_t)block != skip_layer) {
            joint_block(graph, video, audio, block, video_x, audio_x);
        } else if (video->passes == 2) {
            WanTower one_video = first_pass(graph, video), one_audio = first_pass(graph, audio);
            Tensor *v = graph_view_frames(graph, *video_x, 0, 1),
                   *a = graph_view_frames(graph, *audio_x, 0, 1);
            joint_block(graph, &one_video, &one_audio, block, &v, &a);
            *video_x = rejoin(graph, v, *video_x);
            *audio_x = rejoin(graph, a, *audio_x);
        } else {
            continue;
        }
        wan_tap(graph, video, *video_x, "block%u.video", executed);
        wan_tap(graph, audio, *audio_x, "block%u.audio", executed);
        executed++;
    }
    graph_set_block(graph, video->config->layers + 1);
}
