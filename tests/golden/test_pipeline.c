// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a run promises, on a very small clip of the bundled model.
//   test_pipeline --runner reference|gpu --model FOLDER
#include <stdint.h>

#include "run/pipeline.h"
#include "run/plan_run.h"
#include "run/stages.h"
#include "runners.h"
#include "tap.h"

static PipelineModel *model;
static TestRunner runner;
static RshError error;

enum { SIDE = 64, FRAMES = 5, STEPS = 3 };
#define MIN_TILED_PSNR 45.0 // dB; what recorded runs must reach

static PipelineRequest small_request(void)
{
    PipelineRequest request;
    pipeline_request_init(&request, model);
    request.prompt = "A red ball rolls over the grass.";
    request.width = request.height = SIDE;
    request.frames = FRAMES;
    request.steps = STEPS;
    request.seed = 11;
    return request;
}

// All there is to compare of a finished denoising.
typedef struct Latents {
    float *video, *audio;
    uint64_t video_count, audio_count;
} Latents;

static Latents read_latents(Pipeline *pipeline)
{
    uint32_t video[4], audio[2];
    pipeline_latent_shape(pipeline, video, audio);
    Latents out = {.video_count = (uint64_t)video[0] * video[1] * video[2] * video[3],
                   .audio_count = (uint64_t)audio[0] * audio[1]};
    out.video = calloc(out.video_count, sizeof(float));
    out.audio = calloc(out.audio_count + 1, sizeof(float));
    CHECK(pipeline_read_latents(pipeline, out.video, out.audio, &error) == RSH_OK);
    return out;
}

static bool same_bits(const Latents *a, const Latents *b)
{
    return a->video_count == b->video_count && a->audio_count == b->audio_count &&
           memcmp(a->video, b->video, a->video_count * sizeof(float)) == 0 &&
           memcmp(a->audio, b->audio, a->audio_count * sizeof(float)) == 0;
}

static void free_latents(Latents *latents)
{
    free(latents->video);
    free(latents->audio);
}

static bool open_ready(const PipelineRequest *request, Pipeline **pipeline)
{
    bool fine = pipeline_open(model, runner.runner, request, NULL, pipeline, &error) == RSH_OK &&
                pipeline_encode_text(*pipeline, &error) == RSH_OK &&
                pipeline_encode_clip(*pipeline, &error) == RSH_OK;
    CHECK(fine);
    if (!fine)
        printf("# %s\n", error.text);
    return fine;
}

static Latents denoise(const PipelineRequest *request)
{
    Pipeline *pipeline = NULL;
    Latents latents = {0};
    if (open_ready(request, &pipeline)) {
        CHECK(pipeline_start(pipeline, &error) == RSH_OK);
        while (pipeline_step_index(pipeline) < pipeline_steps(pipeline) &&
               pipeline_step(pipeline, &error) == RSH_OK)
            continue;
        CHECK(pipeline_step_index(pipeline) == request->steps);
        latents = read_latents(pipeline);
    }
    pipeline_close(&pipeline);
    return latents;
}

static void one_seed_gives_one_clip(void)
{
    PipelineRequest request = small_request();
    Latents a = denoise(&request), b = denoise(&request);
    request.seed = 12;
    Latents c = denoise(&request);
    CHECK(a.video_count > 0 && same_bits(&a, &b));
    CHECK(!same_bits(&a, &c));
    free_latents(&a);
    free_latents(&b);
    free_latents(&c);
}

// Stops after `stop` steps, carries the saved state into a new run and finishes there.
static Latents resumed(const PipelineRequest *request, uint32_t stop)
{
    Pipeline *first = NULL, *second = NULL;
    PipelineState state = {0};
    Latents latents = {0};
    if (open_ready(request, &first)) {
        CHECK(pipeline_start(first, &error) == RSH_OK);
        for (uint32_t i = 0; i < stop; i++)
            CHECK(pipeline_step(first, &error) == RSH_OK);
        CHECK(pipeline_save(first, &state, &error) == RSH_OK);
    }
    pipeline_close(&first);
    bool fine = pipeline_open(model, runner.runner, request, NULL, &second, &error) == RSH_OK &&
                pipeline_encode_text(second, &error) == RSH_OK &&
                pipeline_restore(second, &state, &error) == RSH_OK;
    CHECK(fine);
    if (fine) {
        CHECK(pipeline_step_index(second) == stop);
        while (pipeline_step_index(second) < pipeline_steps(second) &&
               pipeline_step(second, &error) == RSH_OK)
            continue;
        latents = read_latents(second);
    }
    pipeline_close(&second);
    pipeline_state_clear(&state);
    return latents;
}

