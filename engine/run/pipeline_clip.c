// SPDX-License-Identifier: GPL-3.0-or-later
// Given first frames and sound, as latents the transformer leaves alone or, for models that take a picture
// as further channels, as those.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "models/mel.h"
#include "run/stages.h"

RshStatus clip_describe(const Pipeline *p, bool first, Graph **out, RshError *error)
{
    const PipelineModel *m = p->model;
    const uint32_t space = m->vae_config.space;
    const Shape pixels = {first ? 1 : m->vae_config.time, p->tiles_y.tile * space,
                          p->tiles_x.tile * space, 3};
    RshStatus status = graph_create(first ? "encode first frame" : "encode frames", out, error);
    if (status != RSH_OK)
        return status;
    if (weight_set_is_half(m->vae.weights))
        graph_allow_half(*out);
    Tensor *x = graph_input(*out, "pixels", pixels, TENSOR_F32);
    graph_output(*out, wan_vae_build_encode(*out, m->vae.weights, &m->vae_config, x, first, false),
                 "latents");
    return RSH_OK;
}

typedef struct Encoder {
    Graph *graph[2]; // first chunk, later ones
    Program *program[2];
    float *pixels;  // a chunk of whole pictures
    float *tile;    // a part of them
    float *latents; // of the tile
} Encoder;

static void encoder_clear(Encoder *encoder)
{
    for (int i = 0; i < 2; i++)
        stage_discard(&encoder->graph[i], &encoder->program[i]);
    free(encoder->pixels);
    free(encoder->tile);
    free(encoder->latents);
    *encoder = (Encoder){0};
}

// The pictures of a chunk; frames beyond those given are mid-gray.
static void gather_pixels(const Pipeline *p, uint32_t chunk, float *pixels)
{
    const uint32_t time = p->model->vae_config.time, given = p->request.first_frame_count;
    const uint64_t frame = (uint64_t)p->request.width * p->request.height * 3;
    const uint32_t from = chunk ? 1 + (chunk - 1) * time : 0, count = chunk ? time : 1;
    uint32_t known = from < given ? given - from : 0;
    known = known < count ? known : count;
    memset(pixels, 0, time * frame * sizeof(float));
    if (known)
        memcpy(pixels, p->request.first_frames + from * frame, known * frame * sizeof(float));
}

static RshStatus encode_chunk(Pipeline *p, Encoder *encoder, uint32_t tile, uint32_t chunk,
                              float *latents, RshError *error)
{
    const uint32_t space = p->model->vae_config.space,
                   count = chunk ? p->model->vae_config.time : 1;
    const uint64_t frame = (uint64_t)p->request.width * p->request.height * 3;
    const uint64_t part = (uint64_t)p->tiles_x.tile * p->tiles_y.tile * space * space * 3;
    const int later = chunk > 0;
    RshStatus status = RSH_OK;
    gather_pixels(p, chunk, encoder->pixels);
    for (uint32_t f = 0; f < count; f++)
        tile_cut(&p->tiles_x, &p->tiles_y, tile % p->tiles_x.count, tile / p->tiles_x.count, space,
                 3, encoder->pixels + f * frame, encoder->tile + f * part);
    if (!encoder->program[later]) {
        stage_discard(&encoder->graph[!later], &encoder->program[!later]); // one's memory at a time
        status = clip_describe(p, !later, &encoder->graph[later], error);
        if (status == RSH_OK)
            status = stage_prepare(p->runner, encoder->graph[later], p->cancel,
                                   &encoder->program[later], error);
    }
    Program *program = encoder->program[later];
    if (status == RSH_OK)
        status = stage_write(encoder->graph[later], program, "pixels", encoder->tile, error);
    if (status == RSH_OK)
        status = program->ops->run(program, p->cancel, error);
    if (status == RSH_OK)
        status = stage_read(encoder->graph[later], program, "latents", encoder->latents, error);
    if (status == RSH_OK)
        tiles_add_latents(p, tile, encoder->latents, latents + chunk * p->video.frame);
    return status;
}

