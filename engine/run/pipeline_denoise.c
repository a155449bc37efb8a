// SPDX-License-Identifier: GPL-3.0-or-later
// The sampler's steps. One recorded program does a whole step: networks, guidance, solver, and the rough picture
// of the clip in the making. What changes from step to step is a row of times and a few coefficients.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"
#include "run/stages.h"

// What an update combines: the latent, both passes' answers (velocities or x0), the solver's history.
enum { TERM_X, TERM_POSITIVE, TERM_NEGATIVE, TERM_M0, TERM_M1, TERM_LAST, TERMS };

typedef struct StepTerms {
    Tensor *tensors[TERMS];
    int source[TERMS]; // TERM_* of each
    uint32_t count;
} StepTerms;

static uint32_t term_sources(const Pipeline *p, int source[TERMS])
{
    uint32_t count = 0;
    source[count++] = TERM_X;
    source[count++] = TERM_POSITIVE;
    if (p->passes == 2)
        source[count++] = TERM_NEGATIVE;
    for (int term = TERM_M0; sampler_has_history(p->request.sampler) && term <= TERM_LAST; term++)
        source[count++] = term;
    return count;
}

static Tensor *state_of(Graph *graph, const Stream *stream, const char *what)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.%s", stream->name, what);
    return graph_state(graph, name, stream->shape);
}

// Latents with what is given put in place.
static Tensor *with_clean(Graph *graph, const Stream *stream, Tensor *x)
{
    char name[48];
    if (stream->clean == 0)
        return x;
    snprintf(name, sizeof(name), "%s.clean", stream->name);
    Shape shape = stream->shape;
    bool rows = shape.frames == 1 && shape.height == 1; // sound
    *(rows ? &shape.width : &shape.frames) = stream->clean;
    Tensor *clean = graph_find(graph, name);
    if (!clean)
        clean = graph_input(graph, name, shape, TENSOR_F32);
    if (rows)
        return op_concat_rows(
            graph, clean,
            graph_view_rows(graph, x, stream->clean, stream->shape.width - stream->clean));
    if (stream->clean == stream->shape.frames)
        return clean;
    return op_concat_frames(
        graph, clean,
        graph_view_frames(graph, x, stream->clean, stream->shape.frames - stream->clean));
}

// The network always sees clean frames as they are.
static Tensor *stream_in(Graph *graph, const Stream *stream)
{
    return with_clean(graph, stream, state_of(graph, stream, "latents"));
}

// Row 1 of the times for tokens of clean frames, row 0 for the others; NULL when all are alike.
static void set_row_index(Graph *graph, WanTower *tower, const Stream *stream)
{
    char name[48];
    uint32_t tokens = wan_tokens(tower->grid), clean = stream->clean;
    if (clean == 0 || tokens == 0)
        return;
    if (!tower->config->audio)
        clean *= tower->grid.height * tower->grid.width;
    int32_t *rows = calloc((size_t)tokens * tower->passes, sizeof(int32_t));
    if (!rows) {
        graph_fail(graph, RSH_ERROR_MEMORY, "No memory for the times of %u tokens.", tokens);
        return;
    }
    for (uint32_t pass = 0; pass < tower->passes; pass++) {
        for (uint32_t i = 0; i < clean; i++)
            rows[(size_t)pass * tokens + i] = 1;
    }
    snprintf(name, sizeof(name), "%s.rows", stream->name);
    tower->row_index =
        graph_constant(graph, name, (Shape){1, 1, tokens * tower->passes, 1}, TENSOR_I32, rows);
    free(rows);
}

static void set_times(Graph *graph, WanTower *tower, const Stream *stream)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.times", stream->name);
    wan_build_time(graph, tower,
                   graph_input(graph, name, (Shape){1, 1, stream->clean ? 2 : 1, 2}, TENSOR_I32));
}

static Tensor *combination(Graph *graph, const Stream *stream, const StepTerms *terms,
                           const char *what)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.to_%s", stream->name, what);
    Tensor *coefficients = graph_input(graph, name, (Shape){1, 1, 1, terms->count}, TENSOR_F32);
    return op_combine(graph, terms->count, terms->tensors, NULL, coefficients, 0);
}

