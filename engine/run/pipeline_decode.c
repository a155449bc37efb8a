// SPDX-License-Identifier: GPL-3.0-or-later
// From latents to pictures, a chunk at a time, and to sound; and the rough picture of a clip in the making.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "run/stages.h"

// Mel frames that the vocoder takes at once: memory does not grow with the length of the sound.
enum { VOCODER_WINDOW = 384 };

// ---- pictures ------------------------------------------------------------------------------------------

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

// The end of denoising: latents to the host, everything else off the device.
static RshStatus finish_denoising(Pipeline *p, RshError *error)
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
    RshStatus status =
        p->next_latent == 0 && p->tile_latent == 0 ? finish_denoising(p, error) : RSH_OK;
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

// ---- sound ---------------------------------------------------------------------------------------------

RshStatus audio_describe(const Pipeline *p, Graph **out, RshError *error)
{
    const PipelineModel *m = p->model;
    RshStatus status = graph_create("decode sound", out, error);
    if (status != RSH_OK)
        return status;
    Tensor *latents = graph_input(*out, "latents", p->audio.shape, TENSOR_F32);
    graph_output(
        *out,
        mmaudio_build_decode(*out, m->audio_vae.weights, &m->audio_vae_config, latents, false),
        "mel");
    return RSH_OK;
}

uint32_t vocoder_window(const PipelineModel *model, uint32_t frames)
{
    uint32_t window = VOCODER_WINDOW + 2 * bigvgan_context(&model->vocoder_config);
    return frames < window ? frames : window;
}

RshStatus vocoder_describe(const PipelineModel *model, uint32_t frames, Graph **out,
                           RshError *error)
{
    RshStatus status = graph_create("vocoder", out, error);
    if (status != RSH_OK)
        return status;
    Tensor *mel =
        graph_input(*out, "mel", (Shape){1, 1, frames, model->vocoder_config.mels}, TENSOR_F32);
    graph_output(*out,
                 bigvgan_build(*out, model->vocoder.weights, &model->vocoder_config, mel, false),
                 "wave");
    return RSH_OK;
}

static RshStatus decode_mel(Pipeline *p, float *mel, RshError *error)
{
    Graph *graph = NULL;
    Program *program = NULL;
    RshStatus status;
    if ((status = audio_describe(p, &graph, error)) == RSH_OK &&
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) == RSH_OK &&
        (status = stage_write(graph, program, "latents", p->audio.latents, error)) == RSH_OK &&
        (status = program->ops->run(program, p->cancel, error)) == RSH_OK)
        status = stage_read(graph, program, "mel", mel, error);
    stage_discard(&graph, &program);
    stage_drop(p, p->model->audio_vae.weights);
    return status;
}

// Windows overlap by what the network looks at on either side, so that the joints are exact.
static RshStatus run_vocoder(Pipeline *p, const float *mel, uint32_t frames, float *samples,
                             RshError *error)
{
    const PipelineModel *m = p->model;
    const uint32_t context = bigvgan_context(&m->vocoder_config),
                   hop = bigvgan_hop(&m->vocoder_config);
    const uint32_t window = vocoder_window(m, frames);
    Graph *graph = NULL;
    Program *program = NULL;
    float *wave = calloc((size_t)window * hop, sizeof(float));
    RshStatus status = wave ? vocoder_describe(m, window, &graph, error)
                            : error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
    if (status == RSH_OK)
        status = stage_prepare(p->runner, graph, p->cancel, &program, error);
    for (uint32_t done = 0; done < frames && status == RSH_OK;) {
        uint32_t start = done > context ? done - context : 0;
        if (start + window > frames)
            start = frames - window;
        uint32_t end = start + window == frames ? frames : start + window - context;
        if ((status = stage_write(graph, program, "mel",
                                  mel + (uint64_t)start * m->vocoder_config.mels, error)) !=
                RSH_OK ||
            (status = program->ops->run(program, p->cancel, error)) != RSH_OK ||
            (status = stage_read(graph, program, "wave", wave, error)) != RSH_OK)
            break;
        memcpy(samples + (uint64_t)done * hop, wave + (uint64_t)(done - start) * hop,
               (uint64_t)(end - done) * hop * sizeof(float));
        done = end;
    }
    stage_discard(&graph, &program);
    stage_drop(p, m->vocoder.weights);
    free(wave);
    return status;
}

RshStatus pipeline_decode_audio(Pipeline *p, const float **samples, uint64_t *count,
                                RshError *error)
{
    *samples = NULL;
    *count = 0;
    if (!p->model->audio)
        return RSH_OK;
    if (!p->samples) {
        RshStatus status = finish_denoising(p, error);
        uint32_t frames = 2 * p->audio.shape.width;
        uint64_t total = (uint64_t)frames * bigvgan_hop(&p->model->vocoder_config);
        if (status != RSH_OK)
            return status;
        float *mel = calloc(frames, p->model->vocoder_config.mels * sizeof(float));
        float *wave = calloc(total, sizeof(float));
        status = mel && wave ? decode_mel(p, mel, error)
                             : error_set(error, RSH_ERROR_MEMORY, "No memory for the sound.");
        if (status == RSH_OK)
            status = run_vocoder(p, mel, frames, wave, error);
        free(mel);
        if (status != RSH_OK) {
            free(wave);
            return status;
        }
        p->samples = wave;
        p->sample_count = total;
    }
    *samples = p->samples;
    *count = p->sample_count;
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