// Encodes `chunks` chunks into `latents`.
static RshStatus encode_pictures(Pipeline *p, uint32_t chunks, float *latents, RshError *error)
{
    const uint32_t time = p->model->vae_config.time;
    const uint64_t pixels = (uint64_t)time * p->request.width * p->request.height * 3;
    Encoder encoder = {.pixels = calloc(pixels, sizeof(float)),
                       .tile = calloc(pixels, sizeof(float)),
                       .latents = calloc(p->video.frame, sizeof(float))};
    RshStatus status = RSH_OK;
    if (!encoder.pixels || !encoder.tile || !encoder.latents)
        status = error_set(error, RSH_ERROR_MEMORY, "No memory for the first frames.");
    memset(latents, 0, chunks * p->video.frame * sizeof(float));
    for (uint32_t tile = 0; tile < tile_count(p) && status == RSH_OK; tile++) {
        if (tile > 0) { // what the tile before has left
            for (int i = 0; i < 2; i++)
                stage_discard(&encoder.graph[i], &encoder.program[i]);
            p->runner->ops->reset_state(p->runner, "vae.");
        }
        for (uint32_t chunk = 0; chunk < chunks && status == RSH_OK; chunk++)
            status = encode_chunk(p, &encoder, tile, chunk, latents, error);
    }
    encoder_clear(&encoder);
    return status;
}

// Channels beside the noisy latents: 1 where a frame is given (as many as pictures make a latent frame), then
// the latents of the picture followed by gray.
static RshStatus encode_condition(Pipeline *p, RshError *error)
{
    const uint32_t mask = p->model->vae_config.time, latent = p->video.shape.channels;
    const uint64_t rows = shape_rows(p->video.shape);
    const uint64_t first_rows = (uint64_t)p->video.shape.height * p->video.shape.width;
    float *latents = calloc(rows, latent * sizeof(float));
    float *condition = calloc(rows, p->condition_channels * sizeof(float));
    RshStatus status = RSH_OK;
    if (!latents || !condition)
        status = error_set(error, RSH_ERROR_MEMORY, "No memory for the first picture.");
    else if (p->condition_channels != mask + latent)
        status = error_set(
            error, RSH_ERROR_FORMAT,
            "%s takes %u channels beside the latents; %u of mask and %u of picture are known.",
            p->model->info.id, p->condition_channels, mask, latent);
    if (status == RSH_OK)
        status = encode_pictures(p, p->video.shape.frames, latents, error);
    for (uint64_t r = 0; r < rows && status == RSH_OK; r++) {
        float *row = condition + r * p->condition_channels;
        for (uint32_t i = 0; i < mask; i++)
            row[i] = r < first_rows ? 1 : 0;
        memcpy(row + mask, latents + r * latent, latent * sizeof(float));
    }
    free(latents);
    if (status != RSH_OK) {
        free(condition);
        return status;
    }
    free(p->condition);
    p->condition = condition;
    return RSH_OK;
}

RshStatus clip_describe_sound(const Pipeline *p, Graph **out, RshError *error)
{
    const PipelineModel *m = p->model;
    const MmaudioConfig *c = &m->audio_vae_config;
    RshStatus status = graph_create("encode sound", out, error);
    if (status != RSH_OK)
        return status;
    Graph *graph = *out;
    Tensor *mel =
        graph_input(graph, "mel", (Shape){1, 1, 2 * p->audio.clean, MEL_BANDS}, TENSOR_F32);
    Tensor *posterior = mmaudio_build_encode(graph, m->audio_vae.weights, c, mel, false);
    // A view cannot be read back by name: a copy can.
    Tensor *latents = mmaudio_build_latents(graph, m->audio_vae.weights, c, posterior);
    const float one = 1;
    graph_output(graph, op_combine(graph, 1, &latents, &one, NULL, 0), "latents");
    return RSH_OK;
}

