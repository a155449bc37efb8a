// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/pipeline.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/stages.h"
#include "sample/noise.h"

// ---- programs ----------------------------------------------------------------------------------------

void stage_discard(Graph **graph, Program **program)
{
    if (*program)
        (*program)->ops->release(program);
    graph_destroy(graph);
}

RshStatus stage_prepare(Runner *runner, const Graph *graph, const atomic_bool *cancel,
                        Program **program, RshError *error)
{
    RshStatus status = graph_status(graph, error);
    return status == RSH_OK ? runner->ops->prepare(runner, graph, cancel, program, error) : status;
}

RshStatus stage_write(const Graph *graph, Program *program, const char *name, const void *data,
                      RshError *error)
{
    const Tensor *tensor = graph_find(graph, name);
    if (!tensor)
        return error_set(error, RSH_ERROR_ARGUMENT, "'%s' has no tensor '%s'.", graph_name(graph),
                         name);
    return program->ops->write(program, tensor, data, error);
}

RshStatus stage_read(const Graph *graph, Program *program, const char *name, void *data,
                     RshError *error)
{
    const Tensor *tensor = graph_find(graph, name);
    if (!tensor)
        return error_set(error, RSH_ERROR_ARGUMENT, "'%s' has no tensor '%s'.", graph_name(graph),
                         name);
    return program->ops->read(program, tensor, data, error);
}

void stage_drop(const Pipeline *pipeline, const WeightSet *weights)
{
    if (weights && !pipeline->request.keep_weights)
        pipeline->runner->ops->drop_weights(pipeline->runner, weights);
}

void stage_towers(const PipelineModel *model, uint32_t expert, uint32_t passes, WanTower *video,
                  WanTower *audio)
{
    *video = (WanTower){.config = &model->video_config,
                        .weights = expert ? model->low_noise.weights : model->video.weights,
                        .name = expert ? "low" : "video",
                        .passes = passes,
                        .text_passes = passes};
    *audio = (WanTower){.config = &model->audio_config,
                        .weights = model->audio,
                        .name = "audio",
                        .passes = passes,
                        .text_passes = passes};
}

// ---- opening -----------------------------------------------------------------------------------------

static uint64_t stream_count(const Stream *stream)
{
    return shape_rows(stream->shape) * stream->shape.channels;
}

// Tokens of sound that go with `frames` pictures.
static uint32_t audio_tokens(const PipelineModel *model, uint32_t frames)
{
    const PipelineModelInfo *info = &model->info;
    uint32_t per_token = 2 * bigvgan_hop(&model->vocoder_config);
    if (frames == info->frames && model->audio_samples >= per_token)
        return model->audio_samples / per_token;
    double seconds = (double)frames * info->fps_den / info->fps_num;
    double tokens = nearbyint(seconds * info->audio_rate / per_token);
    return tokens < 1 ? 1 : (uint32_t)tokens;
}

static void set_shapes(Pipeline *p)
{
    const PipelineModel *m = p->model;
    const PipelineRequest *r = &p->request;
    const WanVaeConfig *vae = &m->vae_config;
    bool by_channels = m->video_config.in_channels != m->video_config.out_channels;
    p->passes = r->video_guidance != 1.0f || (m->audio && r->audio_guidance != 1.0f) ||
                        (stage_has_low_noise(m) && r->low_noise_guidance != 1.0f)
                    ? 2
                    : 1;
    p->video.name = "video";
    p->video.shape = (Shape){wan_vae_latents(vae, r->frames), r->height / vae->space,
                             r->width / vae->space, vae->latent_channels};
    p->video.clean = by_channels ? 0 : wan_vae_latents(vae, r->first_frame_count);
    p->tiles_x = tile_axis(p->video.shape.width, r->tiles_x);
    p->tiles_y = tile_axis(p->video.shape.height, r->tiles_y);
    p->video.frame =
        (uint64_t)p->video.shape.height * p->video.shape.width * p->video.shape.channels;
    p->condition_channels =
        by_channels ? m->video_config.in_channels - m->video_config.out_channels : 0;
    if (!m->audio)
        return;
    p->audio.name = "audio";
    p->audio.shape = (Shape){1, 1, audio_tokens(m, r->frames), m->audio_config.in_channels};
    p->audio.frame = p->audio.shape.channels;
    // Whole tokens only, and never beyond the pictures they belong to.
    uint64_t given = r->first_sample_count / (2 * bigvgan_hop(&m->vocoder_config));
    uint32_t most = r->first_frame_count ? audio_tokens(m, r->first_frame_count) : 0;
    p->audio.clean = given < most ? (uint32_t)given : most;
    if (p->audio.clean >= p->audio.shape.width)
        p->audio.clean = p->audio.shape.width - 1;
}

