// SPDX-License-Identifier: GPL-3.0-or-later
//
// film.h - a project in a scratch folder with takes whose pictures and sound are known.
#pragma once
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "json-file.h"
#include "raw_take.h"
#include "timeline/timeline.h"

#ifndef FPS // a test that plays sets its own
#define WIDTH  32
#define HEIGHT 16
#define FRAMES 10
#define FPS    10
#define RATE   16000
#endif

typedef struct Film {
    char *scratch;
    RushesProject *project;
} Film;

static inline Film film_new(void)
{
    Film film = {.scratch = g_dir_make_tmp("rushes-timeline-XXXXXX", NULL)};
    g_autofree char *folder = g_build_filename(film.scratch, "Film.rushes", NULL);

    film.project = rushes_project_create(folder, NULL);
    g_assert_nonnull(film.project);
    return film;
}

static inline void film_clear(Film *film)
{
    g_autofree char *command = g_strdup_printf("rm -r '%s'", film->scratch);

    g_clear_object(&film->project);
    g_assert_cmpint(system(command), ==, 0);
    g_free(film->scratch);
}

// A take whose frame i is all `value + i`, with a sine of 440 Hz.
static inline RushesTake *add_take(Film *film, int value)
{
    g_autofree char *prompt = g_strdup_printf("take of %d", value);
    g_autoptr(RushesRecipe) recipe = raw_take_recipe(prompt, WIDTH, HEIGHT, FRAMES, FPS);
    g_autofree guint8 *frames = g_malloc(FRAMES * WIDTH * HEIGHT * 3);
    g_autofree float *sound = g_new(float, RATE *FRAMES / FPS);

    RushesTake *take = rushes_project_add_take(film->project, recipe, NULL, NULL);
    g_assert_nonnull(take);
    for (int i = 0; i < FRAMES; i++)
        memset(frames + i * WIDTH * HEIGHT * 3, MIN(value + i, 255), WIDTH * HEIGHT * 3);
    for (int i = 0; i < RATE * FRAMES / FPS; i++)
        sound[i] = 0.5f * sinf((float)(2.0 * G_PI * 440.0 * i / RATE));
    raw_take_set_frames(take, frames);
    raw_take_set_sound(take, sound, RATE * FRAMES / FPS, RATE);
    return take;
}

static inline void add_shot(Film *film, RushesTake *take)
{
    guint count = g_list_model_get_n_items(rushes_project_get_shots(film->project));

    g_assert_true(rushes_project_add_shot(film->project, take, count, NULL));
}

static inline void set_field(Film *film, guint index, const char *key, double value)
{
    g_autoptr(RushesShot) shot =
        g_list_model_get_item(rushes_project_get_shots(film->project), index);
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    cJSON_AddNumberToObject(fields, key, value);
    g_assert_true(rushes_project_edit_shot(film->project, shot, "Edit", fields, NULL));
}

// Opens the project again from what is on the disk, as after a kill: nothing is saved first.
static inline void film_reopen(Film *film)
{
    g_autofree char *folder = g_strdup(rushes_project_get_folder(film->project));

    g_clear_object(&film->project);
    film->project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, NULL);
    g_assert_nonnull(film->project);
}
