// SPDX-License-Identifier: GPL-3.0-or-later
// From latents to pictures, a chunk at a time; and the rough picture of a clip in the making.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "run/stages.h"

RshStatus decode_describe(const Pipeline *p, bool first, ChunkProgram *out, RshError *error)
{
    const PipelineModel *m = p->model;
    const Shape shape = {1, p->tiles_y.tile, p->tiles_x.tile, p->video.shape.channels};
    RshStatus status =
        graph_create(first ? "decode first frame" : "decode frames", &out->graph, error);
    if (status != RSH_OK)
        return status;
    if (weight_set_is_half(m->vae.weights))
        graph_allow_half(out->graph);
    out->in = graph_input(out->graph, "latents", shape, TENSOR_F32);
    Tensor *pixels =
        wan_vae_build_decode(out->graph, m->vae.weights, &m->vae_config, out->in, first, false);
    if (p->taps)
        graph_output(out->graph, pixels, "pixels");
    out->out = op_to_rgba8(out->graph, pixels);
    graph_output(out->graph, out->out, "pictures");
    return RSH_OK;
}

void decode_release(Pipeline *p)
{
    stage_discard(&p->first.graph, &p->first.program);
    stage_discard(&p->later.graph, &p->later.program);
}

// What is given comes out as it went in.
static void put_clean(Stream *stream)
{
    if (stream->clean > 0)
        memcpy(stream->latents, stream->clean_values,
               stream->clean * stream->frame * sizeof(float));
}

RshStatus decode_begin(Pipeline *p, RshError *error)
{
    if (!p->started || p->step < p->sampler.steps)
        return error_set(error, RSH_ERROR_ARGUMENT, "Only %u of %u steps are done.", p->step,
                         p->sampler.steps);
    RshStatus status = denoise_fetch(p, error);
    if (status != RSH_OK)
        return status;
    denoise_release(p);
    put_clean(&p->video);
    put_clean(&p->audio);
    if (!p->first.program && !p->later.program && p->next_latent == 0)
        p->runner->ops->reset_state(p->runner, "");
    stage_drop(p, p->model->video.weights);
    stage_drop(p, p->model->low_noise.weights);
    stage_drop(p, p->model->audio);
    return RSH_OK;
}

RshStatus decode_prepare(Pipeline *p, bool first, RshError *error)
{
    ChunkProgram *chunk = first ? &p->first : &p->later, *other = first ? &p->later : &p->first;
    if (chunk->program)
        return RSH_OK;
    stage_discard(&other->graph, &other->program);
    RshStatus status = decode_describe(p, first, chunk, error);
    if (status == RSH_OK)
        status = stage_prepare(p->runner, chunk->graph, p->cancel, &chunk->program, error);
    if (status != RSH_OK)
        stage_discard(&chunk->graph, &chunk->program);
    return status;
}

RshStatus pipeline_decode_frames(Pipeline *p, PipelineFrames *out, RshError *error)
{
    const WanVaeConfig *vae = &p->model->vae_config;
    *out = (PipelineFrames){.width = p->request.width, .height = p->request.height};
    out->first = wan_vae_frames(vae, p->next_latent);
    RshStatus status = p->next_latent == 0 && p->tile_latent == 0 ? decode_begin(p, error) : RSH_OK;
    if (status != RSH_OK)
        return status;
    if (tile_count(p) > 1 && p->next_latent < p->video.shape.frames)
        return tiles_decode(p, out, error);
    if (p->next_latent >= p->video.shape.frames) {
        decode_release(p);
        stage_drop(p, p->model->vae.weights);
        p->runner->ops->reset_state(p->runner, "vae."); // the decoder's histories
        return RSH_OK;
    }
    bool first = p->next_latent == 0;
    ChunkProgram *chunk = first ? &p->first : &p->later;
    if (!p->rgba)
        p->rgba = malloc((size_t)vae->time * p->request.width * p->request.height * 4);
    if (!p->rgba)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for %u pictures.", vae->time);
    status = decode_prepare(p, first, error);
    if (status != RSH_OK)
        return status;
    const float *latents = p->video.latents + p->next_latent * p->video.frame;
    if ((status = chunk->program->ops->write(chunk->program, chunk->in, latents, error)) !=
            RSH_OK ||
        (status = chunk->program->ops->run(chunk->program, p->cancel, error)) != RSH_OK ||
        (status = chunk->program->ops->read(chunk->program, chunk->out, p->rgba, error)) != RSH_OK)
        return status;
    out->count = first ? 1 : vae->time;
    out->rgba = p->rgba;
    p->next_latent++;
    return RSH_OK;
}

// ---- preview -------------------------------------------------------------------------------------------

static uint8_t to_byte(float value)
{
    return (uint8_t)(fminf(fmaxf(value, 0), 1) * 255 + 0.5f);
}

// One latent position as a colour: a linear map where the model brings one, else its first three channels.
static void to_colour(const PipelineModel *model, const float *latent, uint8_t *rgba)
{
    uint32_t channels = model->vae_config.latent_channels;
    for (uint32_t colour = 0; colour < 3; colour++) {
        float value = 0.5f + 0.25f * latent[colour < channels ? colour : 0];
        if (model->has_latent_rgb) {
            value = model->latent_rgb[channels * 3 + colour];
            for (uint32_t i = 0; i < channels; i++)
                value += model->latent_rgb[i * 3 + colour] * latent[i];
        }
        rgba[colour] = to_byte(value);
    }
    rgba[3] = 255;
}

// What the last step took the finished clip to be; the latents themselves before and after the steps.
static RshStatus read_denoised(Pipeline *p, float *out, RshError *error)
{
    for (int i = 0; i < 2; i++) {
        const StepProgram *step = &p->steps[i];
        if (step->program && p->step > 0 && p->step < p->sampler.steps && p->ran)
            return stage_read(step->graph, step->program, "video.denoised", out, error);
    }
    return pipeline_read_latents(p, out, NULL, error);
}

RshStatus pipeline_preview(Pipeline *p, uint8_t **pixels, uint32_t *count, uint32_t *width,
                           uint32_t *height, RshError *error)
{
    uint64_t rows = shape_rows(p->video.shape);
    float *latents = calloc(rows, p->video.shape.channels * sizeof(float));
    uint8_t *rgba = malloc(rows * 4);
    RshStatus status = latents && rgba
                           ? read_denoised(p, latents, error)
                           : error_set(error, RSH_ERROR_MEMORY, "No memory for the preview.");
    if (status == RSH_OK) {
        memcpy(latents, p->video.clean_values, p->video.clean * p->video.frame * sizeof(float));
        for (uint64_t r = 0; r < rows; r++)
            to_colour(p->model, latents + r * p->video.shape.channels, rgba + r * 4);
        *count = p->video.shape.frames;
        *width = p->video.shape.width;
        *height = p->video.shape.height;
    } else {
        free(rgba);
        rgba = NULL;
    }
    *pixels = rgba;
    free(latents);
    return status;
}
