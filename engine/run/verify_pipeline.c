// SPDX-License-Identifier: GPL-3.0-or-later
// Whole tiny runs: every stage of the pipeline over one file of weights, compared at each of them.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/golden.h"
#include "run/stages.h"

typedef struct WholeRun {
    GoldenCase *golden;
    PipelineModel model; // put together from the case; weights are closed by close_model()
    PipelineRequest request;
    Pipeline *pipeline;
    float *image, *noise;
} WholeRun;

static RshStatus open_set(GoldenCase *golden, const char *prefix, Component *out)
{
    return weight_set_open(golden->weights, prefix, &out->weights, &golden->error);
}

static RshStatus open_model(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    const cJSON *c = golden->config;
    PipelineModel *m = &run->model;
    RshError *error = &golden->error;
    RshStatus status;
    double boundary = 0;
    if ((status = open_set(golden, "text_encoder.", &m->text)) != RSH_OK ||
        (status = open_set(golden, "dit.", &m->video)) != RSH_OK ||
        (status = open_set(golden, "vae.", &m->vae)) != RSH_OK ||
        (status = umt5_config_read(cJSON_GetObjectItemCaseSensitive(c, "text_encoder"),
                                   m->text.weights, &m->text_config, error)) != RSH_OK ||
        (status = wan_config_read(cJSON_GetObjectItemCaseSensitive(c, "dit"), m->video.weights,
                                  &m->video_config, error)) != RSH_OK ||
        (status = wan_vae_config_read(c, m->vae.weights, &m->vae_config, error)) != RSH_OK)
        return status;
    const cJSON *threshold = cJSON_GetObjectItemCaseSensitive(c, "boundary");
    if (cJSON_IsNumber(threshold)) {
        boundary = threshold->valuedouble;
        status = open_set(golden, "dit_low_noise.", &m->low_noise);
    }
    m->boundary = boundary * 1000;
    m->info = (PipelineModelInfo){.id = "case",
                                  .has_image = true,
                                  .size_multiple = m->vae_config.space * m->video_config.patch[1],
                                  .frames_multiple = m->vae_config.time,
                                  .fps_num = 16,
                                  .fps_den = 1};
    return status;
}

static void close_model(PipelineModel *m)
{
    weight_set_close(&m->text.weights);
    weight_set_close(&m->video.weights);
    weight_set_close(&m->low_noise.weights);
    weight_set_close(&m->vae.weights);
}

static RshStatus open_run(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    const cJSON *c = golden->config, *scales = cJSON_GetObjectItemCaseSensitive(c, "guide_scale");
    uint32_t width = 0, height = 0, frames = 0, steps = 0;
    double shift = 0;
    RshStatus status;
    if ((status = config_count(c, "case", "width", 1, 4096, &width, &golden->error)) != RSH_OK ||
        (status = config_count(c, "case", "height", 1, 4096, &height, &golden->error)) != RSH_OK ||
        (status = config_count(c, "case", "frames", 1, 4096, &frames, &golden->error)) != RSH_OK ||
        (status = config_count(c, "case", "steps", 1, 100, &steps, &golden->error)) != RSH_OK ||
        (status = config_number(c, "case", "shift", 0, 100, &shift, &golden->error)) != RSH_OK)
        return status;
    run->image = golden_input(golden, "image", GOLDEN_CHANNELS_FIRST, NULL);
    run->noise = golden_input(golden, "noise", GOLDEN_CHANNELS_FIRST, NULL);
    const cJSON *first = cJSON_GetArrayItem(scales, 0), *second = cJSON_GetArrayItem(scales, 1);
    const char *solver = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(c, "solver"));
    if (!run->image || !run->noise || !cJSON_IsNumber(first))
        return error_set(&golden->error, RSH_ERROR_FORMAT,
                         "The case lacks an image, noise or guidance.");
    // Of two scales the first belongs to the high-noise expert.
    run->request =
        (PipelineRequest){.prompt = "",
                          .width = width,
                          .height = height,
                          .frames = frames,
                          .steps = steps,
                          .sampler = sampler_from_name(solver),
                          .shift = (float)shift,
                          .video_guidance = (float)first->valuedouble,
                          .low_noise_guidance = (float)(second ? second : first)->valuedouble,
                          .skip_layer = -1,
                          .first_frames = run->image,
                          .first_frame_count = 1,
                          .video_noise = run->noise};
    status = pipeline_open(&run->model, golden->runner, &run->request, NULL, &run->pipeline,
                           &golden->error);
    if (status == RSH_OK)
        run->pipeline->taps = true;
    return status;
}

static int32_t *read_ids(GoldenCase *golden, const char *name, size_t *count)
{
    Shape shape = {0};
    float *values = golden_input(golden, name, GOLDEN_ROWS, &shape);
    int32_t *ids = calloc(shape.channels + 1, sizeof(int32_t));
    for (uint32_t i = 0; values && ids && i < shape.channels; i++)
        ids[i] = (int32_t)values[i];
    *count = values && ids ? shape.channels : 0;
    free(values);
    return ids;
}

static RshStatus run_text(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    const WanConfig *c = &run->model.video_config;
    size_t counts[2];
    int32_t *ids[2] = {read_ids(golden, "ids_positive", &counts[0]),
                       read_ids(golden, "ids_negative", &counts[1])};
    const int32_t *const both[2] = {ids[0], ids[1]};
    uint64_t size = (uint64_t)c->text_len * c->text_dim;
    float *context = calloc(size * 2, sizeof(float));
    RshStatus status =
        context ? text_run(run->pipeline, both, counts, context, &golden->error)
                : error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the context.");
    if (status == RSH_OK)
        status = golden_compare(golden, "context_positive", GOLDEN_ROWS, context, size);
    free(context);
    free(ids[0]);
    free(ids[1]);
    return status;
}

