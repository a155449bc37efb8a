// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/model_json.h"
#include "models/wan.h"

enum { MAX_WIDTH = 1 << 20, MAX_LAYERS = 1024 };

// Blocks, widths and branches show in the weights; what shapes cannot tell keeps the released models' value.
static RshStatus from_weights(WeightSet *weights, WanConfig *c, RshError *error)
{
    const Weight *patch = weight_set_find(weights, "patch_embedding.weight");
    const Weight *audio_patch = weight_set_find(weights, "patch_embedding.0.weight");
    const Weight *ffn = weight_set_find(weights, "blocks.0.ffn.0.weight");
    const Weight *text = weight_set_find(weights, "text_embedding.0.weight");
    const Weight *time = weight_set_find(weights, "time_embedding.0.weight");
    const Weight *head = weight_set_find(weights, "head.head.weight");
    if ((!patch && !audio_patch) || !ffn || !text || !time || !head || ffn->n_dims != 2 ||
        text->n_dims != 2 || time->n_dims != 2 || head->n_dims != 2)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "This is not a Wan transformer: the patch embedding, 'blocks.0.ffn.0.weight', "
            "'text_embedding.0.weight', 'time_embedding.0.weight' or 'head.head.weight' is "
            "missing.");

    c->audio = patch == NULL;
    const Weight *first = c->audio ? audio_patch : patch;
    if (c->audio ? first->n_dims != 3 : first->n_dims != 5)
        return error_set(error, RSH_ERROR_FORMAT,
                         "The patch embedding '%s' has %u dimensions instead of %d.", first->name,
                         first->n_dims, c->audio ? 3 : 5);
    for (uint32_t i = 0; i < first->n_dims; i++) {
        if (first->dims[i] < 1 || first->dims[i] > MAX_WIDTH)
            return error_set(error, RSH_ERROR_FORMAT,
                             "The patch embedding '%s' has a dimension of %llu.", first->name,
                             (unsigned long long)first->dims[i]);
    }
    const Weight *others[] = {ffn, text, time, head};
    for (size_t i = 0; i < 4; i++) {
        if (others[i]->dims[0] < 1 || others[i]->dims[0] > MAX_WIDTH || others[i]->dims[1] < 1 ||
            others[i]->dims[1] > MAX_WIDTH)
            return error_set(error, RSH_ERROR_FORMAT,
                             "The weight '%s' is larger than any Wan model's.", others[i]->name);
    }
    c->dim = (uint32_t)first->dims[0];
    c->in_channels = (uint32_t)first->dims[1];
    for (int axis = 0; axis < 3; axis++)
        c->patch[axis] = c->audio ? 1 : (uint32_t)first->dims[2 + axis];
    c->ffn_dim = (uint32_t)ffn->dims[0];
    c->text_dim = (uint32_t)text->dims[1];
    c->freq_dim = (uint32_t)time->dims[1];
    uint64_t volume = (uint64_t)c->patch[0] * c->patch[1] * c->patch[2];
    if (volume == 0 || head->dims[0] % volume != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "'%s' has %llu rows, not a multiple of the patch's %llu.", head->name,
                         (unsigned long long)head->dims[0], (unsigned long long)volume);
    c->out_channels = (uint32_t)(head->dims[0] / volume);
    c->image_branch = weight_set_find(weights, "blocks.0.cross_attn.k_img.weight") != NULL;
    c->fusion = weight_set_find(weights, "blocks.0.cross_attn.k_fusion.weight") != NULL;
    for (c->layers = 0; c->layers < MAX_LAYERS; c->layers++) {
        char name[64];
        snprintf(name, sizeof(name), "blocks.%u.ffn.0.weight", c->layers);
        if (!weight_set_find(weights, name))
            break;
    }
    c->heads = c->dim % 128 == 0 ? c->dim / 128 : 1;
    c->text_len = 512;
    c->eps = 1e-6;
    c->rope_theta = 10000;
    c->rope_scale = c->audio ? 0.19676 : 1;
    return RSH_OK;
}

RshStatus wan_config_read(const cJSON *config, WeightSet *weights, WanConfig *out, RshError *error)
{
    memset(out, 0, sizeof(*out));
    RshStatus status = from_weights(weights, out, error);
    if (status != RSH_OK)
        return status;
    if (config) {
        bool norms = true;
        uint32_t layers = out->layers;
        if ((status = config_count(config, "transformer", "num_heads", 1, 1024, &out->heads,
                                   error)) != RSH_OK ||
            (status = config_count(config, "transformer", "num_layers", 1, MAX_LAYERS, &layers,
                                   error)) != RSH_OK ||
            (status = config_count(config, "transformer", "text_len", 1, 1 << 16, &out->text_len,
                                   error)) != RSH_OK ||
            (status = config_number(config, "transformer", "eps", 0, 1, &out->eps, error)) !=
                RSH_OK ||
            (status = config_number(config, "transformer", "rope_theta", 1, 1e12, &out->rope_theta,
                                    error)) != RSH_OK ||
            (status = config_number(config, "transformer", "temporal_rope_scaling_factor", 0, 1e6,
                                    &out->rope_scale, error)) != RSH_OK ||
            (status = config_bool(config, "transformer", "qk_norm", &norms, error)) != RSH_OK ||
            (status = config_bool(config, "transformer", "cross_attn_norm", &norms, error)) !=
                RSH_OK)
            return status;
        if (layers > out->layers)
            return error_set(error, RSH_ERROR_FORMAT,
                             "The configuration has %u blocks but the weights hold %u.", layers,
                             out->layers);
        out->layers = layers;
        if (!norms)
            return error_set(error, RSH_ERROR_FORMAT,
                             "Wan models without query and key norms are not supported.");
    }
    uint32_t head_dim = out->dim / out->heads;
    if (out->freq_dim % 2 != 0)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "The time embedding reads %u waves; cosines and sines make an even number.",
            out->freq_dim);
    if (out->dim % out->heads != 0 || head_dim % 4 != 0 || out->dim % 4 != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%u heads do not divide a width of %u into multiples of 4 channels.",
                         out->heads, out->dim);
    if (out->patch[0] != 1)
        return error_set(error, RSH_ERROR_FORMAT,
                         "Patches of %u frames are not supported: every Wan model has 1.",
                         out->patch[0]);
    return RSH_OK;
}
