// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "formats/utf8.h"
#include "run/clock.h"
#include "run/engine.h"
#include "run/plan_run.h"
#include "run/tiles.h"

void rsh_request_init(RshRequest *request, const RshModel *model)
{
    const PipelineModelInfo *info = pipeline_model_info(model->model);

    *request = (RshRequest){
        .prompt = "",
        .negative_prompt = info->negative_prompt ? info->negative_prompt : "",
        .width = info->width,
        .height = info->height,
        .frames = info->frames,
        .fps_num = info->fps_num,
        .fps_den = info->fps_den,
        .steps = info->steps,
        .guidance = info->video_guidance,
        .audio_guidance = info->audio_guidance,
        .shift = info->shift,
        .sampler = sampler_name(info->sampler),
        .previews = true,
    };
}

void request_to_pipeline(const RshRequest *request, const RshModel *model, PipelineRequest *out)
{
    pipeline_request_init(out, model->model);
    out->prompt = request->prompt;
    out->negative_prompt = request->negative_prompt;
    out->seed = request->seed;
    out->width = request->width;
    out->height = request->height;
    out->frames = request->frames;
    out->steps = request->steps;
    out->sampler = sampler_from_name(request->sampler);
    out->shift = request->shift;
    out->video_guidance = request->guidance;
    out->audio_guidance = request->audio_guidance;
}

static RshStatus check_text(const char *what, const char *text, bool may_be_empty, RshError *error)
{
    size_t bytes = strlen(text);

    if (bytes > RSH_MAX_PROMPT_BYTES)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "the %s has %zu bytes; at most %d are read, so say it in fewer words",
                         what, bytes, RSH_MAX_PROMPT_BYTES);
    if (!utf8_is_valid(text, bytes))
        return error_set(error, RSH_ERROR_ARGUMENT, "the %s is not valid UTF-8", what);
    if (!may_be_empty && strspn(text, " \t\r\n") == bytes)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "the %s is empty; say what is to be seen and heard", what);
    return RSH_OK;
}

static RshStatus check_size(const RshRequest *request, const RshModelInfo *info, RshError *error)
{
    uint32_t multiple = info->size_multiple;

    if (request->width < multiple || request->height < multiple || request->width > RSH_MAX_SIDE ||
        request->height > RSH_MAX_SIDE || request->width % multiple || request->height % multiple)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "%s makes no pictures of %ux%u: both sides must be multiples of %u, from "
                         "%u to %d; %ux%u is the nearest",
                         info->id, request->width, request->height, multiple, multiple,
                         RSH_MAX_SIDE, pipeline_nearest_side(request->width, multiple),
                         pipeline_nearest_side(request->height, multiple));
    if (request->frames < 1 || request->frames > info->max_frames ||
        (request->frames - 1) % info->frames_multiple != 0)
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "%s makes no clips of %u frames: the number must be 1 more than a multiple "
            "of %u, at most %u",
            info->id, request->frames, info->frames_multiple, info->max_frames);
    return RSH_OK;
}

static bool is_between(float value, float least, float most)
{
    return value >= least && value <= most; // false for NaN
}

static RshStatus check_conditioning(const RshRequest *request, const RshModelInfo *info,
                                    RshError *error)
{
    const RshConditioning *from = &request->conditioning;

    if (from->kind == RSH_FROM_NOTHING)
        return RSH_OK;
    if (!info->has_image)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s cannot start from a picture or a clip",
                         info->id);
    if (!from->video || from->frames < 1 || from->frames >= request->frames ||
        (from->frames - 1) % info->frames_multiple != 0 ||
        (from->kind == RSH_FROM_IMAGE && from->frames != 1))
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "a clip of %u frames cannot start from %u: it must be 1 for a picture, or 1 "
            "more than a multiple of %u and fewer than the clip's",
            request->frames, from->frames, info->frames_multiple);
    if (from->audio && !info->has_audio)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s makes no sound to continue", info->id);
    if (from->audio && from->samples > (uint64_t)info->sample_rate * 3600)
        return error_set(error, RSH_ERROR_ARGUMENT, "the sound to continue is longer than an hour");
    return RSH_OK;
}