static void a_run_goes_on_from_any_step_bit_for_bit(void)
{
    static const SamplerKind kinds[] = {SAMPLER_EULER_LINEAR, SAMPLER_UNIPC, SAMPLER_DPMPP};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        PipelineRequest request = small_request();
        request.sampler = kinds[i];
        Latents whole = denoise(&request);
        for (uint32_t stop = 0; stop <= STEPS; stop++) {
            Latents part = resumed(&request, stop);
            CHECK(part.video_count > 0 && same_bits(&whole, &part));
            free_latents(&part);
        }
        free_latents(&whole);
    }
}

static void a_state_of_another_run_is_refused(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineState state = {.step = 1};
    CHECK(pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK);
    CHECK(pipeline_restore(pipeline, &state, &error) == RSH_ERROR_FORMAT);
    state.step = STEPS + 1;
    CHECK(pipeline_restore(pipeline, &state, &error) == RSH_ERROR_FORMAT);
    pipeline_close(&pipeline);
}

static void a_cancelled_step_can_be_made_again(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    atomic_bool cancel = false;
    Latents whole = denoise(&request), again = {0};
    CHECK(pipeline_open(model, runner.runner, &request, &cancel, &pipeline, &error) == RSH_OK);
    CHECK(pipeline_encode_text(pipeline, &error) == RSH_OK);
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    CHECK(pipeline_step(pipeline, &error) == RSH_OK);
    atomic_store(&cancel, true);
    CHECK(pipeline_step(pipeline, &error) == RSH_CANCELLED);
    CHECK(pipeline_step_index(pipeline) == 1);
    atomic_store(&cancel, false);
    while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
        continue;
    again = read_latents(pipeline);
    CHECK(same_bits(&whole, &again));
    pipeline_close(&pipeline);
    free_latents(&whole);
    free_latents(&again);
}

static void decoding_gives_every_frame_and_all_the_sound(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    uint32_t next = 0;
    const float *samples;
    uint64_t count = 0;
    uint8_t *preview = NULL;
    uint32_t previews = 0, width = 0, height = 0;
    if (!open_ready(&request, &pipeline))
        return;
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    PipelineFrames frames;
    CHECK(pipeline_decode_frames(pipeline, &frames, &error) == RSH_ERROR_ARGUMENT); // too early
    while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
        continue;
    CHECK(pipeline_preview(pipeline, &preview, &previews, &width, &height, &error) == RSH_OK);
    CHECK(previews == 2 && width == SIDE / 16 && height == SIDE / 16);
    free(preview);
    for (;;) {
        CHECK(pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK);
        if (frames.count == 0)
            break;
        CHECK(frames.first == next && frames.width == SIDE && frames.height == SIDE);
        next += frames.count;
    }
    CHECK(next == FRAMES);
    CHECK(pipeline_decode_audio(pipeline, &samples, &count, &error) == RSH_OK);
    CHECK(count % 512 == 0 && count > 5000 && count < 9000); // 5 frames at 12 a second
    for (uint64_t i = 0; i < count; i++)
        CHECK(fabsf(samples[i]) <= 1);
    pipeline_close(&pipeline);
}

// Runs a graph of one input and one output.
static float *run_graph(Graph *graph, const char *in, const float *data, const char *out,
                        uint64_t *count)
{
    Program *program = NULL;
    const Tensor *result = graph_find(graph, out);
    *count = result ? shape_rows(result->shape) * result->shape.channels : 0;
    float *values = calloc(*count + 1, sizeof(float));
    CHECK(result && stage_prepare(runner.runner, graph, NULL, &program, &error) == RSH_OK &&
          stage_write(graph, program, in, data, &error) == RSH_OK &&
          program->ops->run(program, NULL, &error) == RSH_OK &&
          stage_read(graph, program, out, values, &error) == RSH_OK);
    stage_discard(&graph, &program);
    return values;
}

