// SPDX-License-Identifier: GPL-3.0-or-later
// The engine through rsh.h alone: opened, used and closed as a worker would, twice, and in the wrong order
// of events.
#include "rsh.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

static char take[] = "/tmp/rushes-api-XXXXXX";
static const char *model_folder;
static atomic_uint wakes;

static void count_wake(void *data)
{
    (void)data;
    atomic_fetch_add(&wakes, 1);
}

static RshRequest small(const RshModel *model)
{
    RshRequest request;
    rsh_request_init(&request, model);
    request.prompt = "a red fox";
    request.width = 96;
    request.height = 64;
    request.frames = 5;
    request.steps = 1;
    return request;
}

static RshStatus wait_for_end(RshJob *job, uint32_t *frames)
{
    RshEvent event = {0};
    for (;;) {
        if (rsh_job_poll(job, &event) != RSH_OK) {
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            continue;
        }
        if (event.kind == RSH_EVENT_FRAME)
            *frames = event.index + 1;
        if (event.kind == RSH_EVENT_DONE)
            return event.status;
    }
}

static void closing_nothing_is_allowed(void)
{
    RshEngine *engine = NULL;
    RshJob *job = NULL;
    rsh_engine_close(&engine);
    rsh_job_close(&job);
    rsh_model_unref(NULL);
    CHECK(strcmp(rsh_status_name(RSH_ERROR_DISK_FULL), "disk_full") == 0);
    CHECK(strcmp(rsh_stage_name(RSH_STAGE_AUDIO), "audio") == 0);
}

static void an_engine_opens_runs_and_closes_twice(void)
{
    for (int round = 0; round < 2; round++) {
        RshEngine *engine = NULL;
        RshModel *model = NULL;
        RshJob *job = NULL;
        RshError error = {0};
        RshResult result;
        uint32_t frames = 0, tokens = 0;

        CHECK(rsh_engine_open(NULL, &engine, &error) == RSH_OK);
        CHECK(engine && rsh_engine_get_device(engine)->name[0]);
        CHECK(engine && rsh_model_load(engine, model_folder, &model, &error) == RSH_OK);
        if (!model) {
            printf("# %s\n", error.text);
            rsh_engine_close(&engine);
            return;
        }
        CHECK(rsh_model_count_tokens(model, "a red fox", &tokens, NULL) == RSH_OK && tokens > 1);
        RshRequest request = small(model);
        atomic_store(&wakes, 0);
        CHECK(rsh_job_start(model, &request, take, count_wake, NULL, &job, &error) == RSH_OK);
        CHECK(job && wait_for_end(job, &frames) == RSH_OK);
        CHECK(frames == 5 && atomic_load(&wakes) > 5);
        if (job)
            rsh_job_get_result(job, &result);
        CHECK(result.frames == 5 && result.component_count > 3 && result.peak_bytes > 0);
        rsh_job_close(&job);
        CHECK(job == NULL);
        rsh_model_unref(model);
        rsh_engine_close(&engine);
        CHECK(engine == NULL);
    }
}

static void jobs_may_be_closed_at_any_moment(void)
{
    RshEngine *engine = NULL;
    RshModel *model = NULL;

    CHECK(rsh_engine_open(NULL, &engine, NULL) == RSH_OK);
    CHECK(engine && rsh_model_load(engine, model_folder, &model, NULL) == RSH_OK);
    for (int i = 0; model && i < 12; i++) {
        RshJob *first = NULL, *second = NULL;
        RshRequest request = small(model);
        request.steps = 3;
        request.seed = (uint64_t)i;
        CHECK(rsh_job_start(model, &request, take, count_wake, NULL, &first, NULL) == RSH_OK);
        CHECK(rsh_job_start(model, &request, take, NULL, NULL, &second, NULL) == RSH_OK);
        nanosleep(&(struct timespec){.tv_nsec = i * 15000000L}, NULL);
        if (i % 2)
            rsh_job_cancel(second);
        rsh_job_close(&second);
        rsh_job_close(&first);
    }
    rsh_model_unref(model);
    rsh_engine_close(&engine);
}

static void a_request_that_makes_no_sense_is_refused_with_a_sentence(void)
{
    RshEngine *engine = NULL;
    RshModel *model = NULL;
    RshError error;

    CHECK(rsh_engine_open(NULL, &engine, NULL) == RSH_OK);
    CHECK(engine && rsh_model_load(engine, "/nonexistent", &model, NULL) != RSH_OK && !model);
    CHECK(engine && rsh_model_load(engine, model_folder, &model, NULL) == RSH_OK);
    if (!model) {
        rsh_engine_close(&engine);
        return;
    }
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        RshRequest request = small(model);                                                         \
        request.change;                                                                            \
        error.text[0] = '\0';                                                                      \
        CHECK(rsh_request_check(&request, model, &error) == RSH_ERROR_ARGUMENT && error.text[0]);  \
        CHECK(rsh_request_check(&request, model, NULL) == RSH_ERROR_ARGUMENT);                     \
    } while (0)
    REFUSED(prompt = "");
    REFUSED(prompt = "\xff");
    REFUSED(negative_prompt = "\xc0\x80");
    REFUSED(width = 0);
    REFUSED(width = 97);
    REFUSED(height = UINT32_MAX);
    REFUSED(frames = 0);
    REFUSED(frames = 6);
    REFUSED(frames = UINT32_MAX);
    REFUSED(steps = 0);
    REFUSED(steps = 100000);
    REFUSED(guidance = NAN);
    REFUSED(guidance = -INFINITY);
    REFUSED(shift = 0.0f);
    REFUSED(sampler = "magic");
    REFUSED(fps_den = 0);
    REFUSED(fps_num = 60);
    REFUSED(conditioning.kind = RSH_FROM_IMAGE);
    REFUSED(conditioning = ((RshConditioning){RSH_FROM_CLIP, "x", 5, NULL, 0}));
    RshRequest good = small(model);
    RshEstimate estimate;
    CHECK(rsh_request_estimate(&good, model, &estimate, NULL) == RSH_OK && estimate.fits);
    rsh_model_unref(model);
    rsh_engine_close(&engine);
}

int main(void)
{
    RshDeviceInfo device;
    const char *required = getenv("RSH_REQUIRE_GPU");

    // A software driver that is unloaded with its last device leaves behind what its own variables point to,
    // which looks like leaks. Where there is none, nothing is held.
    dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_NODELETE);
    model_folder = getenv("RUSHES_MINI");
    if (!model_folder || rsh_device_list(&device, 1) == 0) {
        bool must = required && strcmp(required, "1") == 0;
        puts(must ? "Bail out! a Vulkan device is required and there is none"
                  : "1..0 # SKIP no Vulkan device");
        return must ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (!mkdtemp(take))
        return EXIT_FAILURE;
    TAP_RUN(closing_nothing_is_allowed);
    TAP_RUN(an_engine_opens_runs_and_closes_twice);
    TAP_RUN(jobs_may_be_closed_at_any_moment);
    TAP_RUN(a_request_that_makes_no_sense_is_refused_with_a_sentence);

    static const char *const files[] = {"frames.rgb", "audio.f32", "step.safetensors",
                                        "preview.rgb"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", take, files[i]);
        unlink(path);
    }
    rmdir(take);
    return tap_done();
}
