// SPDX-License-Identifier: GPL-3.0-or-later
// One job from words to files, on the engine's thread: DESIGN.md's stages in order, a checkpoint after
// every step, and an event for whatever a caller can look at.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "run/fingerprint.h"
#include "run/plan_run.h"
#include "run/take.h"

// A preview is cheap beside a step, but not beside a fast one.
#define PREVIEW_INTERVAL_S 0.25

typedef struct Render {
    RshJob *job;
    Take take;
    Pipeline *pipeline;
    PipelineRequest request;
    PipelineEstimate planned;
    Clock clock;
    ClockKey key;
    char fingerprint[65];
    float *first_frames, *first_samples;
    uint32_t step;
    double previewed;    // clock_elapsed() at the last preview
    double built_before; // gpu_built_seconds() at the start
} Render;

static bool is_cancelled(const Render *render)
{
    return atomic_load(&render->job->cancel);
}

// Building kernels, which has no steps of its own.
static void tell_building(const Render *render, RshStage stage, RshEvent *event)
{
    static const PipelineStage stages[] = {
        [RSH_STAGE_LOAD] = STAGE_TEXT,       [RSH_STAGE_TEXT] = STAGE_TEXT,
        [RSH_STAGE_DENOISE] = STAGE_DENOISE, [RSH_STAGE_DECODE] = STAGE_DECODE,
        [RSH_STAGE_AUDIO] = STAGE_AUDIO,
    };
    const Gpu *gpu = render->job->engine->gpu;

    event->built_s = gpu_built_seconds(gpu) - render->built_before;
    for (PipelineStage i = stages[stage]; render->planned.device_bytes > 0 && i < STAGES; i++) {
        double left = gpu_plan_left(gpu, i);
        event->build_left_s += left;
        // The given frames are encoded after the text and before the first step.
        if (i == stages[stage] || (i == STAGE_CONDITION && stage == RSH_STAGE_TEXT))
            event->build_stage_s += left;
    }
}

static void post_progress(Render *render, RshStage stage, uint32_t step, uint32_t of)
{
    RshEvent event = {.kind = RSH_EVENT_PROGRESS,
                      .stage = stage,
                      .step = step,
                      .of = of,
                      .fraction = clock_fraction(&render->clock),
                      .eta_s = clock_remaining(&render->clock)};
    tell_building(render, stage, &event);
    job_post(render->job, &event);
}

// The weights on the device belong to one model at a time.
static RshStatus hold_model(RshEngine *engine, RshModel *model, RshError *error)
{
    if (engine->held == model && engine->runner)
        return RSH_OK;
    if (engine->runner)
        engine->runner->ops->destroy(&engine->runner);
    rsh_model_unref(engine->held);
    engine->held = NULL;
    RshStatus status = runner_create_gpu(engine->gpu, &engine->runner, error);
    if (status == RSH_OK)
        engine->held = rsh_model_ref(model);
    return status;
}

// Reads the conditioning files, as bytes for the fingerprint and as numbers for the encoder.
static RshStatus read_conditioning(Render *render, FingerprintInput *input, void **video,
                                   void **audio, RshError *error)
{
    const RshRequest *request = &render->job->request;
    const RshConditioning *from = &request->conditioning;
    uint64_t values = (uint64_t)request->width * request->height * 3 * from->frames;

    if (from->kind == RSH_FROM_NOTHING)
        return RSH_OK;
    RshStatus status = take_read_file(&render->take, from->video, values, video, error);
    if (status == RSH_OK && from->audio)
        status =
            take_read_file(&render->take, from->audio, from->samples * sizeof(float), audio, error);
    if (status != RSH_OK)
        return status;

    render->first_frames = malloc((size_t)values * sizeof(float));
    if (!render->first_frames)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory for the first frames");
    const uint8_t *pixels = *video;
    for (uint64_t i = 0; i < values; i++)
        render->first_frames[i] = (float)pixels[i] / 127.5f - 1.0f;
    render->request.first_frames = render->first_frames;
    render->request.first_frame_count = from->frames;
    input->video = *video;
    input->video_bytes = values;
    if (*audio) {
        const float *samples = *audio;
        for (uint64_t i = 0; i < from->samples; i++)
            if (!(samples[i] >= -4.0f && samples[i] <= 4.0f))
                return error_set(error, RSH_ERROR_ARGUMENT,
                                 "%.100s: sample %llu is not between -1 and 1", from->audio,
                                 (unsigned long long)i);
        render->request.first_samples = samples;
        render->request.first_sample_count = from->samples;
        input->audio = *audio;
        input->audio_bytes = from->samples * sizeof(float);
    }
    return RSH_OK;
}