// What this step takes the finished clip to be, as pictures.
static void show(Graph *graph, const Pipeline *p, Tensor *denoised)
{
    Shape shape = {1, 1, p->video.shape.channels + 1, 3};
    Tensor *map = graph_constant(graph, "latent_rgb", shape, TENSOR_F32, p->model->latent_rgb);
    Tensor *pictures = op_latents_to_rgb(graph, with_clean(graph, &p->video, denoised), map);
    graph_output(graph, pictures, "preview");
}

// Guidance and solver at once, then the states move on by a step.
static void update(Graph *graph, const Pipeline *p, const Stream *stream, Tensor *x,
                   Tensor *velocity)
{
    char name[48];
    StepTerms terms = {{0}, {0}, 0};
    bool history = sampler_has_history(p->request.sampler);
    if (!velocity)
        return;
    if (p->taps) {
        snprintf(name, sizeof(name), "%s.velocity", stream->name);
        graph_output(graph, velocity, name);
    }
    Tensor *passes[2] = {velocity, NULL};
    if (p->passes == 2) {
        uint32_t frames = stream->shape.frames;
        passes[0] = graph_view_frames(graph, velocity, 0, frames);
        passes[1] = graph_view_frames(graph, velocity, frames, frames);
    }
    Tensor *all[TERMS] = {x, passes[0], passes[1], NULL, NULL, NULL};
    if (history) {
        all[TERM_M0] = state_of(graph, stream, "m0");
        all[TERM_M1] = state_of(graph, stream, "m1");
        all[TERM_LAST] = state_of(graph, stream, "last");
    }
    terms.count = term_sources(p, terms.source);
    for (uint32_t i = 0; i < terms.count; i++)
        terms.tensors[i] = all[terms.source[i]];

    Tensor *denoised = combination(graph, stream, &terms, "denoised");
    if (p->taps) {
        snprintf(name, sizeof(name), "%s.denoised", stream->name);
        graph_output(graph, denoised, name);
    }
    if (stream == &p->video)
        show(graph, p, denoised);
    Tensor *next = combination(graph, stream, &terms, "next");
    if (history) {
        Tensor *corrected = combination(graph, stream, &terms, "corrected");
        op_copy(graph, all[TERM_M0], all[TERM_M1]);
        op_copy(graph, denoised, all[TERM_M0]);
        op_copy(graph, corrected, all[TERM_LAST]);
    }
    op_copy(graph, next, state_of(graph, stream, "latents"));
}

RshStatus denoise_describe(const Pipeline *p, uint32_t expert, Graph **out, RshError *error)
{
    const PipelineModel *m = p->model;
    WanTower video, audio;
    Graph *graph;
    RshStatus status = graph_create("step", out, error);
    if (status != RSH_OK)
        return status;
    graph = *out;
    stage_towers(m, expert, p->passes, &video, &audio);
    if (weight_set_is_half(video.weights))
        graph_allow_half(graph);
    video.image_rows = m->video_config.image_branch ? m->image_config.tokens : 0;
    Tensor *x = stream_in(graph, &p->video), *in = x;
    if (p->condition_channels > 0) {
        Shape shape = p->video.shape;
        shape.channels = p->condition_channels;
        in = op_concat_channels(graph, x, graph_input(graph, "condition", shape, TENSOR_F32));
    }
    Tensor *v = wan_build_patches(graph, &video, in);
    set_row_index(graph, &video, &p->video);
    set_times(graph, &video, &p->video);
    if (!m->audio) {
        update(graph, p, &p->video, x, wan_build_blocks(graph, &video, v, p->request.skip_layer));
        return RSH_OK;
    }
    Tensor *y = stream_in(graph, &p->audio);
    Tensor *a = wan_build_patches(graph, &audio, y);
    set_row_index(graph, &audio, &p->audio);
    set_times(graph, &audio, &p->audio);
    ovi_build_blocks(graph, &video, &audio, p->request.skip_layer, &v, &a);
    update(graph, p, &p->video, x, wan_build_head(graph, &video, v));
    update(graph, p, &p->audio, y, wan_build_head(graph, &audio, a));
    return RSH_OK;
}

