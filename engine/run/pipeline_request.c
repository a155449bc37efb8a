// SPDX-License-Identifier: GPL-3.0-or-later
// Requests: defaults, checks, and what a run will take.
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "run/stages.h"

enum { MAX_SIDE = 16384, MAX_PROMPT_BYTES = 16384, MAX_TOKENS = 1 << 22 };

void pipeline_request_init(PipelineRequest *request, const PipelineModel *model)
{
    const PipelineModelInfo *info = &model->info;
    *request = (PipelineRequest){.prompt = "",
                                 .negative_prompt = info->negative_prompt,
                                 .width = info->width,
                                 .height = info->height,
                                 .frames = info->frames,
                                 .steps = info->steps,
                                 .sampler = info->sampler,
                                 .shift = info->shift,
                                 .video_guidance = info->video_guidance,
                                 .audio_guidance = info->audio_guidance,
                                 .low_noise_guidance = model->low_noise_guidance,
                                 .skip_layer = model->skip_layer};
}

uint32_t pipeline_nearest_side(uint32_t side, uint32_t multiple)
{
    const uint32_t most = MAX_SIDE / multiple, rest = side % multiple;
    uint32_t count = side / multiple;
    if (rest * 2 > multiple || (rest * 2 == multiple && count % 2 == 1))
        count++;
    count = count < 1 ? 1 : count > most ? most : count;
    return count * multiple;
}

static RshStatus check_conditioning(const PipelineRequest *r, const PipelineModel *model,
                                    RshError *error)
{
    const PipelineModelInfo *info = &model->info;
    bool by_channels = model->video_config.in_channels != model->video_config.out_channels;
    if (r->first_frame_count == 0 && by_channels)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s needs a first picture to start from.",
                         info->id);
    if (r->first_frame_count == 0)
        return r->first_sample_count == 0
                   ? RSH_OK
                   : error_set(error, RSH_ERROR_ARGUMENT,
                               "Sound can only be continued together with pictures.");
    if (!info->has_image)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s cannot start from given pictures.",
                         info->id);
    if (r->first_frame_count >= r->frames ||
        (r->first_frame_count - 1) % info->frames_multiple != 0)
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "A clip of %u frames cannot start from %u: 1, or 1 more than a multiple of %u and "
            "fewer than the clip's, are possible.",
            r->frames, r->first_frame_count, info->frames_multiple);
    if (by_channels && r->first_frame_count != 1)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "%s can start from one picture, not from a clip.", info->id);
    if (r->first_sample_count > 0 && !info->has_audio)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s makes no sound to continue.", info->id);
    return RSH_OK;
}

RshStatus pipeline_request_check(const PipelineRequest *r, const PipelineModel *model,
                                 RshError *error)
{
    const PipelineModelInfo *info = &model->info;
    const char *texts[2] = {r->prompt, r->negative_prompt};
    if (!r->prompt)
        return error_set(error, RSH_ERROR_ARGUMENT, "There is no prompt.");
    for (int i = 0; i < 2; i++) {
        if (texts[i] && strlen(texts[i]) > MAX_PROMPT_BYTES)
            return error_set(error, RSH_ERROR_ARGUMENT, "A prompt may have %d bytes, not %zu.",
                             MAX_PROMPT_BYTES, strlen(texts[i]));
    }
    if (r->width < info->size_multiple || r->height < info->size_multiple || r->width > MAX_SIDE ||
        r->height > MAX_SIDE || r->width % info->size_multiple != 0 ||
        r->height % info->size_multiple != 0)
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "%s makes pictures whose sides are multiples of %u, up to 16384; %u x %u is not one.",
            info->id, info->size_multiple, r->width, r->height);
    if (r->frames < 1 || r->frames > 1 << 16 || (r->frames - 1) % info->frames_multiple != 0)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "%s makes 1 frame more than a multiple of %u; %u is not.", info->id,
                         info->frames_multiple, r->frames);
    uint64_t tokens = (uint64_t)(r->width / info->size_multiple) *
                      (r->height / info->size_multiple) *
                      wan_vae_latents(&model->vae_config, r->frames);
    if (tokens > MAX_TOKENS)
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "A clip of %u x %u and %u frames is too large: %llu tokens, at most %d are possible.",
            r->width, r->height, r->frames, (unsigned long long)tokens, MAX_TOKENS);
    if (!isfinite(r->video_guidance) || !isfinite(r->audio_guidance) ||
        fabsf(r->video_guidance) > 100 || fabsf(r->audio_guidance) > 100)
        return error_set(error, RSH_ERROR_ARGUMENT, "Guidance must be a number up to 100.");
    if (r->skip_layer >= (int32_t)model->video_config.layers || r->skip_layer == 0 ||
        r->skip_layer < -1)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "Block %d cannot be skipped: 1 to %u can, -1 skips none.", r->skip_layer,
                         model->video_config.layers - 1);
    Sampler sampler;
    RshStatus status = sampler_init(&sampler, r->sampler, r->steps, (double)r->shift, error);
    sampler_clear(&sampler);
    return status == RSH_OK ? check_conditioning(r, model, error) : status;
}