static void sound_of_a_long_clip_has_no_joints(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineState state = {0};
    Graph *graph = NULL;
    request.frames = 97;
    CHECK(pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK);
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    CHECK(pipeline_save(pipeline, &state, &error) == RSH_OK);
    pipeline_close(&pipeline);
    state.step = STEPS; // noise taken for a finished clip
    CHECK(pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK);
    CHECK(pipeline_restore(pipeline, &state, &error) == RSH_OK);
    const float *samples;
    uint64_t count = 0, mel_count, whole_count;
    CHECK(pipeline_decode_audio(pipeline, &samples, &count, &error) == RSH_OK);

    uint32_t frames = (uint32_t)(count / 256);
    CHECK(vocoder_window(model, frames) < frames); // else this test would say nothing
    CHECK(audio_describe(pipeline, &graph, &error) == RSH_OK);
    float *mel = run_graph(graph, "latents", pipeline->audio.latents, "mel", &mel_count);
    CHECK(mel_count == (uint64_t)frames * 80);
    CHECK(vocoder_describe(model, frames, &graph, &error) == RSH_OK);
    float *whole = run_graph(graph, "mel", mel, "wave", &whole_count);
    CHECK(whole_count == count);
    double difference = 0, size = 0;
    for (uint64_t i = 0; i < count && i < whole_count; i++) {
        difference += pow((double)samples[i] - (double)whole[i], 2);
        size += pow((double)whole[i], 2);
    }
    printf("# joints: %.2g\n", sqrt(difference / size));
    CHECK(size > 0 && sqrt(difference / size) < 1e-6);
    free(mel);
    free(whole);
    pipeline_state_clear(&state);
    pipeline_close(&pipeline);
}

static void what_is_given_stays_as_it_is(void)
{
    enum { GIVEN = 5, SAMPLES = 4096 };
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineState before = {0};
    float *pixels = calloc((size_t)GIVEN * SIDE * SIDE, 3 * sizeof(float));
    float *samples = calloc(SAMPLES, sizeof(float));
    for (int i = 0; i < GIVEN * SIDE * SIDE * 3; i++)
        pixels[i] = (float)(i % 97) / 48 - 1;
    for (int i = 0; i < SAMPLES; i++)
        samples[i] = sinf((float)i * 0.2f) * 0.5f;
    request.frames = 9;
    request.first_frames = pixels;
    request.first_frame_count = GIVEN;
    request.first_samples = samples;
    request.first_sample_count = SAMPLES;
    if (open_ready(&request, &pipeline)) {
        CHECK(pipeline_start(pipeline, &error) == RSH_OK);
        CHECK(pipeline_save(pipeline, &before, &error) == RSH_OK);
        while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
            continue;
        PipelineFrames frames;
        CHECK(pipeline_decode_frames(pipeline, &frames, &error) ==
              RSH_OK); // puts what is given in place
        Latents after = read_latents(pipeline);
        uint32_t found = 0;
        for (uint32_t i = 0; i < before.tensor_count; i++) {
            const PipelineTensor *t = &before.tensors[i];
            if (strcmp(t->name, "video.clean") == 0)
                found += memcmp(after.video, t->values, t->count * sizeof(float)) == 0 &&
                         t->dims[0] == 2;
            if (strcmp(t->name, "audio.clean") == 0)
                found += memcmp(after.audio, t->values, t->count * sizeof(float)) == 0 &&
                         t->dims[2] == 8;
        }
        CHECK(found == 2);
        free_latents(&after);
    }
    pipeline_close(&pipeline);
    pipeline_state_clear(&before);
    free(pixels);
    free(samples);
}

static void guidance_of_one_and_a_skipped_block_run(void)
{
    PipelineRequest request = small_request();
    Latents plain = denoise(&request);
    request.skip_layer = 2;
    Latents skipped = denoise(&request);
    request.skip_layer = -1;
    request.video_guidance = request.audio_guidance = 1;
    Latents single = denoise(&request);
    CHECK(single.video_count > 0 && !same_bits(&plain, &single));
    CHECK(skipped.video_count > 0 && !same_bits(&plain, &skipped));
    free_latents(&plain);
    free_latents(&skipped);
    free_latents(&single);
}

static void impossible_requests_are_refused_in_a_sentence(void)
{
    PipelineRequest bad[10];
    float pixel[3] = {0};
    static char endless[20000];
    memset(endless, 'a', sizeof(endless) - 1);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        bad[i] = small_request();
    bad[0].width = 65;
    bad[1].height = 0;
    bad[2].frames = 6;
    bad[3].steps = 0;
    bad[4].prompt = endless;
    bad[5].video_guidance = NAN;
    bad[6].skip_layer = 100;
    bad[7].first_frames = pixel;
    bad[7].first_frame_count = 3;
    bad[8].first_sample_count = 5;
    bad[9].width = bad[9].height = 16384;
    bad[9].frames = 65521;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        Pipeline *pipeline = NULL;
        RshError refusal = {0};
        CHECK(pipeline_request_check(&bad[i], model, &refusal) == RSH_ERROR_ARGUMENT);
        CHECK(refusal.text[0] != '\0');
        CHECK(pipeline_open(model, runner.runner, &bad[i], NULL, &pipeline, NULL) ==
              RSH_ERROR_ARGUMENT);
        CHECK(pipeline == NULL);
    }
}