RshStatus pipeline_plan(const PipelineModel *model, const PipelineRequest *request, Pipeline **out,
                        RshError *error)
{
    Pipeline *p = calloc(1, sizeof(*p));
    *out = p;
    if (!p)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for the run.");
    p->model = model;
    p->request = *request;
    // Whatever is borrowed is not the plan's to free.
    p->request.prompt = p->request.negative_prompt = NULL;
    p->request.first_frames = p->request.first_samples = p->request.video_noise =
        p->request.audio_noise = NULL;
    set_shapes(p);
    return RSH_OK;
}

static bool copy_values(const float **to, const float *from, uint64_t count)
{
    if (!from)
        return true;
    float *copy = calloc(count ? count : 1, sizeof(float));
    if (copy)
        memcpy(copy, from, count * sizeof(float));
    *to = copy;
    return copy != NULL;
}

static bool allocate_stream(Stream *stream, bool history)
{
    uint64_t count = stream_count(stream);
    if (count == 0)
        return true;
    stream->latents = calloc(count, sizeof(float));
    stream->clean_values = calloc(stream->clean ? stream->clean * stream->frame : 1, sizeof(float));
    bool fine = stream->latents && stream->clean_values;
    if (history) {
        stream->m0 = calloc(count, sizeof(float));
        stream->m1 = calloc(count, sizeof(float));
        stream->last = calloc(count, sizeof(float));
        fine = fine && stream->m0 && stream->m1 && stream->last;
    }
    return fine;
}

static void free_stream(Stream *stream)
{
    free(stream->latents);
    free(stream->clean_values);
    free(stream->m0);
    free(stream->m1);
    free(stream->last);
}

RshStatus pipeline_open(PipelineModel *model, Runner *runner, const PipelineRequest *request,
                        const atomic_bool *cancel, Pipeline **out, RshError *error)
{
    Pipeline *p = NULL;
    *out = NULL;
    RshStatus status = pipeline_request_check(request, model, error);
    if (status == RSH_OK)
        status = pipeline_plan(model, request, &p, error);
    if (status == RSH_OK)
        status = sampler_init(&p->sampler, request->sampler, request->steps, (double)request->shift,
                              error);
    if (status == RSH_OK && ((request->first_frame_count > 0 && !request->first_frames) ||
                             (request->first_sample_count > 0 && !request->first_samples)))
        status = error_set(error, RSH_ERROR_ARGUMENT, "The first frames or samples are missing.");
    if (status == RSH_OK) {
        bool history = sampler_has_history(request->sampler);
        uint64_t pixels =
            (uint64_t)request->width * request->height * 3 * request->first_frame_count;
        p->runner = runner;
        p->cancel = cancel;
        p->request.prompt = strdup(request->prompt);
        p->request.negative_prompt =
            strdup(request->negative_prompt ? request->negative_prompt : "");
        if (!p->request.prompt || !p->request.negative_prompt ||
            !allocate_stream(&p->video, history) || !allocate_stream(&p->audio, history) ||
            !copy_values(&p->request.first_frames, pixels ? request->first_frames : NULL, pixels) ||
            !copy_values(&p->request.first_samples,
                         request->first_sample_count ? request->first_samples : NULL,
                         request->first_sample_count) ||
            !copy_values(&p->request.video_noise, request->video_noise, stream_count(&p->video)) ||
            !copy_values(&p->request.audio_noise, request->audio_noise, stream_count(&p->audio)))
            status = error_set(error, RSH_ERROR_MEMORY, "No memory for the latents of the clip.");
    }
    if (status == RSH_OK)
        model->kept_on = request->keep_weights ? runner : NULL;
    else
        pipeline_close(&p);
    *out = p;
    return status;
}

