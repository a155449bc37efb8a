// SPDX-License-Identifier: GPL-3.0-or-later
// A model folder: its files mapped, configurations read, defaults gathered.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/tokenizer_weights.h"
#include "run/stages.h"

static RshStatus open_component(const ModelJson *json, const char *name, const char *prefix,
                                Component *out, RshError *error)
{
    const char *path = model_json_path(json, name);
    if (!path)
        return error_set(error, RSH_ERROR_FORMAT, "%s has no component '%s'.", model_json_id(json),
                         name);
    RshStatus status = model_file_open(path, &out->file, error);
    return status == RSH_OK ? weight_set_open(out->file, prefix, &out->weights, error) : status;
}

static void close_component(Component *component)
{
    weight_set_close(&component->weights);
    model_file_close(&component->file);
}

void pipeline_model_close(PipelineModel **model)
{
    PipelineModel *self = *model;
    if (!self)
        return;
    weight_set_close(&self->audio);
    close_component(&self->text);
    close_component(&self->video);
    close_component(&self->low_noise);
    close_component(&self->vae);
    close_component(&self->audio_vae);
    close_component(&self->vocoder);
    close_component(&self->image);
    tokenizer_close(&self->tokenizer);
    model_json_close(&self->json);
    free(self);
    *model = NULL;
}

bool stage_has_low_noise(const PipelineModel *model)
{
    return model->low_noise.weights != NULL;
}

// "prediction": what the transformer was trained to answer; both towers and both experts alike.
static RshStatus read_prediction(PipelineModel *m, const cJSON *config, RshError *error)
{
    const char *prediction = "velocity";
    RshStatus status = config_string(config, "transformer", "prediction", &prediction, error);
    if (status != RSH_OK)
        return status;
    m->answers_clean = strcmp(prediction, "x0") == 0;
    if (!m->answers_clean && strcmp(prediction, "velocity") != 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the transformer's \"prediction\" is \"%.40s\"; this version knows "
                         "\"velocity\" and \"x0\".",
                         model_json_id(m->json), prediction);
    return RSH_OK;
}

static RshStatus open_transformer(PipelineModel *m, RshError *error)
{
    const cJSON *config = model_json_config(m->json, "transformer");
    const cJSON *video = cJSON_GetObjectItemCaseSensitive(config, "video_model");
    const cJSON *audio = cJSON_GetObjectItemCaseSensitive(config, "audio_model");
    bool joint = strcmp(model_json_family(m->json), "ovi") == 0;
    RshStatus status = read_prediction(m, config, error);
    if (status == RSH_OK)
        status =
            open_component(m->json, "transformer", joint ? "video_model." : "", &m->video, error);
    if (status == RSH_OK)
        status = wan_config_read(joint ? video : config, m->video.weights, &m->video_config, error);
    if (status == RSH_OK && joint) {
        status = weight_set_open(m->video.file, "audio_model.", &m->audio, error);
        if (status == RSH_OK)
            status = wan_config_read(audio, m->audio, &m->audio_config, error);
        if (status == RSH_OK &&
            (m->audio_config.layers != m->video_config.layers || !m->audio_config.audio ||
             m->video_config.audio || m->audio_config.dim != m->video_config.dim ||
             m->audio_config.heads != m->video_config.heads ||
             m->audio_config.text_len != m->video_config.text_len ||
             m->audio_config.text_dim != m->video_config.text_dim))
            status = error_set(error, RSH_ERROR_FORMAT,
                               "%s: the towers for picture and sound do not belong together.",
                               model_json_id(m->json));
    }
    if (status == RSH_OK && model_json_path(m->json, "transformer_low_noise")) {
        WanConfig low;
        status = open_component(m->json, "transformer_low_noise", "", &m->low_noise, error);
        if (status == RSH_OK)
            status = wan_config_read(config, m->low_noise.weights, &low, error);
        if (status == RSH_OK && memcmp(&low, &m->video_config, sizeof(low)) != 0)
            status = error_set(error, RSH_ERROR_FORMAT, "%s: the two experts differ in shape.",
                               model_json_id(m->json));
    }
    return status;
}

