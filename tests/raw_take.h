// SPDX-License-Identifier: GPL-3.0-or-later
//
// raw_take.h - takes whose pictures and sound are known, with their files as a worker leaves them.
#pragma once
#include "project/project.h"

// What a take of these pictures is made from; owned by the caller.
static inline RushesRecipe *raw_take_recipe(const char *prompt, int width, int height, int frames,
                                            double fps)
{
    RushesRecipe *recipe = rushes_recipe_new();

    g_free(recipe->prompt);
    recipe->prompt = g_strdup(prompt);
    recipe->width = width;
    recipe->height = height;
    recipe->frames = frames;
    recipe->fps = fps;
    return recipe;
}

// Packed RGB, all frames of the take after each other.
static inline void raw_take_set_frames(RushesTake *take, const guint8 *rgb)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    gsize bytes = (gsize)recipe->frames * (gsize)recipe->width * (gsize)recipe->height * 3;
    g_autofree char *path = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);

    g_assert_true(g_file_set_contents(path, (const char *)rgb, (gssize)bytes, NULL));
    rushes_take_frames_ready(take, recipe->frames);
}

// `count` samples of one channel, `rate` of them a second.
static inline void raw_take_set_sound(RushesTake *take, const float *samples, gsize count, int rate)
{
    g_autofree char *path = g_build_filename(rushes_take_get_folder(take), "audio.f32", NULL);

    g_assert_true(
        g_file_set_contents(path, (const char *)samples, (gssize)(count * sizeof(*samples)), NULL));
    rushes_take_sound_ready(take, rate, 1, (gint64)count);
}