// A run may end at any stage.
static void drop_all(const Pipeline *p)
{
    const PipelineModel *m = p->model;
    const WeightSet *const sets[] = {m->text.weights,      m->video.weights, m->audio,
                                     m->low_noise.weights, m->vae.weights,   m->audio_vae.weights,
                                     m->vocoder.weights,   m->image.weights};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        stage_drop(p, sets[i]);
}

void pipeline_close(Pipeline **pipeline)
{
    Pipeline *p = *pipeline;
    if (!p)
        return;
    denoise_release(p);
    decode_release(p);
    if (p->runner) {
        p->runner->ops->reset_state(p->runner, "");
        drop_all(p);
    }
    sampler_clear(&p->sampler);
    free_stream(&p->video);
    free_stream(&p->audio);
    free((char *)p->request.prompt);
    free((char *)p->request.negative_prompt);
    free((float *)p->request.first_frames);
    free((float *)p->request.first_samples);
    free((float *)p->request.video_noise);
    free((float *)p->request.audio_noise);
    free(p->condition);
    free(p->rgba);
    free(p->blend);
    free(p->samples);
    free(p);
    *pipeline = NULL;
}

// ---- latents -----------------------------------------------------------------------------------------

static void start_stream(Stream *stream, const float *noise, uint64_t seed, uint32_t number)
{
    uint64_t count = stream_count(stream);
    if (count == 0)
        return;
    if (noise)
        memcpy(stream->latents, noise, count * sizeof(float));
    else
        noise_normal(seed, number, 0, count, stream->latents);
}

RshStatus pipeline_start(Pipeline *p, RshError *error)
{
    if (p->started)
        return error_set(error, RSH_ERROR_ARGUMENT, "The run has started already.");
    start_stream(&p->video, p->request.video_noise, p->request.seed, NOISE_VIDEO);
    start_stream(&p->audio, p->request.audio_noise, p->request.seed, NOISE_AUDIO);
    p->started = true;
    return RSH_OK;
}

uint32_t pipeline_step_index(const Pipeline *pipeline)
{
    return pipeline->step;
}

uint32_t pipeline_steps(const Pipeline *pipeline)
{
    return pipeline->sampler.steps;
}

void pipeline_latent_shape(const Pipeline *p, uint32_t video[4], uint32_t audio[2])
{
    const Shape s = p->video.shape;
    const uint32_t sides[4] = {s.frames, s.height, s.width, s.channels};
    memcpy(video, sides, sizeof(sides));
    audio[0] = p->audio.shape.width;
    audio[1] = p->audio.shape.channels;
}

RshStatus pipeline_read_latents(Pipeline *p, float *video, float *audio, RshError *error)
{
    RshStatus status = denoise_fetch(p, error);
    if (status != RSH_OK)
        return status;
    if (video)
        memcpy(video, p->video.latents, stream_count(&p->video) * sizeof(float));
    if (audio && p->audio.latents)
        memcpy(audio, p->audio.latents, stream_count(&p->audio) * sizeof(float));
    return RSH_OK;
}

// ---- checkpoints ---------------------------------------------------------------------------------------

typedef struct Kept {
    const char *name;
    float *values;
    Shape shape;
} Kept;