static RshStatus open_sound(PipelineModel *m, RshError *error)
{
    RshStatus status;
    if ((status = open_component(m->json, "audio_vae", "", &m->audio_vae, error)) != RSH_OK ||
        (status = mmaudio_config_read(model_json_config(m->json, "audio_vae"), m->audio_vae.weights,
                                      &m->audio_vae_config, error)) != RSH_OK ||
        (status = open_component(m->json, "vocoder", "", &m->vocoder, error)) != RSH_OK ||
        (status = bigvgan_config_read(model_json_config(m->json, "vocoder"), m->vocoder.weights,
                                      &m->vocoder_config, error)) != RSH_OK)
        return status;
    if (m->audio_vae_config.latent_channels != m->audio_config.in_channels ||
        m->audio_vae_config.mels != m->vocoder_config.mels)
        return error_set(
            error, RSH_ERROR_FORMAT,
            "%s: transformer, audio VAE and vocoder do not fit together: %u and %u latent "
            "channels, %u and %u mel bands.",
            model_json_id(m->json), m->audio_config.in_channels,
            m->audio_vae_config.latent_channels, m->audio_vae_config.mels, m->vocoder_config.mels);
    return RSH_OK;
}

static RshStatus open_text(PipelineModel *m, RshError *error)
{
    const cJSON *tokens = model_json_config(m->json, "tokenizer");
    const char *path = model_json_path(m->json, "tokenizer");
    uint32_t eos = 1;
    RshStatus status;
    if ((status = open_component(m->json, "text_encoder", "", &m->text, error)) != RSH_OK ||
        (status = umt5_config_read(model_json_config(m->json, "text_encoder"), m->text.weights,
                                   &m->text_config, error)) != RSH_OK)
        return status;
    status = path ? tokenizer_open(path, &m->tokenizer, error)
                  : tokenizer_open_weights(m->text.file, &m->tokenizer, error);
    if (status == RSH_OK && !m->tokenizer)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s has no component 'tokenizer' and its text encoder carries none.",
                         model_json_id(m->json));
    if (status != RSH_OK ||
        (status = config_bool(tokens, "tokenizer", "lowercase", &m->style.lowercase, error)) !=
            RSH_OK ||
        (status = config_count(tokens, "tokenizer", "eos", 0, 1 << 20, &eos, error)) != RSH_OK)
        return status;
    // Only models that were trained on cleaned web captions had their entities resolved.
    m->style.unescape_html = !m->style.lowercase;
    m->style.eos = (int32_t)eos;
    m->style.max_tokens = m->video_config.text_len;
    if (m->text_config.dim != m->video_config.text_dim)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the text encoder is %u wide but the transformer expects %u.",
                         model_json_id(m->json), m->text_config.dim, m->video_config.text_dim);
    return RSH_OK;
}

// A linear map of latents to colours where model.json brings one; else the first three channels are shown.
static RshStatus read_latent_rgb(PipelineModel *m, const cJSON *rows, RshError *error)
{
    uint32_t channels = m->vae_config.latent_channels, count = 0, wanted = (channels + 1) * 3;
    const cJSON *row, *value;
    for (uint32_t colour = 0; colour < 3; colour++) {
        m->latent_rgb[(colour < channels ? colour : 0) * 3 + colour] = 0.25f;
        m->latent_rgb[channels * 3 + colour] = 0.5f;
    }
    if (!rows)
        return RSH_OK;
    bool fits = true;
    cJSON_ArrayForEach(row, rows)
    {
        fits = fits && cJSON_GetArraySize(row) == 3;
        cJSON_ArrayForEach(value, row)
        {
            fits = fits && cJSON_IsNumber(value) && count < wanted;
            if (fits)
                m->latent_rgb[count++] = (float)value->valuedouble;
        }
    }
    if (!fits || count != wanted)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: 'latent_rgb' must hold %u rows of 3 numbers.", model_json_id(m->json),
                         channels + 1);
    return RSH_OK;
}

