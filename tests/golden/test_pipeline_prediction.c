// SPDX-License-Identifier: GPL-3.0-or-later
//
// A network that answers the clean latent x0 runs as the one would that answers the velocity (x - x0) / sigma.
//   test_pipeline_prediction --runner reference|gpu --model FOLDER
#include "pipeline_test.h"
#include "run/stages.h"

#define MAX_STEP_ERROR 1e-5 // of latents, normalised: f32 coefficients and sums

enum { RUN_STEPS = 4 };

// One modality on the host: what the solver holds, and the network's answers of one step.
typedef struct HostStream {
    const char *name;
    uint64_t count;
    double scale; // of guidance
    double *terms[SAMPLER_TERMS];
    float *answers; // both passes
    float *latents;
} HostStream;

static HostStream host_stream(const Stream *stream, double scale)
{
    HostStream host = {.name = stream->name, .scale = scale};
    host.count = shape_rows(stream->shape) * stream->shape.channels;
    for (int i = 0; i < SAMPLER_TERMS; i++)
        host.terms[i] = calloc(host.count, sizeof(double));
    host.answers = calloc(host.count * 2, sizeof(float));
    host.latents = calloc(host.count, sizeof(float));
    return host;
}

static void host_stream_free(HostStream *host)
{
    for (int i = 0; i < SAMPLER_TERMS; i++)
        free(host->terms[i]);
    free(host->answers);
    free(host->latents);
}

// The latents the next step starts from: what is given is in place.
static void take_start(const Stream *stream, HostStream *host)
{
    memcpy(host->latents, stream->latents, host->count * sizeof(float));
    if (stream->clean > 0)
        memcpy(host->latents, stream->clean_values, stream->clean * stream->frame * sizeof(float));
    for (uint64_t i = 0; i < host->count; i++)
        host->terms[SAMPLER_X][i] = (double)host->latents[i];
}

// A step of the solver for velocities, in double precision, from answers x0.
static void host_step(HostStream *host, const SamplerStep *step)
{
    for (uint64_t i = 0; i < host->count; i++) {
        double **t = host->terms, sums[3] = {0};
        const double *const rows[3] = {step->denoised, step->corrected, step->next};
        double positive = (t[SAMPLER_X][i] - (double)host->answers[i]) / step->sigma;
        double negative = (t[SAMPLER_X][i] - (double)host->answers[host->count + i]) / step->sigma;
        t[SAMPLER_V][i] = negative + host->scale * (positive - negative);
        for (int row = 0; row < 3; row++) {
            for (int term = 0; term < SAMPLER_TERMS; term++)
                sums[row] += rows[row][term] * t[term][i];
        }
        t[SAMPLER_M1][i] = t[SAMPLER_M0][i];
        t[SAMPLER_M0][i] = sums[0];
        t[SAMPLER_LAST][i] = sums[1];
        t[SAMPLER_X][i] = sums[2];
    }
}

static double off(const float *found, const double *wanted, uint64_t count)
{
    double difference = 0, size = 0;
    for (uint64_t i = 0; i < count; i++) {
        difference += pow((double)found[i] - wanted[i], 2);
        size += pow(wanted[i], 2);
    }
    return size > 0 ? sqrt(difference / size) : INFINITY;
}

// Repeats on the host what the pipeline just did with one stream; the greater of both results' errors.
static double follow(const Pipeline *p, const Stream *stream, HostStream *host,
                     const SamplerStep *step)
{
    char name[48];
    snprintf(name, sizeof(name), "%s.velocity", stream->name);
    CHECK(stage_read(p->steps[0].graph, p->steps[0].program, name, host->answers, &error) ==
          RSH_OK);
    host_step(host, step);
    double worst = off(stream->latents, host->terms[SAMPLER_X], host->count);
    snprintf(name, sizeof(name), "%s.denoised", stream->name);
    CHECK(stage_read(p->steps[0].graph, p->steps[0].program, name, host->latents, &error) ==
          RSH_OK);
    return fmax(worst, off(host->latents, host->terms[SAMPLER_M0], host->count));
}

static void run_beside_the_host(SamplerKind kind, const float *first_frame)
{
    PipelineRequest request = small_request();
    Pipeline *p = NULL;
    Sampler sampler;
    double worst[2] = {0};
    request.sampler = kind;
    request.steps = RUN_STEPS;
    request.video_guidance = 3.0f;
    request.audio_guidance = 2.0f;
    request.first_frames = first_frame;
    request.first_frame_count = first_frame ? 1 : 0;
    CHECK(sampler_init(&sampler, kind, RUN_STEPS, (double)request.shift, &error) == RSH_OK);
    if (open_ready(&request, &p) && pipeline_start(p, &error) == RSH_OK) {
        HostStream video = host_stream(&p->video, 3), audio = host_stream(&p->audio, 2);
        p->taps = true;
        for (uint32_t i = 0; i < RUN_STEPS; i++) {
            SamplerStep step;
            sampler_step(&sampler, i, &step);
            take_start(&p->video, &video);
            take_start(&p->audio, &audio);
            CHECK(pipeline_step(p, &error) == RSH_OK &&
                  pipeline_read_latents(p, NULL, NULL, &error) == RSH_OK);
            worst[0] = fmax(worst[0], follow(p, &p->video, &video, &step));
            worst[1] = fmax(worst[1], follow(p, &p->audio, &audio, &step));
        }
        host_stream_free(&video);
        host_stream_free(&audio);
    }
    printf("# %s, %s: video %.2g, audio %.2g\n", sampler_name(kind),
           first_frame ? "from a picture" : "from words", worst[0], worst[1]);
    CHECK(worst[0] > 0 && worst[0] < MAX_STEP_ERROR);
    CHECK(worst[1] > 0 && worst[1] < MAX_STEP_ERROR);
    sampler_clear(&sampler);
    pipeline_close(&p);
}

static void a_clean_answer_runs_as_its_velocity_with_every_sampler(void)
{
    model->answers_clean = true;
    for (int kind = 0; kind < SAMPLER_COUNT; kind++)
        run_beside_the_host((SamplerKind)kind, NULL);
    model->answers_clean = false;
}

static void what_is_given_is_no_obstacle_to_clean_answers(void)
{
    static float picture[SIDE * SIDE * 3];
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        picture[i] = (float)(i % 89) / 44 - 1;
    model->answers_clean = true;
    run_beside_the_host(SAMPLER_EULER_LINEAR, picture);
    run_beside_the_host(SAMPLER_UNIPC, picture);
    model->answers_clean = false;
}

int main(int argc, char **argv)
{
    int status;
    if (!pipeline_test_open(argc, argv, &status))
        return status;
    TAP_RUN(a_clean_answer_runs_as_its_velocity_with_every_sampler);
    TAP_RUN(what_is_given_is_no_obstacle_to_clean_answers);
    return pipeline_test_close();
}