// Everything a step leaves behind, in a fixed order.
static uint32_t list_kept(Pipeline *p, Kept kept[16])
{
    Stream *streams[2] = {&p->video, &p->audio};
    static const char *const names[2][5] = {
        {"video.latents", "video.m0", "video.m1", "video.last", "video.clean"},
        {"audio.latents", "audio.m0", "audio.m1", "audio.last", "audio.clean"}};
    uint32_t count = 0;
    for (int i = 0; i < 2; i++) {
        Stream *s = streams[i];
        float *values[5] = {s->latents, s->m0, s->m1, s->last, s->clean ? s->clean_values : NULL};
        for (int k = 0; k < 5; k++) {
            if (!values[k])
                continue;
            Shape shape = s->shape;
            if (k == 4 && i == 0)
                shape.frames = s->clean;
            if (k == 4 && i == 1)
                shape.width = s->clean;
            kept[count++] = (Kept){names[i][k], values[k], shape};
        }
    }
    if (p->condition) {
        Shape shape = p->video.shape;
        shape.channels = p->condition_channels;
        kept[count++] = (Kept){"condition", p->condition, shape};
    }
    return count;
}

void pipeline_state_clear(PipelineState *state)
{
    for (uint32_t i = 0; i < state->tensor_count; i++)
        free(state->tensors[i].values);
    memset(state, 0, sizeof(*state));
}

RshStatus pipeline_save(Pipeline *p, PipelineState *out, RshError *error)
{
    Kept kept[16];
    memset(out, 0, sizeof(*out));
    RshStatus status = denoise_fetch(p, error);
    if (status != RSH_OK)
        return status;
    out->step = p->step;
    out->tensor_count = list_kept(p, kept);
    for (uint32_t i = 0; i < out->tensor_count; i++) {
        PipelineTensor *tensor = &out->tensors[i];
        Shape s = kept[i].shape;
        *tensor = (PipelineTensor){.n_dims = 4,
                                   .dims = {s.frames, s.height, s.width, s.channels},
                                   .count = shape_rows(s) * s.channels};
        snprintf(tensor->name, sizeof(tensor->name), "%s", kept[i].name);
        tensor->values = malloc(tensor->count * sizeof(float));
        if (!tensor->values) {
            pipeline_state_clear(out);
            return error_set(error, RSH_ERROR_MEMORY, "No memory to save the step.");
        }
        memcpy(tensor->values, kept[i].values, tensor->count * sizeof(float));
    }
    return RSH_OK;
}

static const PipelineTensor *find_saved(const PipelineState *state, const Kept *kept)
{
    for (uint32_t i = 0; i < state->tensor_count; i++) {
        const PipelineTensor *t = &state->tensors[i];
        if (strncmp(t->name, kept->name, sizeof(t->name)) == 0 && t->values &&
            t->count == shape_rows(kept->shape) * kept->shape.channels)
            return t;
    }
    return NULL;
}

RshStatus pipeline_restore(Pipeline *p, const PipelineState *state, RshError *error)
{
    Kept kept[16];
    if (p->started)
        return error_set(error, RSH_ERROR_ARGUMENT, "The run has started already.");
    if (state->step > p->sampler.steps ||
        state->tensor_count > sizeof(state->tensors) / sizeof(state->tensors[0]))
        return error_set(error, RSH_ERROR_FORMAT, "The saved step %u is beyond the run's %u.",
                         state->step, p->sampler.steps);
    if (p->condition_channels > 0 && !p->condition) {
        p->condition = calloc(shape_rows(p->video.shape), p->condition_channels * sizeof(float));
        if (!p->condition)
            return error_set(error, RSH_ERROR_MEMORY, "No memory for the first picture.");
    }
    uint32_t count = list_kept(p, kept);
    for (uint32_t i = 0; i < count; i++) {
        if (!find_saved(state, &kept[i]))
            return error_set(error, RSH_ERROR_FORMAT, "The saved step has no usable '%s'.",
                             kept[i].name);
    }
    for (uint32_t i = 0; i < count; i++) {
        const PipelineTensor *saved = find_saved(state, &kept[i]);
        memcpy(kept[i].values, saved->values, saved->count * sizeof(float));
    }
    p->step = state->step;
    p->started = true;
    return RSH_OK;
}
