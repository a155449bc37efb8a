// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/clip_vision.h"
#include "tap.h"

static const double mean[3] = {0.48145466, 0.4578275, 0.40821073};
static const double deviation[3] = {0.26862954, 0.26130258, 0.27577711};

enum { SIDE = 42 };

static void the_side_follows_from_patches_and_tokens(void)
{
    CHECK(clip_image_side(&(ClipConfig){.patch = 14, .tokens = 257}) == 224);
    CHECK(clip_image_side(&(ClipConfig){.patch = 14, .tokens = 10}) == SIDE);
}

static void one_colour_stays_one_colour(void)
{
    const ClipConfig config = {.patch = 14, .tokens = 10};
    static float pixels[31 * 77 * 3], out[SIDE * SIDE * 3];
    for (int i = 0; i < 31 * 77; i++)
        for (int c = 0; c < 3; c++)
            pixels[i * 3 + c] = 0.2f * (float)c - 0.4f;
    clip_prepare_image(&config, pixels, 77, 31, out);
    for (int i = 0; i < SIDE * SIDE; i++)
        for (int c = 0; c < 3; c++)
            CHECK_NEAR((double)out[i * 3 + c],
                       ((0.2 * c - 0.4) * 0.5 + 0.5 - mean[c]) / deviation[c], 1e-5);
}

static void a_picture_of_the_right_size_is_only_normalised(void)
{
    const ClipConfig config = {.patch = 14, .tokens = 10};
    static float pixels[SIDE * SIDE * 3], out[SIDE * SIDE * 3];
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        pixels[i] = (float)(i * 7919 % 255) / 127.5f - 1;
    clip_prepare_image(&config, pixels, SIDE, SIDE, out);
    for (int i = 0; i < SIDE * SIDE * 3; i++)
        CHECK_NEAR((double)out[i], ((double)pixels[i] * 0.5 + 0.5 - mean[i % 3]) / deviation[i % 3],
                   1e-5);
}

// Cubic convolution gives back straight lines; only the edges, which are repeated, bend.
static void a_ramp_stays_a_ramp_inside(void)
{
    const ClipConfig config = {.patch = 14, .tokens = 10};
    enum { WIDTH = 84 };
    static float pixels[WIDTH * WIDTH * 3], out[SIDE * SIDE * 3];
    for (int y = 0; y < WIDTH; y++)
        for (int x = 0; x < WIDTH; x++)
            for (int c = 0; c < 3; c++)
                pixels[(y * WIDTH + x) * 3 + c] = (float)x / WIDTH;
    clip_prepare_image(&config, pixels, WIDTH, WIDTH, out);
    for (int x = 2; x < SIDE - 2; x++) {
        double want = ((x + 0.5) * 2 - 0.5) / WIDTH;
        CHECK_NEAR((double)out[(20 * SIDE + x) * 3], (want * 0.5 + 0.5 - mean[0]) / deviation[0],
                   1e-5);
    }
}

int main(void)
{
    TAP_RUN(the_side_follows_from_patches_and_tokens);
    TAP_RUN(one_colour_stays_one_colour);
    TAP_RUN(a_picture_of_the_right_size_is_only_normalised);
    TAP_RUN(a_ramp_stays_a_ramp_inside);
    return tap_done();
}
