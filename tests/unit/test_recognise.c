// SPDX-License-Identifier: GPL-3.0-or-later
// What a file holds is told by names and shapes, and every naming habit leads to the same names.
#include "formats/recognise.h"

#include <string.h>

#include "formats/name_map.h"
#include "golden_path.h"
#include "graph/weight.h"
#include "tap.h"

static ModelFile *open_path(const char *path)
{
    ModelFile *file = NULL;
    RshError error = {0};
    if (model_file_open(path, &file, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

static const char *mini_path(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof(path), "%s/%s", getenv("RUSHES_MINI"), name);
    return path;
}

static void check_part(const char *path, ModelPart part, WanKind wan)
{
    RecognisedPart parts[MODEL_MAX_PARTS];
    ModelFile *file = open_path(path);
    size_t count = model_recognise(file, parts);
    if (count)
        printf("# %s: %s\n", strrchr(path, '/') + 1, parts[0].text);
    if (count != 1 || parts[0].part != part || parts[0].wan != wan)
        printf("# %s: %zu parts, the first %s\n", path, count,
               count ? model_part_name(parts[0].part) : "none");
    CHECK(count == 1 && parts[0].part == part && parts[0].wan == wan);
    CHECK(count == 1 && parts[0].prefix[0] == '\0');
    CHECK(count == 1 && parts[0].runnable);
    model_file_close(&file);
}

static void golden_files_are_recognised(void)
{
    static const struct {
        const char *path;
        ModelPart part;
        WanKind wan;
    } cases[] = {
        {"a-wan-dit-t2v-hd128/weights.safetensors", MODEL_PART_WAN_DIT, WAN_T2V},
        {"a-wan-dit-t2v-hd64/weights.safetensors", MODEL_PART_WAN_DIT, WAN_T2V},
        {"a-gguf-wan-dit/model.gguf", MODEL_PART_WAN_DIT, WAN_T2V},
        {"a-wan-dit-ti2v-hd128/weights.safetensors", MODEL_PART_WAN_DIT, WAN_TI2V},
        {"a-wan-dit-i2v-clip/weights.safetensors", MODEL_PART_WAN_DIT, WAN_I2V_21},
        {"a-wan-dit-i2v22/weights.safetensors", MODEL_PART_WAN_DIT, WAN_I2V_22},
        {"a-ovi-fusion-t2v/weights.safetensors", MODEL_PART_OVI, WAN_NONE},
        {"a-ovi-fusion-slg/weights.safetensors", MODEL_PART_OVI, WAN_NONE},
        {"a-umt5-wan/weights.safetensors", MODEL_PART_UMT5, WAN_NONE},
        {"a-umt5-hf/weights.safetensors", MODEL_PART_UMT5, WAN_NONE},
        {"a-clip-vision/weights.safetensors", MODEL_PART_CLIP_VISION, WAN_NONE},
        {"a-wan-vae-2.1-decode/weights.safetensors", MODEL_PART_WAN_VAE_21, WAN_NONE},
        {"a-wan-vae-2.1-encode/weights.safetensors", MODEL_PART_WAN_VAE_21, WAN_NONE},
        {"a-wan-vae-2.2-decode/weights.safetensors", MODEL_PART_WAN_VAE_22, WAN_NONE},
        {"a-wan-vae-2.2-encode/weights.safetensors", MODEL_PART_WAN_VAE_22, WAN_NONE},
        {"a-mmaudio-vae-decode/weights.safetensors", MODEL_PART_MMAUDIO_VAE, WAN_NONE},
        {"a-mmaudio-vae-encode/weights.safetensors", MODEL_PART_MMAUDIO_VAE, WAN_NONE},
        {"a-bigvgan/weights.safetensors", MODEL_PART_BIGVGAN, WAN_NONE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_part(golden_path(cases[i].path), cases[i].part, cases[i].wan);
}

static void the_bundled_model_is_recognised(void)
{
    check_part(mini_path("transformer.gguf"), MODEL_PART_OVI, WAN_NONE);
    check_part(mini_path("text_encoder.gguf"), MODEL_PART_UMT5, WAN_NONE);
    check_part(mini_path("vae.gguf"), MODEL_PART_WAN_VAE_22, WAN_NONE);
    check_part(mini_path("audio_vae.gguf"), MODEL_PART_MMAUDIO_VAE, WAN_NONE);
    check_part(mini_path("vocoder.gguf"), MODEL_PART_BIGVGAN, WAN_NONE);
}

static void every_part_of_a_whole_run_is_found(void)
{
    RecognisedPart parts[MODEL_MAX_PARTS], one;
    RshError error = {0};
    ModelFile *file = open_path(golden_path("a-pipeline-i2v22/weights.safetensors"));
    size_t count = model_recognise(file, parts);
    for (size_t i = 0; i < count; i++)
        printf("# \"%s\": %s\n", parts[i].prefix, parts[i].text);
    CHECK(count == 4);
    CHECK(model_recognise_part(file, "vae.", MODEL_PART_ANY, &one, &error) == RSH_OK);
    CHECK(one.part == MODEL_PART_WAN_VAE_21 && strcmp(one.prefix, "vae.") == 0);
    CHECK(model_recognise_part(file, "", MODEL_PART_UMT5, &one, &error) == RSH_OK);
    CHECK(strcmp(one.prefix, "text_encoder.") == 0);
    CHECK(model_recognise_part(file, "dit.", MODEL_PART_WAN_DIT, &one, &error) == RSH_OK);
    CHECK(one.wan == WAN_I2V_22);
    CHECK(model_recognise_part(file, "", MODEL_PART_WAN_DIT, &one, &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "which one") != NULL);
    CHECK(model_recognise_part(file, "vae.", MODEL_PART_UMT5, &one, &error) == RSH_ERROR_FORMAT);
    CHECK(strstr(error.text, "this holds a Wan 2.1 VAE, not a umT5 text encoder") != NULL);
    model_file_close(&file);
}

static void hugging_face_names_become_the_original_ones(void)
{
    ModelFile *hf = open_path(golden_path("a-umt5-hf/weights.safetensors"));
    ModelFile *original = open_path(golden_path("a-umt5-wan/weights.safetensors"));
    NameMap *map = NULL;
    CHECK(name_map_open(hf, "", MODEL_PART_UMT5, &map, NULL) == RSH_OK);
    CHECK(name_map_count(map) == model_file_count(hf));
    for (size_t i = 0; i < name_map_count(map); i++)
        CHECK(model_file_find(original, name_map_at(map, i)->name) != NULL);
    name_map_close(&map);
    model_file_close(&hf);
    model_file_close(&original);
}

// A safetensors file in memory: every name as U8 [shape...] with zeros for data.
typedef struct Sketch {
    const char *name;
    const char *shape;
    unsigned elements;
} Sketch;

static ModelFile *sketch_file(const Sketch *tensors, size_t count, char *bytes, size_t capacity)
{
    size_t used = 8, offset = 0;
    used += (size_t)snprintf(bytes + used, capacity - used, "{");
    for (size_t i = 0; i < count; i++) {
        used += (size_t)snprintf(
            bytes + used, capacity - used,
            "%s\"%s\":{\"dtype\":\"U8\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}", i ? "," : "",
            tensors[i].name, tensors[i].shape, offset, offset + tensors[i].elements);
        offset += tensors[i].elements;
    }
    used += (size_t)snprintf(bytes + used, capacity - used, "}");
    uint64_t length = used - 8;
    memcpy(bytes, &length, 8);
    memset(bytes + used, 0, offset);
    ModelFile *file = NULL;
    RshError error = {0};
    CHECK(used + offset <= capacity);
    CHECK(model_file_open_bytes(bytes, used + offset, "sketch", &file, &error) == RSH_OK);
    if (!file) {
        printf("Bail out! %s\n", error.text);
        exit(EXIT_FAILURE);
    }
    return file;
}

static char sketch_bytes[1 << 16];
#define SKETCH(tensors)                                                                            \
    sketch_file(tensors, sizeof(tensors) / sizeof((tensors)[0]), sketch_bytes, sizeof(sketch_bytes))

// Every stored name must be found as the original one, with its own data.
static void check_names(const char *const (*pairs)[2], size_t count, ModelPart part)
{
    static Sketch tensors[64];
    NameMap *map = NULL;
    RshError error = {0};
    for (size_t i = 0; i < count; i++)
        tensors[i] = (Sketch){pairs[i][0], "[1]", 1};
    ModelFile *file = sketch_file(tensors, count, sketch_bytes, sizeof(sketch_bytes));
    RshStatus status = name_map_open(file, "", part, &map, &error);
    if (status != RSH_OK)
        printf("# %s\n", error.text);
    CHECK(status == RSH_OK);
    for (size_t i = 0; map && i < count; i++) {
        const NamedTensor *tensor = name_map_find(map, pairs[i][1]);
        if (!tensor || strcmp(tensor->parts[0]->name, pairs[i][0]) != 0)
            printf("# %s is not found as %s\n", pairs[i][0], pairs[i][1]);
        CHECK(tensor && strcmp(tensor->parts[0]->name, pairs[i][0]) == 0);
    }
    name_map_close(&map);
    model_file_close(&file);
}

static void diffusers_transformer_names_become_the_original_ones(void)
{
    static const char *const pairs[][2] = {
        {"patch_embedding.weight", "patch_embedding.weight"},
        {"condition_embedder.time_embedder.linear_1.weight", "time_embedding.0.weight"},
        {"condition_embedder.time_proj.weight", "time_projection.1.weight"},
        {"condition_embedder.text_embedder.linear_2.bias", "text_embedding.2.bias"},
        {"condition_embedder.image_embedder.ff.net.0.proj.weight", "img_emb.proj.1.weight"},
        {"blocks.0.attn1.to_q.weight", "blocks.0.self_attn.q.weight"},
        {"blocks.0.attn1.to_out.0.bias", "blocks.0.self_attn.o.bias"},
        {"blocks.0.attn1.norm_k.weight", "blocks.0.self_attn.norm_k.weight"},
        {"blocks.39.attn2.add_k_proj.weight", "blocks.39.cross_attn.k_img.weight"},
        {"blocks.39.attn2.norm_added_k.weight", "blocks.39.cross_attn.norm_k_img.weight"},
        {"blocks.39.norm2.weight", "blocks.39.norm3.weight"},
        {"blocks.39.ffn.net.0.proj.weight", "blocks.39.ffn.0.weight"},
        {"blocks.39.ffn.net.2.bias", "blocks.39.ffn.2.bias"},
        {"blocks.39.scale_shift_table", "blocks.39.modulation"},
        {"scale_shift_table", "head.modulation"},
        {"proj_out.weight", "head.head.weight"},
    };
    check_names(pairs, sizeof(pairs) / sizeof(pairs[0]), MODEL_PART_WAN_DIT);
}

static void diffusers_vae_names_become_the_original_ones(void)
{
    static const char *const wan21[][2] = {
        {"decoder.conv_in.weight", "decoder.conv1.weight"},
        {"decoder.up_blocks.0.resnets.0.norm1.gamma", "decoder.upsamples.0.residual.0.gamma"},
        {"decoder.up_blocks.0.resnets.1.norm1.gamma", "decoder.upsamples.1.residual.0.gamma"},
        {"decoder.up_blocks.0.resnets.2.norm1.gamma", "decoder.upsamples.2.residual.0.gamma"},
        {"decoder.up_blocks.0.upsamplers.0.resample.1.weight",
         "decoder.upsamples.3.resample.1.weight"},
        {"decoder.up_blocks.1.resnets.0.conv_shortcut.weight",
         "decoder.upsamples.4.shortcut.weight"},
        {"decoder.up_blocks.2.upsamplers.0.resample.1.bias",
         "decoder.upsamples.11.resample.1.bias"},
        {"decoder.up_blocks.3.resnets.2.conv2.weight", "decoder.upsamples.14.residual.6.weight"},
        {"decoder.up_blocks.1.upsamplers.0.time_conv.weight",
         "decoder.upsamples.7.time_conv.weight"},
        {"encoder.conv_in.weight", "encoder.conv1.weight"},
        {"encoder.down_blocks.0.norm1.gamma", "encoder.downsamples.0.residual.0.gamma"},
        {"encoder.down_blocks.10.conv2.bias", "encoder.downsamples.10.residual.6.bias"},
        {"encoder.down_blocks.5.time_conv.weight", "encoder.downsamples.5.time_conv.weight"},
        {"encoder.mid_block.resnets.1.norm2.gamma", "encoder.middle.2.residual.3.gamma"},
        {"encoder.mid_block.attentions.0.to_qkv.weight", "encoder.middle.1.to_qkv.weight"},
        {"encoder.mid_block.attentions.0.norm.gamma", "encoder.middle.1.norm.gamma"},
        {"decoder.norm_out.gamma", "decoder.head.0.gamma"},
        {"decoder.conv_out.weight", "decoder.head.2.weight"},
        {"quant_conv.weight", "conv1.weight"},
        {"post_quant_conv.bias", "conv2.bias"},
    };
    static const char *const wan22[][2] = {
        {"decoder.conv_in.weight", "decoder.conv1.weight"},
        {"decoder.up_blocks.0.resnets.0.norm1.gamma",
         "decoder.upsamples.0.upsamples.0.residual.0.gamma"},
        {"decoder.up_blocks.0.resnets.1.norm1.gamma",
         "decoder.upsamples.0.upsamples.1.residual.0.gamma"},
        {"decoder.up_blocks.0.resnets.2.norm1.gamma",
         "decoder.upsamples.0.upsamples.2.residual.0.gamma"},
        {"decoder.up_blocks.0.upsampler.resample.1.weight",
         "decoder.upsamples.0.upsamples.3.resample.1.weight"},
        {"encoder.down_blocks.0.resnets.0.norm1.gamma",
         "encoder.downsamples.0.downsamples.0.residual.0.gamma"},
        {"encoder.down_blocks.0.resnets.1.norm1.gamma",
         "encoder.downsamples.0.downsamples.1.residual.0.gamma"},
        {"encoder.down_blocks.1.downsampler.time_conv.bias",
         "encoder.downsamples.1.downsamples.2.time_conv.bias"},
        {"encoder.down_blocks.1.resnets.0.conv_shortcut.bias",
         "encoder.downsamples.1.downsamples.0.shortcut.bias"},
    };
    check_names(wan21, sizeof(wan21) / sizeof(wan21[0]), MODEL_PART_WAN_VAE_21);
    check_names(wan22, sizeof(wan22) / sizeof(wan22[0]), MODEL_PART_WAN_VAE_22);
}

static void gguf_encoder_and_new_weight_norm_names_are_known(void)
{
    static const char *const umt5[][2] = {
        {"token_embd.weight", "token_embedding.weight"},
        {"enc.blk.0.attn_rel_b.weight", "blocks.0.pos_embedding.embedding.weight"},
        {"enc.blk.0.attn_q.weight", "blocks.0.attn.q.weight"},
        {"enc.blk.0.ffn_gate.weight", "blocks.0.ffn.gate.0.weight"},
        {"enc.blk.23.ffn_down.weight", "blocks.23.ffn.fc2.weight"},
        {"enc.output_norm.weight", "norm.weight"},
    };
    static const char *const bigvgan[][2] = {
        {"conv_pre.bias", "conv_pre.bias"},
        {"activation_post.act.alpha", "activation_post.act.alpha"},
        {"resblocks.0.activations.0.act.alpha", "resblocks.0.activations.0.act.alpha"},
        {"conv_pre.parametrizations.weight.original0", "conv_pre.weight_g"},
        {"ups.0.0.parametrizations.weight.original1", "ups.0.0.weight_v"},
    };
    check_names(umt5, sizeof(umt5) / sizeof(umt5[0]), MODEL_PART_UMT5);
    check_names(bigvgan, sizeof(bigvgan) / sizeof(bigvgan[0]), MODEL_PART_BIGVGAN);
}

static void clip_projections_are_joined(void)
{
    static const Sketch tensors[] = {
        {"vision_model.embeddings.class_embedding", "[4]", 4},
        {"vision_model.embeddings.patch_embedding.weight", "[4,3,1,1]", 12},
        {"vision_model.embeddings.position_embedding.weight", "[5,4]", 20},
        {"vision_model.encoder.layers.0.self_attn.v_proj.weight", "[4,4]", 16},
        {"vision_model.encoder.layers.0.self_attn.k_proj.weight", "[4,4]", 16},
        {"vision_model.encoder.layers.0.self_attn.q_proj.weight", "[4,4]", 16},
    };
    ModelFile *file = SKETCH(tensors);
    NameMap *map = NULL;
    CHECK(name_map_open(file, "", MODEL_PART_ANY, &map, NULL) == RSH_OK);
    CHECK(name_map_part(map)->part == MODEL_PART_CLIP_VISION);
    const NamedTensor *qkv = name_map_find(map, "visual.transformer.0.attn.to_qkv.weight");
    CHECK(qkv && qkv->part_count == 3 && qkv->dims[0] == 12 && qkv->dims[1] == 4);
    CHECK(qkv && strstr(qkv->parts[0]->name, "q_proj") && strstr(qkv->parts[2]->name, "v_proj"));
    const NamedTensor *class_row = name_map_find(map, "visual.cls_embedding");
    CHECK(class_row && class_row->n_dims == 3 && class_row->dims[0] == 1 &&
          class_row->dims[1] == 1 && class_row->dims[2] == 4);
    const NamedTensor *positions = name_map_find(map, "visual.pos_embedding");
    CHECK(positions && positions->n_dims == 3 && positions->dims[1] == 5 &&
          positions->dims[2] == 4);
    name_map_close(&map);
    model_file_close(&file);

    RecognisedPart parts[MODEL_MAX_PARTS];
    file = sketch_file(tensors, 5, sketch_bytes, sizeof(sketch_bytes)); // q is missing
    CHECK(model_recognise(file, parts) == 0);
    model_file_close(&file);
}

static void weight_sets_take_original_names(void)
{
    static const Sketch tensors[] = {
        {"vision_model.embeddings.class_embedding", "[4]", 4},
        {"vision_model.embeddings.patch_embedding.weight", "[4,3,1,1]", 12},
        {"vision_model.encoder.layers.0.self_attn.q_proj.weight", "[4,4]", 16},
        {"vision_model.encoder.layers.0.self_attn.k_proj.weight", "[4,4]", 16},
        {"vision_model.encoder.layers.0.self_attn.v_proj.weight", "[4,4]", 16},
    };
    ModelFile *file = SKETCH(tensors);
    const uint8_t *bytes = model_file_data(file, model_file_tensor(file, 3));
    ((uint8_t *)(uintptr_t)bytes)[2] = 7; // k, row 0, column 2
    WeightSet *set = NULL;
    RshError error = {0};
    float value = 0;
    CHECK(weight_set_open(file, "", &set, &error) == RSH_OK);
    const Weight *qkv = weight_set_get(set, "visual.transformer.0.attn.to_qkv.weight", 2,
                                       (const uint64_t[]){12, 4}, &error);
    CHECK(qkv && weight_read(qkv, 4 * 4 + 2, 1, &value, &error) == RSH_OK && value == 7);
    CHECK(weight_set_get(set, "visual.cls_embedding", 3, (const uint64_t[]){1, 1, 4}, &error));
    weight_set_close(&set);
    // A prefix that belongs to the original names, which this file does not have.
    CHECK(weight_set_open(file, "visual.", &set, &error) == RSH_OK);
    CHECK(weight_set_get(set, "cls_embedding", 3, (const uint64_t[]){1, 1, 4}, &error));
    CHECK(!weight_set_find(set, "visual.cls_embedding"));
    weight_set_close(&set);
    model_file_close(&file);
}

static void towers_are_found_behind_a_prefix(void)
{
    static const Sketch tensors[] = {
        {"a.video_model.blocks.0.cross_attn.k_fusion.weight", "[1]", 1},
        {"a.video_model.patch_embedding.weight", "[2,1]", 2},
        {"a.video_model.head.head.weight", "[1]", 1},
        {"a.audio_model.patch_embedding.0.weight", "[1]", 1},
        {"a.audio_model.blocks.0.cross_attn.k_fusion.weight", "[1]", 1},
        {"b.unrelated", "[1]", 1},
    };
    ModelFile *file = SKETCH(tensors);
    NameMap *map = NULL;
    CHECK(name_map_open(file, "audio_model.", MODEL_PART_ANY, &map, NULL) == RSH_OK);
    CHECK(name_map_count(map) == 2 && name_map_find(map, "patch_embedding.0.weight"));
    CHECK(name_map_part(map)->part == MODEL_PART_OVI);
    name_map_close(&map);
    CHECK(name_map_open(file, "video_model.", MODEL_PART_OVI, &map, NULL) == RSH_OK);
    CHECK(name_map_count(map) == 3);
    name_map_close(&map);
    CHECK(name_map_open(file, "b.", MODEL_PART_ANY, &map, NULL) == RSH_OK);
    CHECK(name_map_count(map) == 1 && name_map_part(map)->part == MODEL_PART_ANY);
    name_map_close(&map);
    model_file_close(&file);
}

static void flattened_patch_embeddings_are_unfolded(void)
{
    static const Sketch tensors[] = {
        {"model.diffusion_model.patch_embedding.weight", "[8,64]", 512},
        {"model.diffusion_model.patch_embedding.bias", "[8]", 8},
        {"model.diffusion_model.head.head.weight", "[64,8]", 512},
        {"model.diffusion_model.time_projection.1.weight", "[1]", 1},
        {"model.diffusion_model.text_embedding.0.weight", "[1]", 1},
        {"model.diffusion_model.blocks.0.self_attn.norm_q.weight", "[1]", 1},
        {"model.diffusion_model.blocks.0.self_attn.q.weight", "[1]", 1},
        {"first_stage_model.unknown", "[1]", 1},
    };
    ModelFile *file = SKETCH(tensors);
    NameMap *map = NULL;
    CHECK(name_map_open(file, "", MODEL_PART_ANY, &map, NULL) == RSH_OK);
    const RecognisedPart *part = name_map_part(map);
    CHECK(strcmp(part->prefix, "model.diffusion_model.") == 0 && part->wan == WAN_T2V);
    const NamedTensor *patch = name_map_find(map, "patch_embedding.weight");
    CHECK(patch && patch->n_dims == 5 && patch->dims[0] == 8 && patch->dims[1] == 16);
    CHECK(name_map_count(map) == 7);
    name_map_close(&map);
    model_file_close(&file);
}

static void t5_and_ltx_are_named_and_not_run(void)
{
    static const Sketch t5[] = {
        {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", "[1]", 1},
        {"encoder.block.0.layer.0.SelfAttention.q.weight", "[1]", 1},
        {"encoder.block.1.layer.0.SelfAttention.q.weight", "[1]", 1},
        {"encoder.block.0.layer.1.DenseReluDense.wi_0.weight", "[1]", 1},
        {"encoder.final_layer_norm.weight", "[1]", 1},
        {"shared.weight", "[2,1]", 2},
        {"encoder.embed_tokens.weight", "[2,1]", 2}, // tied, stored twice
    };
    static const Sketch ltx[] = {
        {"model.diffusion_model.transformer_blocks.0.audio_to_video_attn.to_q.weight", "[1]", 1},
    };
    RecognisedPart parts[MODEL_MAX_PARTS];
    ModelFile *file = SKETCH(t5);
    CHECK(model_recognise(file, parts) == 1);
    CHECK(parts[0].part == MODEL_PART_UMT5 && !parts[0].runnable);
    CHECK(strstr(parts[0].text, "not umT5") != NULL);
    model_file_close(&file);
    file = SKETCH(ltx);
    CHECK(model_recognise(file, parts) == 1);
    CHECK(parts[0].part == MODEL_PART_LTX && !parts[0].runnable);
    CHECK(strstr(parts[0].text, "not yet runnable") != NULL);
    model_file_close(&file);
}

static void unknown_names_are_kept_as_they_are(void)
{
    static const Sketch tensors[] = {{"a.b", "[1]", 1}, {"a.c", "[1]", 1}, {"d", "[1]", 1}};
    ModelFile *file = SKETCH(tensors);
    NameMap *map = NULL;
    RshError error = {0};
    CHECK(name_map_open(file, "a.", MODEL_PART_ANY, &map, &error) == RSH_OK);
    CHECK(name_map_count(map) == 2 && name_map_find(map, "b") && !name_map_find(map, "d"));
    name_map_close(&map);
    CHECK(name_map_open(file, "", MODEL_PART_OVI, &map, &error) == RSH_ERROR_FORMAT);
    CHECK(map == NULL && strstr(error.text, "sketch") != NULL);
    model_file_close(&file);
}

typedef struct Found {
    unsigned parts, refused;
} Found;

static void count_part(void *data, const char *path, const RecognisedPart *part)
{
    ((Found *)data)->parts++;
}

static void count_refused(void *data, const char *path, const char *sentence)
{
    ((Found *)data)->refused++;
    CHECK(strstr(sentence, ".safetensors") != NULL);
}

static void folders_are_searched_for_parts(void)
{
    Found found = {0};
    CHECK(model_recognise_folder(getenv("RUSHES_MINI"), count_part, count_refused, &found));
    CHECK(found.parts == 5 && found.refused == 0);
    found = (Found){0};
    CHECK(model_recognise_folder(golden_path("a-malformed-safetensors"), count_part, count_refused,
                                 &found));
    CHECK(found.parts == 0 && found.refused >= 30);
    CHECK(!model_recognise_folder("/nowhere", count_part, count_refused, &found));
}

int main(void)
{
    TAP_RUN(golden_files_are_recognised);
    TAP_RUN(the_bundled_model_is_recognised);
    TAP_RUN(every_part_of_a_whole_run_is_found);
    TAP_RUN(hugging_face_names_become_the_original_ones);
    TAP_RUN(diffusers_transformer_names_become_the_original_ones);
    TAP_RUN(diffusers_vae_names_become_the_original_ones);
    TAP_RUN(gguf_encoder_and_new_weight_norm_names_are_known);
    TAP_RUN(clip_projections_are_joined);
    TAP_RUN(weight_sets_take_original_names);
    TAP_RUN(towers_are_found_behind_a_prefix);
    TAP_RUN(flattened_patch_embeddings_are_unfolded);
    TAP_RUN(t5_and_ltx_are_named_and_not_run);
    TAP_RUN(unknown_names_are_kept_as_they_are);
    TAP_RUN(folders_are_searched_for_parts);
    return tap_done();
}