// ---- estimate ----------------------------------------------------------------------------------------

// `peak` is that of one of a stage's graphs; kept weights count apart, since they pile up. `reached`: with those
// of the stage that are there by then.
typedef struct StageSum {
    uint64_t peak, weights, reached;
} StageSum;

typedef struct Sum {
    Runner *runner;
    bool keep;
    uint64_t beside; // on the device beside what is added next
    StageSum stages[STAGES];
    uint64_t flops;
    RshError *error;
} Sum;

// Forecasts one graph, run `times` times, and destroys it. A graph that `shares` its weights with the one before
// adds only what it has beyond them.
static RshStatus add_graph(Sum *sum, int stage, Graph *graph, uint64_t times, bool shares)
{
    ProgramInfo info = {0};
    StageSum *own = &sum->stages[stage];
    RshStatus status = graph_status(graph, sum->error);
    if (sum->runner->ops->plan_kernels)
        sum->runner->ops->plan_kernels(sum->runner, (uint32_t)stage);
    if (status == RSH_OK)
        status = sum->runner->ops->forecast(sum->runner, graph, &info, sum->error);
    graph_destroy(&graph);
    if (status != RSH_OK)
        return status;
    uint64_t bytes = info.peak_bytes + sum->beside;
    if (sum->keep) {
        bytes -= info.weight_bytes;
        if (!shares)
            own->weights += info.weight_bytes;
        else if (info.weight_bytes > own->weights)
            own->weights = info.weight_bytes;
    }
    own->peak = bytes > own->peak ? bytes : own->peak;
    own->reached = bytes + own->weights > own->reached ? bytes + own->weights : own->reached;
    sum->flops += info.flops * times;
    return RSH_OK;
}

static uint32_t experts(const PipelineModel *model)
{
    return stage_has_low_noise(model) ? 2 : 1;
}

// The keys and values that stay on the device from the text on.
static uint64_t key_bytes(const Pipeline *p)
{
    const PipelineModel *m = p->model;
    const WanConfig *towers[2] = {&m->video_config, m->audio ? &m->audio_config : NULL};
    uint64_t bytes = 0;
    for (int i = 0; i < 2 && towers[i]; i++)
        bytes += (uint64_t)p->passes * towers[i]->text_len * channel_stride(towers[i]->dim) *
                 sizeof(float) * 2 * towers[i]->layers * (i == 0 ? experts(m) : 1);
    return bytes;
}

static RshStatus estimate_text(const Pipeline *p, Sum *sum)
{
    Graph *graph = NULL;
    RshStatus status =
        text_describe_encoder(p->model, p->model->style.max_tokens, &graph, sum->error);
    if (status == RSH_OK)
        status = add_graph(sum, STAGE_TEXT, graph, p->passes, false);
    for (uint32_t expert = 0; status == RSH_OK && expert < experts(p->model); expert++) {
        status = text_describe_keys(p->model, expert, p->passes, &graph, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_TEXT, graph, 1, false);
    }
    const bool image = p->model->video_config.image_branch && p->request.first_frame_count > 0;
    sum->beside = key_bytes(p);
    for (int keys = 0; status == RSH_OK && image && keys < 2; keys++) {
        status = clip_describe_image(p, keys, &graph, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_TEXT, graph, 1, false);
    }
    sum->beside = 0;
    return status;
}

