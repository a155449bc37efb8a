// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a run promises, on a very small clip of the bundled model.
//   test_pipeline --runner reference|gpu --model FOLDER
#include "pipeline_test.h"
#include "run/plan_run.h"
#include "run/stages.h"

#define MAX_JOINT_ERROR 1e-6 // of samples, normalised: other order of sums
#define MAX_RUN_ERROR   1e-3 // of latents, normalised; what recorded runs may be off

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

// ||a - b|| / ||b||; infinite when b is nothing.
static double apart(const float *a, const float *b, uint64_t count)
{
    double difference = 0, size = 0;
    for (uint64_t i = 0; i < count; i++) {
        difference += pow((double)a[i] - (double)b[i], 2);
        size += pow((double)b[i], 2);
    }
    return size > 0 ? sqrt(difference / size) : INFINITY;
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

// The most that a byte of a preview is off the finished latents under the model's linear map.
static int worst_colour(const Pipeline *p, const uint8_t *pixels, const float *latents)
{
    const float *map = p->model->latent_rgb;
    uint32_t channels = p->video.shape.channels;
    int worst = 0;
    for (uint64_t r = 0; r < shape_rows(p->video.shape); r++) {
        for (uint32_t colour = 0; colour < 3; colour++) {
            double sum = (double)map[channels * 3 + colour];
            for (uint32_t c = 0; c < channels; c++)
                sum += (double)map[c * 3 + colour] * (double)latents[r * channels + c];
            int off = abs((int)lrint(fmin(fmax(sum, 0), 1) * 255) - pixels[r * 4 + colour]);
            worst = off > worst ? off : worst;
        }
        worst = pixels[r * 4 + 3] == 255 ? worst : 255;
    }
    return worst;
}

// After the last step it is the finished clip; what is given is shown as it is.
static void a_preview_is_the_clip_to_come(void)
{
    static float first_frame[3 * SIDE * SIDE];
    for (int given = 0; given < 2; given++) {
        PipelineRequest request = small_request();
        Pipeline *pipeline = NULL;
        uint8_t *early = NULL, *last = NULL, *none = NULL;
        uint32_t count = 0, width = 0, height = 0;
        request.first_frames = given ? first_frame : NULL;
        request.first_frame_count = (uint32_t)given;
        if (!open_ready(&request, &pipeline))
            return;
        CHECK(pipeline_start(pipeline, &error) == RSH_OK);
        CHECK(pipeline_preview(pipeline, &none, &count, &width, &height, &error) == RSH_OK);
        CHECK(!none && count == 0);
        CHECK(pipeline_step(pipeline, &error) == RSH_OK);
        CHECK(pipeline_preview(pipeline, &early, &count, &width, &height, &error) == RSH_OK);
        while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
            continue;
        CHECK(pipeline_preview(pipeline, &last, &count, &width, &height, &error) == RSH_OK);
        CHECK(early && last && count == 2 && width == SIDE / 16 && height == SIDE / 16);
        Latents latents = read_latents(pipeline);
        if (early && last) {
            memcpy(latents.video, pipeline->video.clean_values,
                   pipeline->video.clean * pipeline->video.frame * sizeof(float));
            CHECK(worst_colour(pipeline, last, latents.video) <= 1);
            CHECK(worst_colour(pipeline, early, latents.video) > 1);
        }
        free_latents(&latents);
        free(early);
        free(last);
        pipeline_close(&pipeline);
    }
}

static void decoding_gives_every_frame_and_all_the_sound(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    uint32_t next = 0;
    const float *samples;
    uint64_t count = 0;
    if (!open_ready(&request, &pipeline))
        return;
    CHECK(pipeline_start(pipeline, &error) == RSH_OK);
    PipelineFrames frames;
    CHECK(pipeline_decode_frames(pipeline, &frames, &error) == RSH_ERROR_ARGUMENT); // too early
    while (pipeline_step_index(pipeline) < STEPS && pipeline_step(pipeline, &error) == RSH_OK)
        continue;
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

// By graphs that take the clip whole; malloc'd.
static float *whole_mel(const Pipeline *pipeline, uint64_t *count)
{
    Graph *graph = NULL;
    CHECK(graph_create("whole", &graph, &error) == RSH_OK);
    Tensor *in = graph_input(graph, "latents", pipeline->audio.shape, TENSOR_F32);
    graph_output(
        graph,
        mmaudio_build_decode(graph, model->audio_vae.weights, &model->audio_vae_config, in, false),
        "mel");
    return run_graph(graph, "latents", pipeline->audio.latents, "mel", count);
}

static float *whole_wave(const float *mel, uint32_t frames, uint64_t *count)
{
    Graph *graph = NULL;
    const Shape shape = {1, 1, frames, model->vocoder_config.mels};
    CHECK(graph_create("whole", &graph, &error) == RSH_OK);
    Tensor *in = graph_input(graph, "mel", shape, TENSOR_F32);
    graph_output(graph,
                 bigvgan_build(graph, model->vocoder.weights, &model->vocoder_config, in, false),
                 "wave");
    return run_graph(graph, "mel", mel, "wave", count);
}

// 193 frames: several windows, and more latents than a block of the attention holds.
static void sound_of_a_long_clip_has_no_joints(void)
{
    PipelineRequest request = small_request();
    Pipeline *pipeline = NULL;
    request.frames = 193;
    CHECK(pipeline_open(model, runner.runner, &request, NULL, &pipeline, &error) == RSH_OK);
    CHECK(pipeline_start(pipeline, &error) == RSH_OK); // noise taken for a finished clip
    // Else this test would say nothing.
    CHECK(sound_runs(pipeline, SOUND_WHOLE) == 0 && sound_runs(pipeline, SOUND_BACK) > 1 &&
          sound_runs(pipeline, SOUND_ATTENTION) > 1 && sound_runs(pipeline, SOUND_VOCODER) > 1);
    const uint32_t frames = 2 * pipeline->audio.shape.width;
    const uint64_t total = (uint64_t)frames * bigvgan_hop(&model->vocoder_config);
    uint64_t mel_count, wave_count;
    float *mel = calloc(frames, model->vocoder_config.mels * sizeof(float));
    float *wave = calloc(total, sizeof(float));
    CHECK(sound_spectrogram(pipeline, mel, &error) == RSH_OK &&
          sound_samples(pipeline, mel, wave, &error) == RSH_OK);
    float *mel_at_once = whole_mel(pipeline, &mel_count);
    float *wave_at_once = whole_wave(mel, frames, &wave_count);
    CHECK(mel_count == (uint64_t)frames * model->vocoder_config.mels && wave_count == total);
    const double in_mel = apart(mel, mel_at_once, mel_count);
    const double in_wave = apart(wave, wave_at_once, wave_count);
    printf("# joints: spectrogram %.2g, samples %.2g\n", in_mel, in_wave);
    CHECK(in_mel < MAX_JOINT_ERROR && in_wave < MAX_JOINT_ERROR);
    free(mel);
    free(wave);
    free(mel_at_once);
    free(wave_at_once);
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

// Both passes of guidance are rows of one product: b + g (a - b) is a + (1 - g) (b - a), whichever comes first.
static void the_order_of_the_passes_stays_inside_the_declared_error(void)
{
    PipelineRequest request = small_request();
    const char *other = "A blue boat sails on the sea.";
    request.negative_prompt = other;
    request.video_guidance = request.audio_guidance = 3.0f;
    Latents straight = denoise(&request);
    request.negative_prompt = request.prompt;
    request.prompt = other;
    Latents another = denoise(&request);
    request.video_guidance = request.audio_guidance = -2.0f;
    Latents swapped = denoise(&request);
    const double video = apart(swapped.video, straight.video, straight.video_count);
    const double audio = apart(swapped.audio, straight.audio, straight.audio_count);
    printf("# passes in the other order: video %.2g, audio %.2g\n", video, audio);
    CHECK(video < MAX_RUN_ERROR && audio < MAX_RUN_ERROR);
    // Else the words would make no difference and the test say nothing.
    CHECK(apart(another.video, straight.video, straight.video_count) > 10 * MAX_RUN_ERROR);
    free_latents(&straight);
    free_latents(&another);
    free_latents(&swapped);
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

int main(int argc, char **argv)
{
    int status;
    if (!pipeline_test_open(argc, argv, &status))
        return status;
    TAP_RUN(one_seed_gives_one_clip);
    TAP_RUN(a_run_goes_on_from_any_step_bit_for_bit);
    TAP_RUN(a_state_of_another_run_is_refused);
    TAP_RUN(a_cancelled_step_can_be_made_again);
    TAP_RUN(a_preview_is_the_clip_to_come);
    TAP_RUN(decoding_gives_every_frame_and_all_the_sound);
    TAP_RUN(sound_of_a_long_clip_has_no_joints);
    TAP_RUN(what_is_given_stays_as_it_is);
    TAP_RUN(guidance_of_one_and_a_skipped_block_run);
    TAP_RUN(the_order_of_the_passes_stays_inside_the_declared_error);
    TAP_RUN(impossible_requests_are_refused_in_a_sentence);
    return pipeline_test_close();
}
