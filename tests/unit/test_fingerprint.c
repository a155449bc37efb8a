// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/fingerprint.h"

#include <stdbool.h>
#include <string.h>

#include "tap.h"

static const ComponentFile files[] = {{"vae", "aaaa"}, {"transformer", "bbbb"}};

static RshRequest job(void)
{
    return (RshRequest){.prompt = "a fox",
                        .negative_prompt = "",
                        .seed = 7,
                        .width = 256,
                        .height = 160,
                        .frames = 25,
                        .fps_num = 12,
                        .fps_den = 1,
                        .steps = 16,
                        .guidance = 4.0f,
                        .audio_guidance = 3.0f,
                        .shift = 3.0f,
                        .sampler = "euler"};
}

static FingerprintInput input(const RshRequest *request)
{
    return (FingerprintInput){
        .request = request, .files = files, .file_count = 2, .device = "d", .driver = "1"};
}

static bool is_same(const FingerprintInput *a, const FingerprintInput *b)
{
    char first[65], second[65];
    fingerprint_make(a, first);
    fingerprint_make(b, second);
    return strcmp(first, second) == 0;
}

static void equal_jobs_have_equal_fingerprints(void)
{
    RshRequest a = job(), b = job();
    FingerprintInput first = input(&a), second = input(&b);
    CHECK(is_same(&first, &second));
    // Whether previews are wanted changes no bit of the result.
    b.previews = true;
    CHECK(is_same(&first, &second));
}

static void everything_that_changes_the_result_changes_it(void)
{
    RshRequest plain = job();
    FingerprintInput first = input(&plain);
#define DIFFERS(change)                                                                            \
    do {                                                                                           \
        RshRequest other = job();                                                                  \
        other.change;                                                                              \
        FingerprintInput second = input(&other);                                                   \
        CHECK(!is_same(&first, &second));                                                          \
    } while (0)
    DIFFERS(prompt = "a cat");
    DIFFERS(negative_prompt = "rain");
    DIFFERS(seed = 8);
    DIFFERS(width = 160);
    DIFFERS(height = 256);
    DIFFERS(frames = 29);
    DIFFERS(steps = 17);
    DIFFERS(guidance = 4.5f);
    DIFFERS(audio_guidance = 3.5f);
    DIFFERS(shift = 5.0f);
    DIFFERS(sampler = "unipc");
    DIFFERS(conditioning.kind = RSH_FROM_IMAGE);

    FingerprintInput second = first;
    second.driver = "2";
    CHECK(!is_same(&first, &second));
    second = first;
    second.caps_mask = "-fp16";
    CHECK(!is_same(&first, &second));
    second = first;
    second.file_count = 1;
    CHECK(!is_same(&first, &second));
    second = first;
    second.video = "picture";
    second.video_bytes = 7;
    CHECK(!is_same(&first, &second));
}

static void fields_do_not_run_into_each_other(void)
{
    RshRequest a = job(), b = job();
    a.prompt = "a fox", a.negative_prompt = "es";
    b.prompt = "a foxes", b.negative_prompt = "";
    FingerprintInput first = input(&a), second = input(&b);
    CHECK(!is_same(&first, &second));
}

int main(void)
{
    TAP_RUN(equal_jobs_have_equal_fingerprints);
    TAP_RUN(everything_that_changes_the_result_changes_it);
    TAP_RUN(fields_do_not_run_into_each_other);
    return tap_done();
}
