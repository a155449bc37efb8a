// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whole runs of the bundled model against recorded ones: the same noise in, latents after every step, pictures and
// sound out.
//   test_mini --runner reference|gpu --model FOLDER --runs FOLDER [NAME...]
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "formats/tensor_values.h"
#include "run/pipeline.h"
#include "runners.h"
#include "tap.h"

enum { MAX_ERROR_PERMILLE = 1 }; // of latents: 1e-3 of their size

typedef struct Run {
    ModelFile *file;
    PipelineModel *model;
    Pipeline *pipeline;
    Runner *runner;
    PipelineRequest request;
    uint32_t video[4], audio[2];
    bool clean;
    RshError error;
} Run;

static float *read_named(const Run *run, const char *name, uint64_t *count)
{
    const ModelTensor *tensor = model_file_find(run->file, name);
    float *values = tensor ? calloc(tensor->elements, sizeof(float)) : NULL;
    if (values && tensor_to_f32(run->file, tensor, 0, tensor->elements, values, NULL) != RSH_OK) {
        free(values);
        values = NULL;
    }
    if (count)
        *count = values ? tensor->elements : 0;
    return values;
}

// [C, ...] as [..., C].
static float *read_channels_last(const Run *run, const char *name, uint64_t *count)
{
    uint64_t total = 0;
    float *values = read_named(run, name, &total), *turned = calloc(total + 1, sizeof(float));
    if (values && turned) {
        uint64_t channels = model_file_find(run->file, name)->dims[0], rows = total / channels;
        for (uint64_t r = 0; r < rows; r++) {
            for (uint64_t c = 0; c < channels; c++)
                turned[r * channels + c] = values[c * rows + r];
        }
    }
    free(values);
    if (count)
        *count = total;
    return turned;
}

static double relative_error(const float *got, const float *want, uint64_t count)
{
    double difference = 0, size = 0;
    for (uint64_t i = 0; i < count; i++) {
        double d = (double)got[i] - (double)want[i];
        difference += d * d;
        size += (double)want[i] * (double)want[i];
    }
    return want && size > 0 ? sqrt(difference / size) : INFINITY;
}

static double number_of(const Run *run, const char *key)
{
    const char *text = model_file_string(run->file, key);
    return text ? atof(text) : 0;
}

#define CHECK_OK(call)                                                                             \
    do {                                                                                           \
        RshStatus status_ = (call);                                                                \
        CHECK(status_ == RSH_OK);                                                                  \
        if (status_ != RSH_OK) {                                                                   \
            printf("# %s\n", run->error.text);                                                     \
            return;                                                                                \
        }                                                                                          \
    } while (0)

static void prompt_becomes_the_recorded_tokens(Run *run)
{
    int32_t ids[512];
    size_t count = 0;
    uint64_t wanted = 0;
    float *expected = read_named(run, "token_ids", &wanted);
    CHECK_OK(
        pipeline_model_tokenize(run->model, run->request.prompt, ids, 512, &count, &run->error));
    CHECK(count == wanted);
    for (uint64_t i = 0; i < wanted && i < count; i++)
        CHECK(ids[i] == (int32_t)expected[i]);
    free(expected);
}

static void latents_follow_the_recorded_steps(Run *run)
{
    uint64_t video_count = (uint64_t)run->video[0] * run->video[1] * run->video[2] * run->video[3];
    uint64_t audio_count = (uint64_t)run->audio[0] * run->audio[1];
    float *video = calloc(video_count, sizeof(float)), *audio = calloc(audio_count, sizeof(float));
    uint64_t skip = run->clean ? video_count / run->video[0] : 0; // the given frame is written back
    CHECK_OK(pipeline_encode_text(run->pipeline, &run->error));
    CHECK_OK(pipeline_encode_clip(run->pipeline, &run->error));
    CHECK_OK(pipeline_start(run->pipeline, &run->error));
    for (uint32_t i = 1; i <= pipeline_steps(run->pipeline); i++) {
        char video_name[40], audio_name[40];
        CHECK_OK(pipeline_step(run->pipeline, &run->error));
        CHECK_OK(pipeline_read_latents(run->pipeline, video, audio, &run->error));
        snprintf(video_name, sizeof(video_name), "video_latent_step%u", i);
        snprintf(audio_name, sizeof(audio_name), "audio_latent_step%u", i);
        float *want_video = read_channels_last(run, video_name, NULL),
              *want_audio = read_named(run, audio_name, NULL);
        double v = relative_error(video + skip, want_video + skip, video_count - skip);
        double a = relative_error(audio, want_audio, audio_count);
        printf("# step %u: video %.2g, audio %.2g\n", i, v, a);
        CHECK(v <= MAX_ERROR_PERMILLE * 1e-3);
        CHECK(a <= MAX_ERROR_PERMILLE * 1e-3);
        free(want_video);
        free(want_audio);
    }
    free(video);
    free(audio);
}

static void pictures_match_the_recorded_ones(Run *run)
{
    uint64_t count = 0, seen = 0;
    float *want = read_named(run, "frames", &count); // [frames][height][width][3]
    double square = 0;
    for (;;) {
        PipelineFrames frames;
        CHECK_OK(pipeline_decode_frames(run->pipeline, &frames, &run->error));
        if (frames.count == 0)
            break;
        uint64_t pixels = (uint64_t)frames.count * frames.width * frames.height;
        for (uint64_t i = 0; i < pixels && (seen + i) * 3 + 2 < count; i++) {
            for (int c = 0; c < 3; c++) {
                double d =
                    frames.rgba[i * 4 + (uint64_t)c] - (double)want[(seen + i) * 3 + (uint64_t)c];
                square += d * d;
            }
            CHECK(frames.rgba[i * 4 + 3] == 255);
        }
        seen += pixels;
    }
    double psnr = square > 0 ? 10 * log10(255.0 * 255.0 * (double)count / square) : INFINITY;
    printf("# pictures: %.1f dB\n", psnr);
    CHECK(seen * 3 == count);
    CHECK(psnr > 45);
    free(want);
}