static RshStatus run_picture(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    Pipeline *p = run->pipeline;
    RshStatus status = pipeline_encode_clip(p, &golden->error);
    if (status == RSH_OK && golden_has(golden, "out.image_latent"))
        status = golden_compare(golden, "image_latent", GOLDEN_CHANNELS_FIRST,
                                p->video.clean_values, p->video.frame);
    if (status == RSH_OK && p->condition)
        status = golden_compare(golden, "y", GOLDEN_CHANNELS_FIRST, p->condition,
                                shape_rows(p->video.shape) * p->condition_channels);
    return status;
}

// Velocities of the first step: the positive pass, then the negative one.
static RshStatus compare_velocities(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    Pipeline *p = run->pipeline;
    uint64_t count = shape_rows(p->video.shape) * p->video.shape.channels;
    const StepProgram *step = p->steps[0].program ? &p->steps[0] : &p->steps[1];
    float *both = calloc(2 * count, sizeof(float));
    RshStatus status =
        both ? stage_read(step->graph, step->program, "video.velocity", both, &golden->error)
             : error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the velocities.");
    if (status == RSH_OK)
        status = golden_compare(golden, "first_cond", GOLDEN_CHANNELS_FIRST, both, count);
    if (status == RSH_OK)
        status = golden_compare(golden, "first_uncond", GOLDEN_CHANNELS_FIRST, both + count, count);
    free(both);
    return status;
}

// The latents as the case lists them: channels first, what is given in place.
static RshStatus take_latents(Pipeline *p, float *scratch, float *out, RshError *error)
{
    uint64_t rows = shape_rows(p->video.shape), channels = p->video.shape.channels;
    RshStatus status = pipeline_read_latents(p, scratch, NULL, error);
    memcpy(scratch, p->video.clean_values, p->video.clean * p->video.frame * sizeof(float));
    for (uint64_t r = 0; r < rows; r++) {
        for (uint64_t c = 0; c < channels; c++)
            out[c * rows + r] = scratch[r * channels + c];
    }
    return status;
}

static RshStatus run_steps(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    Pipeline *p = run->pipeline;
    uint32_t steps = run->request.steps;
    uint64_t count = shape_rows(p->video.shape) * p->video.shape.channels;
    float *states = calloc((size_t)(steps + 2) * count, sizeof(float)), times[100], experts[100];
    float *scratch = states + (size_t)(steps + 1) * count;
    if (!states)
        return error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the steps.");
    RshStatus status = pipeline_start(p, &golden->error);
    if (status == RSH_OK)
        status = take_latents(p, scratch, states, &golden->error);
    for (uint32_t i = 0; i < steps && status == RSH_OK; i++) {
        times[i] = (float)p->sampler.timesteps[i];
        if ((status = pipeline_step(p, &golden->error)) != RSH_OK ||
            (i == 0 && (status = compare_velocities(run)) != RSH_OK))
            break;
        experts[i] = p->steps[1].program ? 1 : 0;
        status = take_latents(p, scratch, states + (i + 1) * count, &golden->error);
    }
    if (status == RSH_OK)
        status =
            golden_compare(golden, "latents", GOLDEN_ROWS, states, (uint64_t)(steps + 1) * count);
    if (status == RSH_OK)
        status = golden_compare(golden, "timesteps", GOLDEN_ROWS, times, steps);
    if (status == RSH_OK)
        status = golden_compare(golden, "expert", GOLDEN_ROWS, experts, steps);
    free(states);
    return status;
}

static RshStatus run_decoder(WholeRun *run)
{
    GoldenCase *golden = run->golden;
    Pipeline *p = run->pipeline;
    uint64_t frame = (uint64_t)run->request.width * run->request.height * 3, used = 0;
    float *video = calloc(run->request.frames, frame * sizeof(float));
    PipelineFrames frames = {0};
    RshStatus status =
        video ? RSH_OK : error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for the clip.");
    while (status == RSH_OK &&
           (status = pipeline_decode_frames(p, &frames, &golden->error)) == RSH_OK &&
           frames.count > 0) {
        const ChunkProgram *chunk = p->later.program ? &p->later : &p->first;
        status = stage_read(chunk->graph, chunk->program, "pixels", video + used, &golden->error);
        used += frames.count * frame;
    }
    for (uint64_t i = 0; i < used; i++)
        video[i] = fminf(fmaxf(video[i], -1), 1);
    if (status == RSH_OK)
        status = golden_compare(golden, "video", GOLDEN_CHANNELS_FIRST, video, used);
    free(video);
    return status;
}

RshStatus verify_pipeline(GoldenCase *golden)
{
    WholeRun run = {.golden = golden};
    RshStatus status;
    if ((status = open_model(&run)) == RSH_OK && (status = open_run(&run)) == RSH_OK &&
        (status = run_text(&run)) == RSH_OK && (status = run_picture(&run)) == RSH_OK &&
        (status = run_steps(&run)) == RSH_OK)
        status = run_decoder(&run);
    pipeline_close(&run.pipeline);
    const WeightSet *const sets[] = {run.model.text.weights, run.model.video.weights,
                                     run.model.low_noise.weights, run.model.vae.weights};
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        if (sets[i])
            golden->runner->ops->drop_weights(golden->runner, sets[i]);
    }
    close_model(&run.model);
    free(run.image);
    free(run.noise);
    return status;
}