static RshStatus estimate_pictures(const Pipeline *p, Sum *sum)
{
    const uint32_t latents = p->video.shape.frames, given = p->request.first_frame_count;
    uint32_t chunks =
        p->condition_channels > 0 ? latents : wan_vae_latents(&p->model->vae_config, given);
    Graph *graph = NULL;
    RshStatus status = RSH_OK;
    sum->beside = key_bytes(p);
    for (uint32_t later = 0; status == RSH_OK && later < 2 && later < chunks; later++) {
        status = clip_describe(p, later == 0, &graph, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_CONDITION, graph,
                               (later ? chunks - 1 : 1) * tile_count(p), later > 0);
    }
    if (status == RSH_OK && p->audio.clean > 0) {
        status = clip_describe_sound(p, &graph, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_CONDITION, graph, 1, false);
    }
    sum->beside = 0;
    for (uint32_t later = 0; status == RSH_OK && later < 2 && later < latents; later++) {
        ChunkProgram chunk = {0};
        status = decode_describe(p, later == 0, &chunk, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_DECODE, chunk.graph,
                               (later ? latents - 1 : 1) * tile_count(p), later > 0);
    }
    return status;
}

static RshStatus estimate_sound(const Pipeline *p, Sum *sum)
{
    RshStatus status = RSH_OK;
    for (int part = 0; part < SOUND_PARTS && status == RSH_OK; part++) {
        const uint32_t runs = sound_runs(p, (SoundPart)part);
        Graph *graph = NULL;
        if (runs == 0)
            continue;
        status = sound_describe(p, (SoundPart)part, &graph, sum->error);
        if (status == RSH_OK)
            status = add_graph(sum, STAGE_AUDIO, graph, runs, false);
    }
    return status;
}

static void add_up(const Sum *sum, bool all_kept, PipelineEstimate *out)
{
    uint64_t *const results[STAGES] = {&out->text_bytes, &out->condition_bytes, &out->denoise_bytes,
                                       &out->decode_bytes, &out->audio_bytes};
    uint64_t pile = 0;
    for (int i = 0; i < STAGES; i++)
        pile += all_kept ? sum->stages[i].weights : 0;
    for (int i = 0; i < STAGES; i++) {
        const StageSum *stage = &sum->stages[i];
        *results[i] = !stage->peak ? 0 : (all_kept ? stage->peak : stage->reached) + pile;
        pile += all_kept ? 0 : stage->weights;
        out->device_bytes = *results[i] > out->device_bytes ? *results[i] : out->device_bytes;
    }
}

RshStatus pipeline_estimate(const PipelineModel *model, const PipelineRequest *request,
                            Runner *runner, PipelineEstimate *out, RshError *error)
{
    Pipeline *p = NULL;
    Graph *graph = NULL;
    memset(out, 0, sizeof(*out));
    RshStatus status = pipeline_request_check(request, model, error);
    if (status == RSH_OK)
        status = pipeline_plan(model, request, &p, error);
    if (status != RSH_OK)
        return status;
    Sum sum = {.runner = runner, .keep = request->keep_weights, .error = error};
    status = estimate_text(p, &sum);
    for (uint32_t expert = 0; status == RSH_OK && expert < experts(model); expert++) {
        status = denoise_describe(p, expert, &graph, error);
        if (status == RSH_OK)
            status = add_graph(&sum, STAGE_DENOISE, graph, expert ? 0 : request->steps, false);
    }
    if (status == RSH_OK)
        status = estimate_pictures(p, &sum);
    if (status == RSH_OK && model->audio)
        status = estimate_sound(p, &sum);
    if (status == RSH_OK) {
        add_up(&sum, sum.keep && model->kept_on == runner, out);
        out->host_bytes = shape_rows(p->video.shape) * p->video.shape.channels * 5 * sizeof(float) +
                          (uint64_t)request->width * request->height * model->vae_config.time * 4 +
                          tiles_host_bytes(p) + sound_host_bytes(p) + model->info.weight_bytes;
        out->flops = sum.flops;
    }
    pipeline_close(&p);
    return status;
}