static bool within_five_percent(uint64_t peak, uint64_t forecast)
{
    printf("# peak %.2f MB, forecast %.2f MB\n", (double)peak * 1e-6, (double)forecast * 1e-6);
    return (double)peak <= (double)forecast * 1.05 && (double)peak >= (double)forecast * 0.95;
}

static void memory_is_what_the_estimate_said(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineEstimate estimate;
    if (!runner.gpu)
        return;
    request.width = 160;
    request.height = 96;
    request.frames = 9;
    CHECK(pipeline_estimate(model, &request, runner.runner, &estimate, &error) == RSH_OK);
    gpu_memory_reset_peak(runner.gpu);
    if (!open_ready(&request, &pipeline))
        return;
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
        continue;
    CHECK(within_five_percent(gpu_memory_peak(runner.gpu), estimate.denoise_bytes));
    PipelineFrames frames;
    bool reset = false;
    do {
        CHECK(pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK);
        if (!reset)
            gpu_memory_reset_peak(runner.gpu);
        reset = true;
    } while (frames.count > 0);
    CHECK(within_five_percent(gpu_memory_peak(runner.gpu), estimate.decode_bytes));
    const float *samples;
    uint64_t count;
    gpu_memory_reset_peak(runner.gpu);
    CHECK(pipeline_decode_audio(pipeline, &samples, &count, &error) == RSH_OK);
    CHECK(within_five_percent(gpu_memory_peak(runner.gpu), estimate.audio_bytes));
    pipeline_close(&pipeline);
}

enum { WIDE = 256, HIGH = 256 }; // room for two tiles either way

// Pictures of a finished clip, [FRAMES][HIGH][WIDE][4], decoded in so many tiles; NULL after a failure.
static uint8_t *decode_wide(const PipelineState *state, uint32_t across, uint32_t down,
                            uint64_t *peak)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineFrames frames = {0};
    const uint64_t size = (uint64_t)WIDE * HIGH * 4;
    uint8_t *pixels = calloc(FRAMES, size);
    uint32_t have = 0, waits = 0;
    request.width = WIDE;
    request.height = HIGH;
    request.tiles_x = across;
    request.tiles_y = down;
    bool fine = pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK &&
                pipeline_restore(pipeline, state, &error) == RSH_OK;
    runner.runner->ops->drop_weights(runner.runner, NULL);
    if (runner.gpu)
        gpu_memory_reset_peak(runner.gpu);
    while (fine) {
        fine = pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK;
        if (fine && frames.waiting) {
            CHECK(frames.count == 0 && frames.done > 0.0f && frames.done <= 1.0f);
            waits++;
            continue;
        }
        if (!fine || frames.count == 0)
            break;
        CHECK(frames.first == have && have + frames.count <= FRAMES);
        memcpy(pixels + have * size, frames.rgba, frames.count * size);
        have += frames.count;
    }
    CHECK(fine && have == FRAMES && waits == (across * down > 1 ? across * down * 2 : 0));
    if (!fine)
        printf("# %s\n", error.text);
    *peak = runner.gpu ? gpu_memory_peak(runner.gpu) : 0;
    pipeline_close(&pipeline);
    return pixels;
}

static double psnr(const uint8_t *a, const uint8_t *b, uint64_t count)
{
    double square = 0;
    for (uint64_t i = 0; i < count; i++)
        square += (a[i] - b[i]) * (a[i] - b[i]);
    return square > 0 ? 10 * log10(255.0 * 255.0 * (double)count / square) : INFINITY;
}