static RshStatus identify(Render *render, void **video, void **audio, RshError *error)
{
    RshJob *job = render->job;
    RshEngine *engine = job->engine;
    ComponentFile files[RSH_MAX_COMPONENTS];
    RshResult *result = &job->result;

    RshStatus status = component_files_read(job->model->folder, engine->cache_dir, &job->cancel,
                                            files, &result->component_count, error);
    if (status != RSH_OK)
        return status;
    for (uint32_t i = 0; i < result->component_count; i++) {
        memcpy(result->components[i].name, files[i].name, sizeof(files[i].name));
        memcpy(result->components[i].sha256, files[i].sha256, sizeof(files[i].sha256));
    }
    FingerprintInput input = {.request = &job->request,
                              .files = files,
                              .file_count = result->component_count,
                              .device = engine->device.name,
                              .driver = engine->driver,
                              .caps_mask = engine->caps_mask};
    status = read_conditioning(render, &input, video, audio, error);
    if (status == RSH_OK)
        fingerprint_make(&input, render->fingerprint);
    return status;
}

static RshStatus check_room(Render *render, RshError *error)
{
    RshEngine *engine = render->job->engine;
    uint64_t budget = gpu_memory_budget(engine->gpu);

    RshStatus status = request_plan(&render->request, render->job->model->model, engine->runner,
                                    budget, &render->planned, error);
    if (status != RSH_OK || render->planned.device_bytes <= budget)
        return status;
    return error_set(error, RSH_ERROR_MEMORY,
                     "this clip needs %llu MiB of device memory and %s has %llu MiB free",
                     (unsigned long long)(render->planned.device_bytes >> 20), engine->device.name,
                     (unsigned long long)(budget >> 20));
}

static RshStatus begin(Render *render, RshError *error)
{
    RshJob *job = render->job;
    PipelineState state = {0};
    RshStatus status;

    bool resumed = take_load_step(&render->take, render->fingerprint, &state);
    if (resumed && state.step > job->request.steps) {
        pipeline_state_clear(&state);
        resumed = false;
    }
    RshEvent accepted = {.kind = RSH_EVENT_ACCEPTED, .step = resumed ? state.step : 0};
    job_post(job, &accepted);
    clock_lap(&render->clock, CLOCK_LOAD, 1);
    post_progress(render, RSH_STAGE_TEXT, 0, 1);

    status = pipeline_open(job->model->model, job->engine->runner, &render->request, &job->cancel,
                           &render->pipeline, error);
    if (status == RSH_OK && !(resumed && state.step == job->request.steps))
        status = pipeline_encode_text(render->pipeline, error);
    if (status != RSH_OK)
        goto done;
    clock_lap(&render->clock, CLOCK_TEXT, 1);
    post_progress(render, RSH_STAGE_TEXT, 1, 1);
    if (resumed) {
        status = pipeline_restore(render->pipeline, &state, error);
        if (status == RSH_OK) {
            // Steps of another run are done, but nothing was measured.
            render->step = state.step;
            render->clock.planned[CLOCK_STEP] = job->request.steps - state.step;
            render->clock.planned[CLOCK_FIRST_STEP] = 0;
            render->clock.planned[CLOCK_CONDITION] = 0;
        }
        goto done;
    }
    status = pipeline_encode_clip(render->pipeline, error);
    if (status == RSH_OK)
        status = pipeline_start(render->pipeline, error);
    if (status == RSH_OK && render->clock.planned[CLOCK_CONDITION])
        clock_lap(&render->clock, CLOCK_CONDITION, 1);
done:
    pipeline_state_clear(&state);
    return status;
}

static RshStatus make_preview(Render *render, RshError *error)
{
    RshEvent event = {.kind = RSH_EVENT_PREVIEW, .step = render->step};
    uint8_t *pixels = NULL;

    RshStatus status = pipeline_preview(render->pipeline, &pixels, &event.frames, &event.width,
                                        &event.height, error);
    if (status == RSH_OK && event.frames > 0) {
        status = take_write_preview(&render->take, pixels, event.width, event.height, event.frames,
                                    error);
        if (status == RSH_OK)
            job_post(render->job, &event);
        render->previewed = clock_elapsed(&render->clock);
    }
    free(pixels);
    return status;
}

static RshStatus denoise(Render *render, RshError *error)
{
    uint32_t steps = pipeline_steps(render->pipeline);
    bool measured_first = render->step > 0;

    post_progress(render, RSH_STAGE_DENOISE, render->step, steps);
    while (render->step < steps) {
        PipelineState state = {0};
        RshStatus status = pipeline_step(render->pipeline, error);
        if (status == RSH_OK)
            status = pipeline_save(render->pipeline, &state, error);
        if (status == RSH_OK)
            status = take_save_step(&render->take, &state, render->fingerprint, error);
        pipeline_state_clear(&state);
        if (status != RSH_OK)
            return status;
        render->step++;
        clock_lap(&render->clock, measured_first ? CLOCK_STEP : CLOCK_FIRST_STEP, 1);
        measured_first = true;
        post_progress(render, RSH_STAGE_DENOISE, render->step, steps);
        if (render->job->request.previews &&
            clock_elapsed(&render->clock) - render->previewed >= PREVIEW_INTERVAL_S) {
            status = make_preview(render, error);
            if (status != RSH_OK)
                return status;
        }
        if (is_cancelled(render))
            return RSH_CANCELLED;
    }
    return RSH_OK;
}

