// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/name_scheme.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const NameRule wan_diffusers[] = {
    {"condition_embedder.time_embedder.linear_1", "time_embedding.0", 0},
    {"condition_embedder.time_embedder.linear_2", "time_embedding.2", 0},
    {"condition_embedder.time_proj", "time_projection.1", 0},
    {"condition_embedder.text_embedder.linear_1", "text_embedding.0", 0},
    {"condition_embedder.text_embedder.linear_2", "text_embedding.2", 0},
    {"condition_embedder.image_embedder.norm1", "img_emb.proj.0", 0},
    {"condition_embedder.image_embedder.ff.net.0.proj", "img_emb.proj.1", 0},
    {"condition_embedder.image_embedder.ff.net.2", "img_emb.proj.3", 0},
    {"condition_embedder.image_embedder.norm2", "img_emb.proj.4", 0},
    {"condition_embedder.image_embedder.pos_embed", "img_emb.emb_pos", 0},
    {"blocks.#.attn1.to_q", "blocks.$0.self_attn.q", 0},
    {"blocks.#.attn1.to_k", "blocks.$0.self_attn.k", 0},
    {"blocks.#.attn1.to_v", "blocks.$0.self_attn.v", 0},
    {"blocks.#.attn1.to_out.0", "blocks.$0.self_attn.o", 0},
    {"blocks.#.attn1", "blocks.$0.self_attn", 0},
    {"blocks.#.attn2.to_q", "blocks.$0.cross_attn.q", 0},
    {"blocks.#.attn2.to_k", "blocks.$0.cross_attn.k", 0},
    {"blocks.#.attn2.to_v", "blocks.$0.cross_attn.v", 0},
    {"blocks.#.attn2.to_out.0", "blocks.$0.cross_attn.o", 0},
    {"blocks.#.attn2.add_k_proj", "blocks.$0.cross_attn.k_img", 0},
    {"blocks.#.attn2.add_v_proj", "blocks.$0.cross_attn.v_img", 0},
    {"blocks.#.attn2.norm_added_k", "blocks.$0.cross_attn.norm_k_img", 0},
    {"blocks.#.attn2", "blocks.$0.cross_attn", 0},
    {"blocks.#.norm2", "blocks.$0.norm3", 0}, // diffusers numbers the norms in order of use
    {"blocks.#.ffn.net.0.proj", "blocks.$0.ffn.0", 0},
    {"blocks.#.ffn.net.2", "blocks.$0.ffn.2", 0},
    {"blocks.#.scale_shift_table", "blocks.$0.modulation", 0},
    {"scale_shift_table", "head.modulation", 0},
    {"proj_out", "head.head", 0},
};

static const NameRule umt5_hf[] = {
    {"shared", "token_embedding", 0},
    {"encoder.embed_tokens", "token_embedding", 0},
    {"encoder.final_layer_norm", "norm", 0},
    {"encoder.block.#.layer.0.layer_norm", "blocks.$0.norm1", 0},
    {"encoder.block.#.layer.0.SelfAttention.relative_attention_bias",
     "blocks.$0.pos_embedding.embedding", 0},
    {"encoder.block.#.layer.0.SelfAttention", "blocks.$0.attn", 0},
    {"encoder.block.#.layer.1.layer_norm", "blocks.$0.norm2", 0},
    {"encoder.block.#.layer.1.DenseReluDense.wi_0", "blocks.$0.ffn.gate.0", 0},
    {"encoder.block.#.layer.1.DenseReluDense.wi_1", "blocks.$0.ffn.fc1", 0},
    {"encoder.block.#.layer.1.DenseReluDense.wo", "blocks.$0.ffn.fc2", 0},
};

static const NameRule umt5_gguf[] = {
    {"token_embd", "token_embedding", 0},
    {"enc.output_norm", "norm", 0},
    {"enc.blk.#.attn_norm", "blocks.$0.norm1", 0},
    {"enc.blk.#.attn_rel_b", "blocks.$0.pos_embedding.embedding", 0},
    {"enc.blk.#.attn_q", "blocks.$0.attn.q", 0},
    {"enc.blk.#.attn_k", "blocks.$0.attn.k", 0},
    {"enc.blk.#.attn_v", "blocks.$0.attn.v", 0},
    {"enc.blk.#.attn_o", "blocks.$0.attn.o", 0},
    {"enc.blk.#.ffn_norm", "blocks.$0.norm2", 0},
    {"enc.blk.#.ffn_gate", "blocks.$0.ffn.gate.0", 0},
    {"enc.blk.#.ffn_up", "blocks.$0.ffn.fc1", 0},
    {"enc.blk.#.ffn_down", "blocks.$0.ffn.fc2", 0},
};