// ---- running -----------------------------------------------------------------------------------------

typedef struct HeldTensor {
    const char *what;
    float *values;
} HeldTensor;

// States of a stream and the host's copies of them.
static void held(const Stream *stream, HeldTensor out[4])
{
    const HeldTensor all[4] = {{"latents", stream->latents},
                               {"m0", stream->m0},
                               {"m1", stream->m1},
                               {"last", stream->last}};
    memcpy(out, all, sizeof(all));
}

static RshStatus move_states(const StepProgram *step, const Stream *stream, bool to_device,
                             RshError *error)
{
    HeldTensor tensors[4];
    RshStatus status = RSH_OK;
    held(stream, tensors);
    for (int i = 0; i < 4 && status == RSH_OK; i++) {
        char name[48];
        if (!tensors[i].values)
            continue;
        snprintf(name, sizeof(name), "%s.%s", stream->name, tensors[i].what);
        status = to_device ? stage_write(step->graph, step->program, name, tensors[i].values, error)
                           : stage_read(step->graph, step->program, name, tensors[i].values, error);
    }
    return status;
}

static StepProgram *live_step(Pipeline *p)
{
    return p->steps[0].program ? &p->steps[0] : p->steps[1].program ? &p->steps[1] : NULL;
}

RshStatus denoise_fetch(Pipeline *p, RshError *error)
{
    const StepProgram *step = live_step(p);
    if (!p->on_device || !step)
        return RSH_OK;
    RshStatus status = move_states(step, &p->video, false, error);
    if (status == RSH_OK && p->model->audio)
        status = move_states(step, &p->audio, false, error);
    if (status == RSH_OK)
        p->on_device = false;
    return status;
}

void denoise_release(Pipeline *p)
{
    for (int i = 0; i < 2; i++)
        stage_discard(&p->steps[i].graph, &p->steps[i].program);
    p->ran = false;
}

static RshStatus write_clean(const StepProgram *step, const Stream *stream, RshError *error)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.clean", stream->name);
    return stream->clean
               ? stage_write(step->graph, step->program, name, stream->clean_values, error)
               : RSH_OK;
}

// Makes the expert's program, with the latents as the host has them. The other expert goes first.
static RshStatus prepare_step(Pipeline *p, uint32_t expert, RshError *error)
{
    StepProgram *step = &p->steps[expert];
    if (step->program)
        return RSH_OK;
    RshStatus status = denoise_fetch(p, error);
    if (status != RSH_OK)
        return status;
    if (live_step(p)) {
        denoise_release(p);
        stage_drop(p, expert ? p->model->video.weights : p->model->low_noise.weights);
    }
    if ((status = denoise_describe(p, expert, &step->graph, error)) != RSH_OK ||
        (status = stage_prepare(p->runner, step->graph, p->cancel, &step->program, error)) !=
            RSH_OK ||
        (status = move_states(step, &p->video, true, error)) != RSH_OK ||
        (status = write_clean(step, &p->video, error)) != RSH_OK ||
        (p->condition && (status = stage_write(step->graph, step->program, "condition",
                                               p->condition, error)) != RSH_OK))
        goto done;
    if (p->model->audio && (status = move_states(step, &p->audio, true, error)) == RSH_OK)
        status = write_clean(step, &p->audio, error);
done:
    if (status != RSH_OK)
        stage_discard(&step->graph, &step->program);
    return status;
}

static RshStatus write_times(const StepProgram *step, const Stream *stream, double timestep,
                             RshError *error)
{
    char name[48];
    int32_t rows[2][2] = {{0}}; // the second is that of clean tokens: they are where steps end
    time_split(timestep, rows[0]);
    snprintf(name, sizeof(name), "%s.times", stream->name);
    return stage_write(step->graph, step->program, name, rows, error);
}