static void sound_matches_the_recorded_one(Run *run)
{
    const float *samples;
    uint64_t count = 0, wanted = 0;
    float *want = read_named(run, "waveform", &wanted);
    CHECK_OK(pipeline_decode_audio(run->pipeline, &samples, &count, &run->error));
    CHECK(count == wanted);
    double snr = -20 * log10(relative_error(samples, want, wanted < count ? wanted : count));
    printf("# sound: %.1f dB\n", snr);
    CHECK(snr > 40);
    free(want);
}

static void report(const char *name, const char *rule, int failed_before)
{
    printf("%s %d - %s: %s\n", tap_failed == failed_before ? "ok" : "not ok", ++tap_count, name,
           rule);
    fflush(stdout);
}

#define RULE(name, rule)                                                                           \
    do {                                                                                           \
        int before_ = tap_failed;                                                                  \
        rule(&run);                                                                                \
        report(name, #rule, before_);                                                              \
    } while (0)

static bool open_run(Run *run, const char *path)
{
    if (model_file_open(path, &run->file, &run->error) != RSH_OK)
        return false;
    pipeline_request_init(&run->request, run->model);
    PipelineRequest *r = &run->request;
    run->clean = number_of(run, "first_frame_clean") > 0;
    r->prompt = model_file_string(run->file, "prompt");
    r->negative_prompt = model_file_string(run->file, "negative");
    r->width = (uint32_t)number_of(run, "width");
    r->height = (uint32_t)number_of(run, "height");
    r->steps = (uint32_t)number_of(run, "steps");
    r->shift = (float)number_of(run, "shift");
    r->video_guidance = (float)number_of(run, "video_cfg");
    r->audio_guidance = (float)number_of(run, "audio_cfg");
    r->sampler = SAMPLER_EULER_LINEAR;
    r->keep_weights = true;
    r->video_noise = read_channels_last(run, "noise_video", NULL);
    r->audio_noise = read_named(run, "noise_audio", NULL);
    if (run->clean) {
        r->first_frames = read_channels_last(run, "image", NULL);
        r->first_frame_count = 1;
    }
    if (pipeline_open(run->model, run->runner, r, NULL, &run->pipeline, &run->error) != RSH_OK)
        return false;
    pipeline_latent_shape(run->pipeline, run->video, run->audio);
    return true;
}

// How far the model's transformer was trained; recorded runs say the same of theirs. 0 when it is not said.
static double trained_steps(const char *folder)
{
    char path[4096], text[65536];
    snprintf(path, sizeof(path), "%s/model.json", folder);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(text, 1, sizeof(text), file) : 0;
    if (file)
        fclose(file);
    cJSON *json = cJSON_ParseWithLength(text, size);
    const cJSON *training = cJSON_GetObjectItemCaseSensitive(json, "training");
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(training, "transformer_step");
    double result = cJSON_IsNumber(steps) ? steps->valuedouble : 0;
    cJSON_Delete(json);
    return result;
}

static void play(PipelineModel *model, Runner *runner, double trained, const char *folder,
                 const char *name)
{
    Run run = {.model = model, .runner = runner};
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s.safetensors", folder, name);
    if (!open_run(&run, path)) {
        tap_failed++;
        printf("# %s\n", run.error.text);
        report(name, "opens", tap_failed - 1);
    } else if (number_of(&run, "transformer_step") != trained) {
        tap_failed++;
        printf("# recorded with weights after %g steps, these have %g: python3 -m train.record\n",
               number_of(&run, "transformer_step"), trained);
        report(name, "was recorded with the shipped weights", tap_failed - 1);
    } else {
        RULE(name, prompt_becomes_the_recorded_tokens);
        RULE(name, latents_follow_the_recorded_steps);
        RULE(name, pictures_match_the_recorded_ones);
        RULE(name, sound_matches_the_recorded_one);
    }
    pipeline_close(&run.pipeline);
    free((float *)run.request.video_noise);
    free((float *)run.request.audio_noise);
    free((float *)run.request.first_frames);
    model_file_close(&run.file);
}

int main(int argc, char **argv)
{
    const char *model_folder = NULL, *runs = NULL, *kind = "reference";
    const char *names[16] = {"golden0", "golden1", "golden2"};
    int count = 0;
    for (int i = 1; i < argc; i++) {
        const char **option = strcmp(argv[i], "--model") == 0    ? &model_folder
                              : strcmp(argv[i], "--runs") == 0   ? &runs
                              : strcmp(argv[i], "--runner") == 0 ? &kind
                                                                 : NULL;
        if (option && i + 1 < argc)
            *option = argv[++i];
        else if (count < 16)
            names[count++] = argv[i];
    }
    RshError error = {0};
    TestRunner runner;
    PipelineModel *model = NULL;
    if (!model_folder || !runs || !test_runner_open(kind, &runner, &error))
        return test_runner_unavailable(&error);
    if (pipeline_model_open(model_folder, &model, &error) != RSH_OK) {
        printf("Bail out! %s\n", error.text);
        return EXIT_FAILURE;
    }
    for (int i = 0; i < (count ? count : 3); i++)
        play(model, runner.runner, trained_steps(model_folder), runs, names[i]);
    pipeline_model_close(&model);
    tap_failed += !test_runner_close(&runner);
    return tap_done();
}