static RshStatus open_vae(PipelineModel *m, RshError *error)
{
    const cJSON *config = model_json_config(m->json, "vae");
    RshStatus status = open_component(m->json, "vae", "", &m->vae, error);
    if (status == RSH_OK)
        status = wan_vae_config_read(config, m->vae.weights, &m->vae_config, error);
    if (status != RSH_OK)
        return status;
    if (m->vae_config.latent_channels != m->video_config.out_channels)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the VAE has %u latent channels but the transformer makes %u.",
                         model_json_id(m->json), m->vae_config.latent_channels,
                         m->video_config.out_channels);
    return read_latent_rgb(m, cJSON_GetObjectItemCaseSensitive(config, "latent_rgb"), error);
}

static RshStatus read_sizes(const cJSON *defaults, PipelineModelInfo *info, RshError *error)
{
    const cJSON *sizes = cJSON_GetObjectItemCaseSensitive(defaults, "sizes"), *size;
    info->size_count = 0;
    cJSON_ArrayForEach(size, sizes)
    {
        const cJSON *w = cJSON_GetArrayItem(size, 0), *h = cJSON_GetArrayItem(size, 1);
        if (!cJSON_IsNumber(w) || !cJSON_IsNumber(h) || w->valuedouble < 1 || h->valuedouble < 1 ||
            w->valuedouble > 16384 || h->valuedouble > 16384)
            return error_set(error, RSH_ERROR_FORMAT,
                             "%s: 'sizes' must list pairs of width and height.", info->id);
        if (info->size_count < sizeof(info->sizes) / sizeof(info->sizes[0])) {
            info->sizes[info->size_count].width =
                pipeline_nearest_side((uint32_t)w->valuedouble, info->size_multiple);
            info->sizes[info->size_count++].height =
                pipeline_nearest_side((uint32_t)h->valuedouble, info->size_multiple);
        }
    }
    return RSH_OK;
}

// What the released models were made for; model.json may say otherwise.
static void released_defaults(const PipelineModel *m, PipelineModelInfo *info)
{
    bool large_space = m->vae_config.space == 16;
    info->width = large_space ? 1280 : 832;
    info->height = large_space ? 704 : 480;
    info->frames = large_space ? 121 : 81;
    info->fps_num = large_space ? 24 : 16;
    info->fps_den = 1;
    info->steps = 50;
    info->sampler = SAMPLER_UNIPC;
    info->shift = 5;
    info->video_guidance = m->audio ? 4 : 5;
    info->audio_guidance = 3;
    info->negative_prompt = "";
}

static RshStatus read_defaults(PipelineModel *m, RshError *error)
{
    const cJSON *d = model_json_defaults(m->json);
    PipelineModelInfo *info = &m->info;
    released_defaults(m, info);
    double shift = (double)info->shift, video = (double)info->video_guidance,
           audio = (double)info->audio_guidance;
    double low_noise = video, boundary = 0.9;
    const char *sampler = NULL;
    RshStatus status;
    if ((status = config_count(d, "defaults", "width", 16, 16384, &info->width, error)) != RSH_OK ||
        (status = config_count(d, "defaults", "height", 16, 16384, &info->height, error)) !=
            RSH_OK ||
        (status = config_count(d, "defaults", "frames", 1, 1 << 16, &info->frames, error)) !=
            RSH_OK ||
        (status = config_count(d, "defaults", "fps", 1, 240, &info->fps_num, error)) != RSH_OK ||
        (status = config_count(d, "defaults", "audio_samples", 0, 1 << 28, &m->audio_samples,
                               error)) != RSH_OK ||
        (status = config_count(d, "defaults", "steps", 1, SAMPLER_MAX_STEPS, &info->steps,
                               error)) != RSH_OK ||
        (status = config_number(d, "defaults", "shift", 0.01, 100, &shift, error)) != RSH_OK ||
        (status = config_number(d, "defaults", "video_cfg", 0, 100, &video, error)) != RSH_OK ||
        (status = config_number(d, "defaults", "audio_cfg", 0, 100, &audio, error)) != RSH_OK ||
        (status = config_number(d, "defaults", "boundary", 0, 1, &boundary, error)) != RSH_OK ||
        (status = config_string(d, "defaults", "negative", &info->negative_prompt, error)) !=
            RSH_OK ||
        (status = config_string(d, "defaults", "solver", &sampler, error)) != RSH_OK)
        return status;
    low_noise = video;
    uint32_t skip = 0;
    status = config_count(d, "defaults", "slg_layer", 0, m->video_config.layers - 1, &skip, error);
    if (status != RSH_OK)
        return status;
    m->skip_layer = skip ? (int32_t)skip : -1; // block 0 is never skipped
    if ((status = config_number(d, "defaults", "low_noise_cfg", 0, 100, &low_noise, error)) !=
        RSH_OK)
        return status;
    info->width = pipeline_nearest_side(info->width, info->size_multiple);
    info->height = pipeline_nearest_side(info->height, info->size_multiple);
    info->shift = (float)shift;
    info->video_guidance = (float)video;
    info->audio_guidance = (float)audio;
    m->low_noise_guidance = (float)low_noise;
    m->boundary = boundary * 1000;
    if (sampler) {
        info->sampler = sampler_from_name(sampler);
        // The mini's "euler" is the plain one, spaced evenly and shifted once.
        if (info->sampler == SAMPLER_EULER && m->style.lowercase)
            info->sampler = SAMPLER_EULER_LINEAR;
        if (info->sampler == SAMPLER_COUNT)
            return error_set(error, RSH_ERROR_FORMAT, "%s: there is no solver \"%.40s\".", info->id,
                             sampler);
    }
    return read_sizes(d, info, error);
}

