// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/utf8.h"
#include "run/engine.h"

// Decoding streams and memory does not grow with the length, but attention does with its square: far
// beyond this no device finishes.
enum { MAX_TIME_STEPS = 300 };

static void fill_info(RshModelInfo *info, const PipelineModelInfo *from)
{
    snprintf(info->id, sizeof(info->id), "%s", from->id);
    snprintf(info->name, sizeof(info->name), "%s", from->name);
    snprintf(info->family, sizeof(info->family), "%s", from->family);
    snprintf(info->licence, sizeof(info->licence), "%s", from->licence);
    info->weight_bytes = from->weight_bytes;
    info->has_audio = from->has_audio;
    info->has_image = from->has_image;
    info->size_multiple = from->size_multiple;
    info->frames_multiple = from->frames_multiple;
    info->max_frames = 1 + from->frames_multiple * MAX_TIME_STEPS;
    info->max_tokens = from->max_tokens;
    info->sample_rate = from->has_audio ? from->audio_rate : 0;
    info->size_count = from->size_count < 16 ? from->size_count : 16;
    for (uint32_t i = 0; i < info->size_count; i++) {
        info->sizes[i][0] = from->sizes[i].width;
        info->sizes[i][1] = from->sizes[i].height;
    }
}

RshStatus rsh_model_load(RshEngine *engine, const char *folder, RshModel **out, RshError *error)
{
    RshModel *model = calloc(1, sizeof(*model));
    RshStatus status;

    *out = NULL;
    if (!model || !(model->folder = strdup(folder))) {
        free(model);
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    }
    status = pipeline_model_open(folder, &model->model, error);
    if (status != RSH_OK) {
        free(model->folder);
        free(model);
        return status;
    }
    model->engine = engine;
    atomic_init(&model->refs, 1);
    fill_info(&model->info, pipeline_model_info(model->model));
    *out = model;
    return RSH_OK;
}

RshModel *rsh_model_ref(RshModel *model)
{
    atomic_fetch_add(&model->refs, 1);
    return model;
}

void rsh_model_unref(RshModel *model)
{
    if (!model || atomic_fetch_sub(&model->refs, 1) > 1)
        return;
    pipeline_model_close(&model->planning);
    pipeline_model_close(&model->model);
    free(model->folder);
    free(model);
}

const RshModelInfo *rsh_model_get_info(const RshModel *model)
{
    return &model->info;
}

RshStatus rsh_model_count_tokens(const RshModel *model, const char *text, uint32_t *count,
                                 RshError *error)
{
    size_t needed = 0;

    if (strlen(text) > RSH_MAX_PROMPT_BYTES)
        return error_set(error, RSH_ERROR_ARGUMENT, "the text has more than %d bytes",
                         RSH_MAX_PROMPT_BYTES);
    if (!utf8_is_valid(text, strlen(text)))
        return error_set(error, RSH_ERROR_ARGUMENT, "the text is not valid UTF-8");
    int32_t *ids = calloc(model->info.max_tokens, sizeof(*ids));
    if (!ids)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory");
    RshStatus status =
        pipeline_model_tokenize(model->model, text, ids, model->info.max_tokens, &needed, error);
    free(ids);
    *count = (uint32_t)needed;
    return status;
}