// What a tile does not see of its surroundings may change a picture by what nobody notices.
static void tiles_give_the_pictures_of_the_whole(void)
{
    static const uint32_t grids[][2] = {{2, 2}};
    PipelineRequest request = small_request();
    PipelineState state = {0};
    Pipeline *pipeline = NULL;
    uint64_t whole_peak = 0, peak = 0;
    request.width = WIDE;
    request.height = HIGH;
    if (!open_ready(&request, &pipeline))
        return;
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
        continue;
    CHECK(pipeline_save(pipeline, &state, &error) == RSH_OK);
    pipeline_close(&pipeline);
    uint8_t *whole = decode_wide(&state, 1, 1, &whole_peak);
    for (size_t i = 0; i < sizeof(grids) / sizeof(grids[0]); i++) {
        uint8_t *tiled = decode_wide(&state, grids[i][0], grids[i][1], &peak);
        const double found = psnr(whole, tiled, (uint64_t)FRAMES * WIDE * HIGH * 4);
        printf("# %u x %u tiles: %.1f dB, %.0f of %.0f MiB\n", grids[i][0], grids[i][1], found,
               (double)peak / 1048576.0, (double)whole_peak / 1048576.0);
        CHECK(found > MIN_TILED_PSNR);
        CHECK(!runner.gpu || peak < whole_peak);
        free(tiled);
    }
    free(whole);
    pipeline_state_clear(&state);
}

static void a_small_budget_makes_tiles_until_they_fit(void)
{
    PipelineRequest request = small_request();
    PipelineEstimate whole, tiled;
    request.width = 1280;
    request.height = 704;
    if (!runner.gpu)
        return;
    CHECK(request_plan(&request, model, runner.runner, UINT64_MAX, &whole, &error) == RSH_OK);
    CHECK(request.tiles_x <= 1 && request.tiles_y <= 1);
    const uint64_t others =
        whole.denoise_bytes > whole.text_bytes ? whole.denoise_bytes : whole.text_bytes;
    const uint64_t budget = whole.decode_bytes / 4;
    CHECK(others < budget);
    CHECK(request_plan(&request, model, runner.runner, budget, &tiled, &error) == RSH_OK);
    printf("# %ux%u in %.0f MiB: %u x %u tiles, %.0f MiB instead of %.0f\n", request.width,
           request.height, (double)budget / 1048576.0, request.tiles_x, request.tiles_y,
           (double)tiled.decode_bytes / 1048576.0, (double)whole.decode_bytes / 1048576.0);
    CHECK(request.tiles_x * request.tiles_y > 1 && tiled.device_bytes <= budget);
    CHECK(tiled.host_bytes > whole.host_bytes);
}

// Ovi was made for 720 x 720 and multiples of 32.
static void a_size_between_two_multiples_becomes_the_nearest(void)
{
    static const uint32_t cases[][2] = {
        {720, 704}, {736, 736}, {752, 768}, {721, 736}, {719, 704},         {5, 32},
        {0, 32},    {960, 960}, {47, 32},   {49, 64},   {UINT32_MAX, 16384}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CHECK(pipeline_nearest_side(cases[i][0], 32) == cases[i][1]);
}

static void decoding_memory_does_not_grow_with_the_clip(void)
{
    static const uint32_t lengths[] = {9, 97, 385};
    PipelineEstimate first = {0};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        PipelineRequest request = small_request();
        PipelineEstimate estimate;
        request.frames = lengths[i];
        CHECK(pipeline_estimate(model, &request, runner.runner, &estimate, &error) == RSH_OK);
        if (i == 0)
            first = estimate;
        CHECK(estimate.decode_bytes == first.decode_bytes);
    }
}

int main(int argc, char **argv)
{
    const char *folder = NULL, *kind = "reference";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--model") == 0)
            folder = argv[i + 1];
        else if (strcmp(argv[i], "--runner") == 0)
            kind = argv[i + 1];
    }
    if (!folder || !test_runner_open(kind, &runner, &error))
        return test_runner_unavailable(&error);
    if (pipeline_model_open(folder, &model, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        return EXIT_FAILURE;
    }
    TAP_RUN(one_seed_gives_one_clip);
    TAP_RUN(a_run_goes_on_from_any_step_bit_for_bit);
    TAP_RUN(a_state_of_another_run_is_refused);
    TAP_RUN(a_cancelled_step_can_be_made_again);
    TAP_RUN(decoding_gives_every_frame_and_all_the_sound);
    TAP_RUN(sound_of_a_long_clip_has_no_joints);
    TAP_RUN(what_is_given_stays_as_it_is);
    TAP_RUN(guidance_of_one_and_a_skipped_block_run);
    TAP_RUN(impossible_requests_are_refused_in_a_sentence);
    TAP_RUN(memory_is_what_the_estimate_said);
    TAP_RUN(tiles_give_the_pictures_of_the_whole);
    TAP_RUN(a_small_budget_makes_tiles_until_they_fit);
    TAP_RUN(a_size_between_two_multiples_becomes_the_nearest);
    TAP_RUN(decoding_memory_does_not_grow_with_the_clip);
    pipeline_model_close(&model);
    tap_failed += !test_runner_close(&runner);
    return tap_done();
}