// Sound that is given, up to whole tokens.
static RshStatus encode_sound(Pipeline *p, RshError *error)
{
    const PipelineModel *m = p->model;
    const MmaudioConfig *c = &m->audio_vae_config;
    uint64_t samples = (uint64_t)p->audio.clean * 2 * MEL_HOP, frames = mel_frames(samples);
    Graph *graph = NULL;
    Program *program = NULL;
    float *mel = calloc(frames + 1, MEL_BANDS * sizeof(float));
    RshStatus status;
    if (!mel)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for the sound to continue.");
    if (c->mels != MEL_BANDS || frames / 2 != p->audio.clean)
        status = error_set(error, RSH_ERROR_FORMAT,
                           "%s works on %u mel bands; only %d can be made from sound.", m->info.id,
                           c->mels, MEL_BANDS);
    else
        status = mel_compute(p->request.first_samples, samples, mel, error);
    if (status == RSH_OK && (status = clip_describe_sound(p, &graph, error)) == RSH_OK &&
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) == RSH_OK &&
        (status = stage_write(graph, program, "mel", mel, error)) == RSH_OK &&
        (status = program->ops->run(program, p->cancel, error)) == RSH_OK)
        status = stage_read(graph, program, "latents", p->audio.clean_values, error);
    stage_discard(&graph, &program);
    stage_drop(p, m->audio_vae.weights);
    free(mel);
    return status;
}

RshStatus clip_describe_image(const Pipeline *p, bool keys, Graph **out, RshError *error)
{
    const PipelineModel *m = p->model;
    const ClipConfig *c = &m->image_config;
    const uint32_t side = clip_image_side(c);
    WanTower video, audio;
    RshStatus status = graph_create(keys ? "image keys" : "image encoder", out, error);
    if (status != RSH_OK)
        return status;
    Graph *graph = *out;
    if (!keys) {
        Tensor *in = graph_input(graph, "image", (Shape){1, side, side, 3}, TENSOR_F32);
        graph_output(graph, clip_build(graph, m->image.weights, c, in, false), "tokens");
        return RSH_OK;
    }
    stage_towers(m, 0, p->passes, &video, &audio);
    wan_build_image(graph, &video,
                    graph_input(graph, "tokens", (Shape){1, 1, c->tokens, c->dim}, TENSOR_F32));
    return RSH_OK;
}

// CLIP tokens of the first picture become keys and values beside those of the text.
RshStatus clip_encode_image(Pipeline *p, RshError *error)
{
    const PipelineModel *m = p->model;
    const ClipConfig *c = &m->image_config;
    Graph *graph = NULL;
    Program *program = NULL;
    uint32_t side = clip_image_side(c);
    float *image = calloc((size_t)side * side, 3 * sizeof(float));
    float *tokens = calloc(c->tokens, c->dim * sizeof(float));
    RshStatus status = RSH_ERROR_MEMORY;
    if (!image || !tokens) {
        status = error_set(error, status, "No memory for the first picture.");
        goto done;
    }
    clip_prepare_image(c, p->request.first_frames, p->request.width, p->request.height, image);
    if ((status = clip_describe_image(p, false, &graph, error)) != RSH_OK ||
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) != RSH_OK ||
        (status = stage_write(graph, program, "image", image, error)) != RSH_OK ||
        (status = program->ops->run(program, p->cancel, error)) != RSH_OK ||
        (status = stage_read(graph, program, "tokens", tokens, error)) != RSH_OK)
        goto done;
    stage_discard(&graph, &program);
    stage_drop(p, m->image.weights);

    if ((status = clip_describe_image(p, true, &graph, error)) == RSH_OK &&
        (status = stage_prepare(p->runner, graph, p->cancel, &program, error)) == RSH_OK &&
        (status = stage_write(graph, program, "tokens", tokens, error)) == RSH_OK)
        status = program->ops->run(program, p->cancel, error);
    stage_drop(p, m->video.weights);
done:
    stage_discard(&graph, &program);
    free(image);
    free(tokens);
    return status;
}

RshStatus pipeline_encode_clip(Pipeline *p, RshError *error)
{
    if (p->request.first_frame_count == 0)
        return RSH_OK;
    RshStatus status = p->condition_channels > 0
                           ? encode_condition(p, error)
                           : encode_pictures(p, p->video.clean, p->video.clean_values, error);
    stage_drop(p, p->model->vae.weights);
    p->runner->ops->reset_state(p->runner, "vae."); // the encoder's histories
    if (status == RSH_OK && p->audio.clean > 0)
        status = encode_sound(p, error);
    return status;
}