RshStatus rsh_request_check(const RshRequest *request, const RshModel *model, RshError *error)
{
    const PipelineModelInfo *own = pipeline_model_info(model->model);
    const RshModelInfo *info = &model->info;
    PipelineRequest inner;

    RshStatus status = check_text("prompt", request->prompt, false, error);
    if (status == RSH_OK)
        status = check_text("negative prompt", request->negative_prompt, true, error);
    if (status == RSH_OK)
        status = check_size(request, info, error);
    if (status == RSH_OK)
        status = check_conditioning(request, info, error);
    if (status != RSH_OK)
        return status;
    if (request->steps < 1 || request->steps > RSH_MAX_STEPS)
        return error_set(error, RSH_ERROR_ARGUMENT, "steps must be 1 to %d, not %u", RSH_MAX_STEPS,
                         request->steps);
    if (!is_between(request->guidance, 1.0f, 100.0f) ||
        !is_between(request->audio_guidance, 1.0f, 100.0f))
        return error_set(error, RSH_ERROR_ARGUMENT, "guidance must be 1 to 100");
    if (!is_between(request->shift, 0.01f, 100.0f))
        return error_set(error, RSH_ERROR_ARGUMENT, "shift must be 0.01 to 100");
    if (sampler_from_name(request->sampler) == SAMPLER_COUNT)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "\"%.40s\" is no sampler: there are euler, unipc and dpmpp",
                         request->sampler);
    if (request->fps_num < 1 || request->fps_den < 1 ||
        (info->has_audio &&
         (uint64_t)request->fps_num * own->fps_den != (uint64_t)own->fps_num * request->fps_den))
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "%s makes %g frames a second: with another rate its sound would not fit",
                         info->id, (double)own->fps_num / own->fps_den);
    request_to_pipeline(request, model, &inner);
    return pipeline_request_check(&inner, model->model, error);
}

static bool needs_tiles(const PipelineEstimate *planned, uint64_t budget)
{
    return (planned->decode_bytes > budget || planned->condition_bytes > budget) &&
           planned->text_bytes <= budget && planned->denoise_bytes <= budget &&
           planned->audio_bytes <= budget;
}

// Cuts the longer side of the tiles once more; false when they are as small as they can be.
static bool add_tile(PipelineRequest *request, const PipelineModel *model)
{
    const uint32_t space = pipeline_model_info(model)->latent_space;
    const TileAxis x = tile_axis(request->width / space, request->tiles_x),
                   y = tile_axis(request->height / space, request->tiles_y);
    const bool wide = tile_axis_can_grow(&x) && (x.tile >= y.tile || !tile_axis_can_grow(&y));
    if (!wide && !tile_axis_can_grow(&y))
        return false;
    request->tiles_x = x.count + wide;
    request->tiles_y = y.count + !wide;
    return true;
}

RshStatus request_plan(PipelineRequest *request, const PipelineModel *model, Runner *runner,
                       uint64_t budget, PipelineEstimate *out, RshError *error)
{
    // Weights that stay between stages save the next job their upload, when there is room for all.
    request->keep_weights = true;
    RshStatus status = pipeline_estimate(model, request, runner, out, error);
    if (status != RSH_OK || out->device_bytes <= budget / 2)
        return status;
    request->keep_weights = false;
    status = pipeline_estimate(model, request, runner, out, error);
    // Smaller tiles for the VAE, while it alone is what does not fit.
    while (status == RSH_OK && needs_tiles(out, budget) && add_tile(request, model))
        status = pipeline_estimate(model, request, runner, out, error);
    return status;
}

void request_clock_key(const RshRequest *request, const RshModel *model, ClockKey *key)
{
    *key = (ClockKey){
        .device = model->engine->device.name,
        .driver = model->engine->driver,
        .model = model->info.id,
        .width = request->width,
        .height = request->height,
        .frames = request->frames,
        .guided = request->guidance > 1.0f || request->audio_guidance > 1.0f,
    };
}

void request_plan_clock(const RshRequest *request, const RshModel *model, Clock *clock)
{
    clock->planned[CLOCK_LOAD] = 1;
    clock->planned[CLOCK_TEXT] = 1;
    clock->planned[CLOCK_CONDITION] = request->conditioning.kind == RSH_FROM_NOTHING ? 0 : 1;
    clock->planned[CLOCK_FIRST_STEP] = 1;
    clock->planned[CLOCK_STEP] = request->steps - 1;
    clock->planned[CLOCK_FIRST_FRAME] = 1;
    clock->planned[CLOCK_FRAME] = request->frames - 1;
    clock->planned[CLOCK_AUDIO] = model->info.has_audio ? 1 : 0;
}

// The longest clip of this size that fits, by halving; 0 when not even the shortest does.
static uint32_t find_fitting_frames(PipelineRequest *inner, const RshModel *model, Runner *runner)
{
    uint32_t multiple = model->info.frames_multiple;
    uint32_t low = 0,
             high = (inner->frames - 1) / multiple + 1; // `low` time steps fit, `high` do not
    PipelineEstimate planned;

    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        inner->frames = 1 + multiple * (middle - 1);
        const uint64_t budget = gpu_memory_budget(model->engine->gpu);
        bool fits =
            request_plan(inner, model->planning, runner, budget, &planned, NULL) == RSH_OK &&
            planned.device_bytes <= budget;
        *(fits ? &low : &high) = middle;
    }
    return low ? 1 + multiple * (low - 1) : 0;
}