static void fill_info(PipelineModel *m)
{
    const Component *components[] = {&m->text,      &m->video,   &m->low_noise, &m->vae,
                                     &m->audio_vae, &m->vocoder, &m->image};
    PipelineModelInfo *info = &m->info;
    info->id = model_json_id(m->json);
    info->name = model_json_name(m->json);
    info->family = model_json_family(m->json);
    info->version = model_json_version(m->json);
    info->licence = model_json_licence(m->json);
    for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
        info->weight_bytes += components[i]->file ? model_file_size(components[i]->file) : 0;
    info->has_audio = m->audio != NULL;
    // By per-token timesteps, or by channels that hold the first frame's latents.
    info->has_image = m->video_config.in_channels != 16 || m->vae_config.latent_channels != 16;
    info->latent_space = m->vae_config.space;
    info->size_multiple = m->vae_config.space * m->video_config.patch[1];
    info->frames_multiple = m->vae_config.time;
    info->max_tokens = m->video_config.text_len;
    info->audio_rate = m->audio ? 16000 : 0;
}

RshStatus pipeline_model_open(const char *folder, PipelineModel **out, RshError *error)
{
    PipelineModel *m = calloc(1, sizeof(*m));
    RshStatus status;
    *out = NULL;
    if (!m)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for the model.");
    if ((status = model_json_open(folder, &m->json, error)) != RSH_OK)
        goto done;
    const char *family = model_json_family(m->json);
    if (strcmp(family, "ovi") != 0 && strcmp(family, "wan") != 0) {
        status = error_set(error, RSH_ERROR_FORMAT,
                           "%s is of the family \"%.40s\"; this version runs \"wan\" and \"ovi\".",
                           model_json_id(m->json), family);
        goto done;
    }
    if ((status = open_transformer(m, error)) != RSH_OK ||
        (status = open_text(m, error)) != RSH_OK || (status = open_vae(m, error)) != RSH_OK ||
        (m->audio && (status = open_sound(m, error)) != RSH_OK))
        goto done;
    if (m->video_config.image_branch) {
        if ((status = open_component(m->json, "image_encoder", "visual.", &m->image, error)) !=
                RSH_OK ||
            (status = clip_config_read(model_json_config(m->json, "image_encoder"),
                                       m->image.weights, &m->image_config, error)) != RSH_OK)
            goto done;
    }
    fill_info(m);
    status = read_defaults(m, error);
done:
    if (status != RSH_OK)
        pipeline_model_close(&m);
    *out = m;
    return status;
}

const PipelineModelInfo *pipeline_model_info(const PipelineModel *model)
{
    return &model->info;
}

RshStatus pipeline_model_tokenize(const PipelineModel *model, const char *text, int32_t *ids,
                                  size_t capacity, size_t *count, RshError *error)
{
    size_t kept = 0;
    return prompt_encode(model->tokenizer, &model->style, text, ids, capacity, &kept, count, error);
}
