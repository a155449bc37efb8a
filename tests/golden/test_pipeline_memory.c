// SPDX-License-Identifier: GPL-3.0-or-later
//
// What device memory a run takes, and what tiles cost its pictures.
//   test_pipeline_memory --runner reference|gpu --model FOLDER
#include "pipeline_test.h"
#include "run/plan_run.h"

#define MIN_TILED_PSNR 45.0 // dB; what recorded runs must reach

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

// Pictures that are given, encoded in so many tiles and decoded whole, [FRAMES][HIGH][WIDE][4]; NULL after
// a failure.
static uint8_t *encode_wide(const float *given, uint32_t across, uint32_t down)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    PipelineState state = {0};
    PipelineFrames frames = {0};
    const uint64_t size = (uint64_t)WIDE * HIGH * 4;
    uint32_t have = 0;
    request.width = WIDE;
    request.height = HIGH;
    request.frames = FRAMES + 4; // what is given is shorter than its clip
    request.first_frames = given;
    request.first_frame_count = FRAMES;
    request.tiles_x = across;
    request.tiles_y = down;
    bool fine = open_ready(&request, &pipeline) && pipeline_start(pipeline, &error) == RSH_OK &&
                pipeline_save(pipeline, &state, &error) == RSH_OK;
    pipeline_close(&pipeline);
    state.step = STEPS; // what is given takes the place of the noise when the clip is decoded
    request.tiles_x = request.tiles_y = 1;
    fine = fine &&
           pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK &&
           pipeline_restore(pipeline, &state, &error) == RSH_OK;
    uint8_t *pixels = calloc(FRAMES, size);
    while (fine && have < FRAMES) {
        fine = pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK && frames.count > 0;
        if (fine && frames.first + frames.count <= FRAMES)
            memcpy(pixels + have * size, frames.rgba, frames.count * size);
        have += frames.count;
    }
    CHECK(fine && have == FRAMES);
    if (!fine)
        printf("# %s\n", error.text);
    pipeline_close(&pipeline);
    pipeline_state_clear(&state);
    return pixels;
}

static void pictures_encoded_in_tiles_are_those_of_the_whole(void)
{
    float *given = calloc((size_t)FRAMES * WIDE * HIGH, 3 * sizeof(float));
    for (int i = 0; given && i < FRAMES * HIGH * WIDE; i++) {
        const int x = i % WIDE, y = i / WIDE % HIGH, t = i / (WIDE * HIGH);
        given[i * 3] = sinf((float)(x + 3 * t) * 0.05f) * cosf((float)y * 0.07f);
        given[i * 3 + 1] = (x / 32 + y / 32) % 2 ? 0.6f : -0.4f;
        given[i * 3 + 2] = (float)(x + y) / (WIDE + HIGH) * 2 - 1;
    }
    uint8_t *whole = encode_wide(given, 1, 1), *tiled = encode_wide(given, 2, 2);
    const double found = psnr(whole, tiled, (uint64_t)FRAMES * WIDE * HIGH * 4);
    printf("# encoded in 2 x 2 tiles: %.1f dB\n", found);
    CHECK(found > MIN_TILED_PSNR && isfinite(found)); // the same bits would mean: no tiles
    free(given);
    free(whole);
    free(tiled);
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

// Highest device memory while the pictures and, apart from them, the sound of a whole clip are decoded.
static bool decoding_peaks(const PipelineRequest *request, uint64_t *pictures, uint64_t *sound)
{
    Pipeline *pipeline = NULL;
    PipelineFrames frames = {0};
    const float *samples;
    uint64_t count = 0;
    uint32_t have = 0;
    bool fine = open_ready(request, &pipeline) && pipeline_start(pipeline, &error) == RSH_OK;
    while (fine && pipeline_step_index(pipeline) < request->steps)
        fine = pipeline_step(pipeline, &error) == RSH_OK;
    while (fine && (fine = pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK) &&
           frames.count > 0) {
        if (frames.first == 0) // what the step before it needed is gone by now
            gpu_memory_reset_peak(runner.gpu);
        have += frames.count;
    }
    *pictures = gpu_memory_peak(runner.gpu);
    gpu_memory_reset_peak(runner.gpu);
    fine = fine && pipeline_decode_audio(pipeline, &samples, &count, &error) == RSH_OK;
    *sound = gpu_memory_peak(runner.gpu);
    CHECK(fine && have == request->frames && count > 0);
    pipeline_close(&pipeline);
    return fine;
}

// Longer clips take what one of 25 frames does, weights kept or not.
static void decoding_memory_does_not_grow_with_the_clip(void)
{
    static const uint32_t lengths[] = {25, 97, 385};
    for (int keep = 0; keep < 2; keep++) {
        PipelineEstimate first = {0};
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            PipelineRequest request = small_request();
            PipelineEstimate estimate;
            uint64_t pictures = 0, sound = 0;
            request.frames = lengths[i];
            request.steps = 1;
            request.video_guidance = request.audio_guidance = 1.0f;
            request.keep_weights = keep;
            CHECK(pipeline_estimate(model, &request, runner.runner, &estimate, &error) == RSH_OK);
            if (i == 0)
                first = estimate;
            CHECK(estimate.decode_bytes == first.decode_bytes);
            CHECK(estimate.audio_bytes <= first.audio_bytes);
            if (keep || !runner.gpu || !decoding_peaks(&request, &pictures, &sound))
                continue;
            printf("# %u frames\n", request.frames);
            CHECK(within_five_percent(pictures, estimate.decode_bytes));
            CHECK(within_five_percent(sound, estimate.audio_bytes));
        }
    }
}