static void find_what_fits(const RshRequest *request, const RshModel *model, Runner *runner,
                           RshEstimate *out)
{
    const RshModelInfo *info = &model->info;
    PipelineRequest inner;

    request_to_pipeline(request, model, &inner);
    uint32_t frames = find_fitting_frames(&inner, model, runner);
    if (frames > info->frames_multiple || frames == request->frames) {
        out->fit_width = request->width;
        out->fit_height = request->height;
        out->fit_frames = frames;
        return;
    }
    // Not even a short clip: the model's own sizes, the largest that fits, and rather one that moves than a larger still.
    uint64_t best = 0;
    bool best_moves = false;
    for (uint32_t i = 0; i < info->size_count; i++) {
        uint64_t area = (uint64_t)info->sizes[i][0] * info->sizes[i][1];
        if (area >= (uint64_t)request->width * request->height || (best_moves && area <= best))
            continue;
        request_to_pipeline(request, model, &inner);
        inner.width = info->sizes[i][0];
        inner.height = info->sizes[i][1];
        inner.frames += info->frames_multiple; // so that the whole length is tried, too
        frames = find_fitting_frames(&inner, model, runner);
        bool moves = frames > info->frames_multiple;
        if (frames == 0 || (moves == best_moves && area <= best) || (best_moves && !moves))
            continue;
        best = area;
        best_moves = moves;
        out->fit_width = info->sizes[i][0];
        out->fit_height = info->sizes[i][1];
        out->fit_frames = frames;
    }
}

// Under plan_lock: the estimates' own device handle and their own view of the model's files, so that
// nothing is shared with a job that runs.
static RshStatus open_planning(RshModel *model, RshError *error)
{
    RshEngine *engine = model->engine;
    GpuOptions options = {.device = engine->device_option,
                          .caps_mask = engine->caps_mask,
                          .cache_dir = engine->cache_dir,
                          .learns_from = engine->gpu};
    RshStatus status = RSH_OK;

    if (!engine->plan_gpu)
        status = gpu_open(&options, &engine->plan_gpu, error);
    if (status == RSH_OK && !model->planning)
        status = pipeline_model_open(model->folder, &model->planning, error);
    return status;
}

// Where no run has told yet: from the speed of a product, and from what its kernel took to build.
static void guess_seconds(RshEngine *engine, const PipelineEstimate *planned, RshEstimate *out)
{
    double flops = 0.0;
    GpuOptions options = {.device = engine->device_option,
                          .caps_mask = engine->caps_mask,
                          .learns_from = engine->gpu};

    out->rough = true;
    out->measuring = engine->speed || speed_start(&options, &engine->speed, NULL) == RSH_OK;
    if (!engine->speed || !speed_get(engine->speed, &flops))
        return;
    out->measuring = false;
    if (flops > 0.0)
        out->seconds = (double)planned->flops / flops + out->build_seconds;
}

static RshStatus estimate(const RshRequest *request, RshModel *model, RshEstimate *out,
                          RshError *error)
{
    uint64_t budget = gpu_memory_budget(model->engine->gpu);
    PipelineEstimate planned;
    PipelineRequest inner;
    Runner *runner = NULL;
    Clock clock;
    ClockKey key;

    RshStatus status = open_planning(model, error);
    if (status == RSH_OK)
        status = runner_create_gpu(model->engine->plan_gpu, &runner, error);
    if (status != RSH_OK)
        return status;
    request_to_pipeline(request, model, &inner);
    status = request_plan(&inner, model->planning, runner, budget, &planned, error);
    if (status == RSH_OK) {
        *out = (RshEstimate){
            .device_bytes = planned.device_bytes,
            .host_bytes = planned.host_bytes,
            .fits = planned.device_bytes <= budget,
        };
        request_clock_key(request, model, &key);
        clock_start(&clock, &key, model->engine->cache_dir);
        request_plan_clock(request, model, &clock);
        out->seconds = clock_total(&clock);
        out->build_seconds = gpu_plan_left(model->engine->plan_gpu, GPU_ALL_STAGES);
        if (out->seconds < 0.0)
            guess_seconds(model->engine, &planned, out);
        if (!out->fits)
            find_what_fits(request, model, runner, out);
    }
    runner->ops->destroy(&runner);
    return status;
}

RshStatus rsh_request_estimate(const RshRequest *request, RshModel *model, RshEstimate *out,
                               RshError *error)
{
    RshStatus status = rsh_request_check(request, model, error);
    if (status != RSH_OK)
        return status;
    pthread_mutex_lock(&model->engine->plan_lock);
    status = estimate(request, model, out, error);
    pthread_mutex_unlock(&model->engine->plan_lock);
    return status;
}