static RshStatus decode_frames(Render *render, RshError *error)
{
    uint32_t total = render->job->request.frames, have = 0;
    uint32_t lapped = 0; // of the frames after the first

    post_progress(render, RSH_STAGE_DECODE, 0, total);
    for (;;) {
        PipelineFrames frames = {0};
        RshStatus status = pipeline_decode_frames(render->pipeline, &frames, error);
        if (status == RSH_OK && frames.waiting) {
            // Pictures of tiles come all at once: what is done counts as that many of them.
            const uint32_t reached = (uint32_t)(frames.done * (float)(total - 1));
            clock_lap(&render->clock, CLOCK_FRAME, reached > lapped ? reached - lapped : 0);
            lapped = reached;
            post_progress(render, RSH_STAGE_DECODE, 0, total);
            if (is_cancelled(render))
                return RSH_CANCELLED;
            continue;
        }
        if (status != RSH_OK || frames.count == 0)
            return status;
        status = take_append_frames(&render->take, frames.rgba, frames.width, frames.height,
                                    frames.count, error);
        if (status != RSH_OK)
            return status;
        bool first = have == 0;
        have += frames.count;
        if (first)
            render->clock.planned[CLOCK_FRAME] = total - frames.count;
        const uint32_t units = first ? 1 : have - 1 > lapped ? have - 1 - lapped : 0;
        clock_lap(&render->clock, first ? CLOCK_FIRST_FRAME : CLOCK_FRAME, units);
        lapped += first ? 0 : units;
        RshEvent event = {.kind = RSH_EVENT_FRAME, .index = have - 1};
        job_post(render->job, &event);
        post_progress(render, RSH_STAGE_DECODE, have, total);
        render->job->result.frames = have;
        if (is_cancelled(render))
            return RSH_CANCELLED;
    }
}

static RshStatus decode_audio(Render *render, RshError *error)
{
    RshJob *job = render->job;
    const float *samples = NULL;
    uint64_t count = 0;

    if (!job->model->info.has_audio)
        return RSH_OK;
    post_progress(render, RSH_STAGE_AUDIO, 0, 1);
    RshStatus status = pipeline_decode_audio(render->pipeline, &samples, &count, error);
    if (status == RSH_OK)
        status = take_write_audio(&render->take, samples, count, job->result.audio_sha256, error);
    if (status != RSH_OK)
        return status;
    clock_lap(&render->clock, CLOCK_AUDIO, 1);
    job->result.samples = count;
    job->result.rate = job->model->info.sample_rate;
    RshEvent event = {
        .kind = RSH_EVENT_AUDIO, .samples = count, .rate = job->result.rate, .channels = 1};
    job_post(job, &event);
    post_progress(render, RSH_STAGE_AUDIO, 1, 1);
    return RSH_OK;
}

static RshStatus run_stages(Render *render, RshError *error)
{
    RshStatus status = begin(render, error);
    if (status == RSH_OK)
        status = denoise(render, error);
    if (status == RSH_OK)
        status = decode_frames(render, error);
    if (status == RSH_OK)
        status = decode_audio(render, error);
    take_hash_frames(&render->take, render->job->result.frames_sha256);
    return status;
}

RshStatus job_render(RshJob *job, uint32_t *last_step, RshError *error)
{
    RshEngine *engine = job->engine;
    Render render = {.job = job, .take.frames_fd = -1};
    void *video = NULL, *audio = NULL;
    RshStatus status = is_cancelled(&render) ? RSH_CANCELLED : RSH_OK;

    request_clock_key(&job->request, job->model, &render.key);
    clock_start(&render.clock, &render.key, engine->cache_dir);
    request_plan_clock(&job->request, job->model, &render.clock);
    request_to_pipeline(&job->request, job->model, &render.request);
    gpu_memory_reset_peak(engine->gpu);
    render.built_before = gpu_built_seconds(engine->gpu);

    if (status == RSH_OK)
        status = take_open(job->take, &render.take, error);
    if (status == RSH_OK) {
        post_progress(&render, RSH_STAGE_LOAD, 0, 1);
        status = hold_model(engine, job->model, error);
    }
    if (status == RSH_OK)
        status = identify(&render, &video, &audio, error);
    if (status == RSH_OK)
        status = check_room(&render, error);
    if (status == RSH_OK)
        status = run_stages(&render, error);

    job->result.seconds = clock_elapsed(&render.clock);
    job->result.peak_bytes = gpu_memory_peak(engine->gpu);
    job->result.forecast_bytes = render.planned.device_bytes;
    if (status == RSH_OK)
        clock_keep(&render.clock, &render.key, engine->cache_dir);
    gpu_kernels_save(engine->gpu);
    *last_step = render.step;
    pipeline_close(&render.pipeline);
    take_close(&render.take);
    free(render.first_frames);
    free(video);
    free(audio);
    return status;
}