static const NameRule clip_hf[] = {
    {"vision_model.embeddings.class_embedding", "visual.cls_embedding", 0},
    {"vision_model.embeddings.patch_embedding", "visual.patch_embedding", 0},
    {"vision_model.embeddings.position_embedding.weight", "visual.pos_embedding", 0},
    {"vision_model.pre_layrnorm", "visual.pre_norm", 0}, // Hugging Face's own spelling
    {"vision_model.post_layernorm", "visual.post_norm", 0},
    {"vision_model.encoder.layers.#.layer_norm1", "visual.transformer.$0.norm1", 0},
    {"vision_model.encoder.layers.#.layer_norm2", "visual.transformer.$0.norm2", 0},
    {"vision_model.encoder.layers.#.self_attn.q_proj", "visual.transformer.$0.attn.to_qkv", 1},
    {"vision_model.encoder.layers.#.self_attn.k_proj", "visual.transformer.$0.attn.to_qkv", 2},
    {"vision_model.encoder.layers.#.self_attn.v_proj", "visual.transformer.$0.attn.to_qkv", 3},
    {"vision_model.encoder.layers.#.self_attn.out_proj", "visual.transformer.$0.attn.proj", 0},
    {"vision_model.encoder.layers.#.mlp.fc1", "visual.transformer.$0.mlp.0", 0},
    {"vision_model.encoder.layers.#.mlp.fc2", "visual.transformer.$0.mlp.2", 0},
};

static const NameRule vae_diffusers_21[] = {
    {"quant_conv", "conv1", 0},
    {"post_quant_conv", "conv2", 0},
    {"encoder.conv_in", "encoder.conv1", 0},
    {"encoder.norm_out", "encoder.head.0", 0},
    {"encoder.conv_out", "encoder.head.2", 0},
    {"encoder.mid_block.resnets.0", "encoder.middle.0", 0},
    {"encoder.mid_block.attentions.0", "encoder.middle.1", 0},
    {"encoder.mid_block.resnets.1", "encoder.middle.2", 0},
    {"encoder.down_blocks.#", "encoder.downsamples.$0", 0},
    {"decoder.conv_in", "decoder.conv1", 0},
    {"decoder.norm_out", "decoder.head.0", 0},
    {"decoder.conv_out", "decoder.head.2", 0},
    {"decoder.mid_block.resnets.0", "decoder.middle.0", 0},
    {"decoder.mid_block.attentions.0", "decoder.middle.1", 0},
    {"decoder.mid_block.resnets.1", "decoder.middle.2", 0},
    {"decoder.up_blocks.#.resnets.#", "decoder.upsamples.$f", 0},
    {"decoder.up_blocks.#.upsamplers.0", "decoder.upsamples.$u", 0},
};

static const NameRule vae_diffusers_22[] = {
    {"quant_conv", "conv1", 0},
    {"post_quant_conv", "conv2", 0},
    {"encoder.conv_in", "encoder.conv1", 0},
    {"encoder.norm_out", "encoder.head.0", 0},
    {"encoder.conv_out", "encoder.head.2", 0},
    {"encoder.mid_block.resnets.0", "encoder.middle.0", 0},
    {"encoder.mid_block.attentions.0", "encoder.middle.1", 0},
    {"encoder.mid_block.resnets.1", "encoder.middle.2", 0},
    {"encoder.down_blocks.#.resnets.#", "encoder.downsamples.$0.downsamples.$1", 0},
    {"encoder.down_blocks.#.downsampler", "encoder.downsamples.$0.downsamples.$e", 0},
    {"decoder.conv_in", "decoder.conv1", 0},
    {"decoder.norm_out", "decoder.head.0", 0},
    {"decoder.conv_out", "decoder.head.2", 0},
    {"decoder.mid_block.resnets.0", "decoder.middle.0", 0},
    {"decoder.mid_block.attentions.0", "decoder.middle.1", 0},
    {"decoder.mid_block.resnets.1", "decoder.middle.2", 0},
    {"decoder.up_blocks.#.resnets.#", "decoder.upsamples.$0.upsamples.$1", 0},
    {"decoder.up_blocks.#.upsampler", "decoder.upsamples.$0.upsamples.$d", 0},
};

// Inside a residual block of a VAE.
static const TextRule vae_residual[] = {
    {".norm1", ".residual.0"}, {".conv1", ".residual.2"},       {".norm2", ".residual.3"},
    {".conv2", ".residual.6"}, {".conv_shortcut", ".shortcut"},
};