// The solver's row over our terms: the network's guided answer is negative + scale * (positive - negative).
static RshStatus write_row(const Pipeline *p, const StepProgram *step, const Stream *stream,
                           const char *what, const double *row, double scale, RshError *error)
{
    char name[48];
    int source[TERMS];
    float values[TERMS];
    uint32_t count = term_sources(p, source);
    double v = row[SAMPLER_V], positive = p->passes == 2 ? scale * v : v;
    const double all[TERMS] = {row[SAMPLER_X],  positive,        (1 - scale) * v,
                               row[SAMPLER_M0], row[SAMPLER_M1], row[SAMPLER_LAST]};
    for (uint32_t i = 0; i < count; i++)
        values[i] = (float)all[source[i]];
    snprintf(name, sizeof(name), "%s.to_%s", stream->name, what);
    return stage_write(step->graph, step->program, name, values, error);
}

static RshStatus write_stream(const Pipeline *p, const StepProgram *step, const Stream *stream,
                              const SamplerStep *solver, double scale, RshError *error)
{
    RshStatus status = write_times(step, stream, solver->timestep, error);
    if (status == RSH_OK)
        status = write_row(p, step, stream, "denoised", solver->denoised, scale, error);
    if (status == RSH_OK)
        status = write_row(p, step, stream, "next", solver->next, scale, error);
    if (status == RSH_OK && sampler_has_history(p->request.sampler))
        status = write_row(p, step, stream, "corrected", solver->corrected, scale, error);
    return status;
}

RshStatus pipeline_step(Pipeline *p, RshError *error)
{
    SamplerStep solver;
    const PipelineModel *m = p->model;
    if (!p->started || !p->text_ready || p->step >= p->sampler.steps)
        return error_set(
            error, RSH_ERROR_ARGUMENT, "There is no step to do: %u of %u are done, %s.", p->step,
            p->sampler.steps, p->text_ready ? "the text is there" : "the text is missing");
    sampler_step(&p->sampler, p->step, &solver);
    if (m->answers_clean)
        sampler_step_from_clean(&solver);
    uint32_t expert = stage_has_low_noise(m) && solver.timestep < m->boundary ? 1 : 0;
    const StepProgram *step = &p->steps[expert];
    double scale = (double)p->request.video_guidance;
    if (expert && p->request.low_noise_guidance != 0)
        scale = (double)p->request.low_noise_guidance;
    RshStatus status = prepare_step(p, expert, error);
    if (status == RSH_OK)
        status = write_stream(p, step, &p->video, &solver, scale, error);
    if (status == RSH_OK && m->audio)
        status =
            write_stream(p, step, &p->audio, &solver, (double)p->request.audio_guidance, error);
    if (status == RSH_OK)
        status = step->program->ops->run(step->program, p->cancel, error);
    if (status != RSH_OK) {
        // A step that was cut short may have moved some states on. Where the host has them as they
        // were, the next try starts from there.
        if (!p->on_device)
            denoise_release(p);
        return status;
    }
    p->step++;
    p->on_device = true;
    p->ran = true;
    return RSH_OK;
}

RshStatus pipeline_preview(Pipeline *p, uint8_t **pixels, uint32_t *count, uint32_t *width,
                           uint32_t *height, RshError *error)
{
    const StepProgram *step = live_step(p);
    *pixels = NULL;
    *count = *width = *height = 0;
    if (!step || !p->ran)
        return RSH_OK;
    uint8_t *rgba = malloc(shape_rows(p->video.shape) * 4);
    if (!rgba)
        return error_set(error, RSH_ERROR_MEMORY, "No memory for the preview.");
    RshStatus status = stage_read(step->graph, step->program, "preview", rgba, error);
    if (status != RSH_OK) {
        free(rgba);
        return status;
    }
    *pixels = rgba;
    *count = p->video.shape.frames;
    *width = p->video.shape.width;
    *height = p->video.shape.height;
    return RSH_OK;
}