// Peak since the last call.
static uint64_t next_peak(void)
{
    const uint64_t peak = gpu_memory_peak(runner.gpu);
    gpu_memory_reset_peak(runner.gpu);
    return peak;
}

// Pictures and sound that are given are encoded one chunk's program at a time; what that leaves is foreseen. Last
// of the tests: estimates on this runner count its kept weights from here on.
static void a_clip_that_continues_another_takes_what_the_estimate_said(void)
{
    enum { GIVEN = 9, SAMPLES = 12000 };
    for (int keep = 0; runner.gpu && keep < 2; keep++) {
        PipelineRequest request = small_request();
        PipelineEstimate estimate;
        PipelineFrames frames = {0};
        Pipeline *pipeline = NULL;
        float *pixels = calloc((size_t)GIVEN * SIDE * SIDE, 3 * sizeof(float));
        float *samples = calloc(SAMPLES, sizeof(float));
        const float *sound;
        uint64_t count;
        request.frames = 25;
        request.steps = 1;
        request.keep_weights = keep;
        request.first_frames = pixels;
        request.first_frame_count = GIVEN;
        request.first_samples = samples;
        request.first_sample_count = SAMPLES;
        CHECK(pipeline_estimate(model, &request, runner.runner, &estimate, &error) == RSH_OK);
        runner.runner->ops->drop_weights(runner.runner, NULL);
        CHECK(pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK);
        CHECK(pipeline_encode_text(pipeline, &error) == RSH_OK);
        next_peak();
        CHECK(pipeline_encode_clip(pipeline, &error) == RSH_OK);
        CHECK(within_five_percent(next_peak(), estimate.condition_bytes));
        CHECK(pipeline_start(pipeline, &error) == RSH_OK);
        CHECK(pipeline_step(pipeline, &error) == RSH_OK);
        CHECK(within_five_percent(next_peak(), estimate.denoise_bytes));
        do {
            CHECK(pipeline_decode_frames(pipeline, &frames, &error) == RSH_OK);
            if (frames.count > 0 && frames.first == 0)
                next_peak();
        } while (frames.count > 0);
        CHECK(within_five_percent(next_peak(), estimate.decode_bytes));
        CHECK(pipeline_decode_audio(pipeline, &sound, &count, &error) == RSH_OK);
        CHECK(within_five_percent(next_peak(), estimate.audio_bytes));
        pipeline_close(&pipeline);
        free(pixels);
        free(samples);
    }
}

int main(int argc, char **argv)
{
    int status;
    if (!pipeline_test_open(argc, argv, &status))
        return status;
    TAP_RUN(memory_is_what_the_estimate_said);
    TAP_RUN(tiles_give_the_pictures_of_the_whole);
    TAP_RUN(pictures_encoded_in_tiles_are_those_of_the_whole);
    TAP_RUN(a_small_budget_makes_tiles_until_they_fit);
    TAP_RUN(a_size_between_two_multiples_becomes_the_nearest);
    TAP_RUN(decoding_memory_does_not_grow_with_the_clip);
    TAP_RUN(a_clip_that_continues_another_takes_what_the_estimate_said);
    return pipeline_test_close();
}