// torch.nn.utils.parametrizations spells the pair g, v differently since 2.0.
static const TextRule weight_norm[] = {
    {".parametrizations.weight.original0", ".weight_g"},
    {".parametrizations.weight.original1", ".weight_v"},
};

#define ORIGINAL       NULL, 0, NULL, 0, NULL, 0
#define RULES(table)   table, COUNT(table), NULL, 0, NULL, 0
#define VAE_RULES(tab) tab, COUNT(tab), vae_residual, COUNT(vae_residual), NULL, 0

const NameScheme name_schemes[] = {
    {MODEL_PART_OVI,
     "original",
     "video_model.blocks.0.cross_attn.k_fusion.weight",
     {"video_model.patch_embedding.weight", "audio_model.patch_embedding.0.weight",
      "audio_model.blocks.0.cross_attn.k_fusion.weight", "video_model.head.head.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_WAN_DIT,
     "original",
     "blocks.0.self_attn.norm_q.weight",
     {"patch_embedding.weight", "head.head.weight", "time_projection.1.weight",
      "text_embedding.0.weight"},
     "blocks.0.cross_attn.k_fusion.weight",
     ORIGINAL},
    {MODEL_PART_WAN_DIT,
     "diffusers",
     "condition_embedder.time_proj.weight",
     {"patch_embedding.weight", "proj_out.weight", "blocks.0.attn1.to_q.weight",
      "scale_shift_table"},
     NULL,
     RULES(wan_diffusers)},
    {MODEL_PART_UMT5,
     "original",
     "blocks.0.pos_embedding.embedding.weight",
     {"token_embedding.weight", "blocks.0.attn.q.weight", "blocks.0.ffn.gate.0.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_UMT5,
     "Hugging Face",
     "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
     {"encoder.block.0.layer.1.DenseReluDense.wi_0.weight", "encoder.final_layer_norm.weight"},
     NULL,
     RULES(umt5_hf)},
    {MODEL_PART_UMT5,
     "GGUF",
     "enc.blk.0.attn_rel_b.weight",
     {"token_embd.weight", "enc.blk.0.ffn_gate.weight"},
     NULL,
     RULES(umt5_gguf)},
    {MODEL_PART_CLIP_VISION,
     "original",
     "visual.transformer.0.attn.to_qkv.weight",
     {"visual.patch_embedding.weight", "visual.cls_embedding"},
     NULL,
     ORIGINAL},
    {MODEL_PART_CLIP_VISION,
     "Hugging Face",
     "vision_model.embeddings.class_embedding",
     {"vision_model.embeddings.patch_embedding.weight",
      "vision_model.encoder.layers.0.self_attn.q_proj.weight"},
     NULL,
     RULES(clip_hf)},
    // A VAE file may hold only one half: each half has an anchor.
    {MODEL_PART_WAN_VAE_22,
     "original",
     "decoder.upsamples.0.upsamples.0.residual.0.gamma",
     {"decoder.conv1.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_WAN_VAE_22,
     "original",
     "encoder.downsamples.0.downsamples.0.residual.0.gamma",
     {"encoder.conv1.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_WAN_VAE_21,
     "original",
     "decoder.upsamples.0.residual.0.gamma",
     {"decoder.conv1.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_WAN_VAE_21,
     "original",
     "encoder.downsamples.0.residual.0.gamma",
     {"encoder.conv1.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_WAN_VAE_22,
     "diffusers",
     "decoder.up_blocks.0.resnets.0.norm1.gamma",
     {"decoder.conv_in.weight", "decoder.up_blocks.0.upsampler.resample.1.weight"},
     NULL,
     VAE_RULES(vae_diffusers_22)},
    {MODEL_PART_WAN_VAE_22,
     "diffusers",
     "encoder.down_blocks.0.resnets.0.norm1.gamma",
     {"encoder.conv_in.weight"},
     NULL,
     VAE_RULES(vae_diffusers_22)},
    {MODEL_PART_WAN_VAE_21,
     "diffusers",
     "decoder.up_blocks.0.resnets.0.norm1.gamma",
     {"decoder.conv_in.weight", "decoder.up_blocks.0.upsamplers.0.resample.1.weight"},
     NULL,
     VAE_RULES(vae_diffusers_21)},
    {MODEL_PART_WAN_VAE_21,
     "diffusers",
     "encoder.down_blocks.0.norm1.gamma",
     {"encoder.conv_in.weight"},
     NULL,
     VAE_RULES(vae_diffusers_21)},
    {MODEL_PART_MMAUDIO_VAE,
     "original",
     "decoder.learnable_gain",
     {"decoder.conv_in.weight", "decoder.mid.attn_1.qkv.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_MMAUDIO_VAE,
     "original",
     "encoder.learnable_gain",
     {"encoder.conv_in.weight", "encoder.mid.attn_1.qkv.weight"},
     NULL,
     ORIGINAL},
    {MODEL_PART_BIGVGAN,
     "original",
     "resblocks.0.activations.0.act.alpha",
     {"activation_post.act.alpha", "conv_pre.bias"},
     NULL,
     // No renaming but the end of weight-normed names.
     NULL,
     0,
     NULL,
     0,
     weight_norm,
     COUNT(weight_norm)},
    {MODEL_PART_LTX,
     "original or diffusers",
     "transformer_blocks.0.audio_to_video_attn.to_q.weight",
     {NULL},
     NULL,
     ORIGINAL},
    {MODEL_PART_LTX,
     "original",
     "patchify_proj.weight",
     {"transformer_blocks.0.scale_shift_table"},
     "transformer_blocks.0.audio_to_video_attn.to_q.weight",
     ORIGINAL},
    {MODEL_PART_LTX, "original", "per_channel_statistics.mean-of-means", {NULL}, NULL, ORIGINAL},
};
const size_t name_scheme_count = COUNT(name_schemes);

// Matches the start of `name`. Returns the bytes matched, 0 for no match, and stores numbers.
static size_t match_start(const char *pattern, const char *name, uint32_t numbers[2])
{
    const char *at = name;
    unsigned found = 0;
    for (; *pattern; pattern++) {
        if (*pattern != '#') {
            if (*at++ != *pattern)
                return 0;
            continue;
        }
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 4 || found == 2)
            return 0;
        numbers[found++] = (uint32_t)strtoul(at, NULL, 10);
        at += digits;
    }
    return *at == '\0' || *at == '.' ? (size_t)(at - name) : 0;
}

// Replaces $x in `pattern`. False when the result does not fit.
static bool expand(const char *pattern, const uint32_t numbers[2], StageCounts stages, char *out,
                   size_t capacity, size_t *used)
{
    for (; *pattern; pattern++) {
        int written;
        if (*pattern != '$') {
            written = snprintf(out + *used, capacity - *used, "%c", *pattern);
        } else {
            uint32_t flat = numbers[0] * (stages.decoder + 1), value = 0;
            switch (*++pattern) {
            case '0':
                value = numbers[0];
                break;
            case '1':
                value = numbers[1];
                break;
            case 'e':
                value = stages.encoder;
                break;
            case 'd':
                value = stages.decoder;
                break;
            case 'f':
                value = flat + numbers[1];
                break;
            default: // 'u'
                value = flat + stages.decoder;
                break;
            }
            written = snprintf(out + *used, capacity - *used, "%u", value);
        }
        if (written < 0 || (size_t)written >= capacity - *used)
            return false;
        *used += (size_t)written;
    }
    return true;
}

static bool append_text(const char *text, size_t length, char *out, size_t capacity, size_t *used)
{
    if (length >= capacity - *used)
        return false;
    memcpy(out + *used, text, length);
    *used += length;
    out[*used] = '\0';
    return true;
}

static bool apply_endings(const NameScheme *scheme, char *name, size_t *length)
{
    for (size_t i = 0; i < scheme->ending_count; i++) {
        size_t from = strlen(scheme->endings[i].from), to = strlen(scheme->endings[i].to);
        if (*length < from || strcmp(name + *length - from, scheme->endings[i].from) != 0)
            continue;
        memcpy(name + *length - from, scheme->endings[i].to, to + 1); // never longer
        *length = *length - from + to;
        break;
    }
    return true;
}

bool name_scheme_apply(const NameScheme *scheme, StageCounts stages, const char *name, char *out,
                       size_t capacity, uint8_t *slice)
{
    uint32_t numbers[2] = {0};
    size_t used = 0;
    *slice = 0;
    for (size_t i = 0; i < scheme->rule_count; i++) {
        size_t matched = match_start(scheme->rules[i].from, name, numbers);
        if (matched == 0)
            continue;
        if (!expand(scheme->rules[i].to, numbers, stages, out, capacity, &used))
            return false;
        *slice = scheme->rules[i].slice;
        name += matched;
        for (size_t j = 0; j < scheme->inner_count; j++) {
            size_t inner = match_start(scheme->inner[j].from, name, numbers);
            if (inner == 0)
                continue;
            const char *to = scheme->inner[j].to;
            if (!append_text(to, strlen(to), out, capacity, &used))
                return false;
            name += inner;
            break;
        }
        break;
    }
    return append_text(name, strlen(name), out, capacity, &used) &&
           apply_endings(scheme, out, &used);
}
