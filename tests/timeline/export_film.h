// SPDX-License-Identifier: GPL-3.0-or-later
//
// export_film.h - the film that tests of exports write: 34 frames with a dissolve, in a scratch folder.
#pragma once
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <math.h>
#include <string.h>

#include "export/film-export.h"
#include "raw_take.h"
#include "timeline/film-edit.h"

#define WIDTH  64
#define HEIGHT 40
#define FRAMES 24
#define FPS    12
#define RATE   16000

static char *scratch;
static RushesProject *project;

// A take with a moving edge and a tone; `seed` makes it another one.
static inline RushesTake *add_take(int seed)
{
    g_autofree char *prompt = g_strdup_printf("take %d", seed);
    g_autoptr(RushesRecipe) recipe = raw_take_recipe(prompt, WIDTH, HEIGHT, FRAMES, FPS);
    gsize bytes = WIDTH * HEIGHT * 3;
    g_autofree guint8 *frames = g_malloc(FRAMES * bytes);
    gsize samples = RATE * FRAMES / FPS;
    g_autofree float *sound = g_new(float, samples);

    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    for (int t = 0; t < FRAMES; t++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                guint8 *pixel = frames + (gsize)t * bytes + (gsize)(y * WIDTH + x) * 3;
                pixel[0] = (guint8)(x * 3 + seed * 40);
                pixel[1] = x < t * 2 + seed ? 200 : (guint8)(y * 5);
                pixel[2] = (guint8)(t * 9);
            }
    for (gsize i = 0; i < samples; i++)
        sound[i] = 0.2f * sinf((float)(2.0 * G_PI * (300.0 + 100.0 * seed) * (double)i / RATE));
    raw_take_set_frames(take, frames);
    raw_take_set_sound(take, sound, samples, RATE);
    return take;
}

// Two shots, trimmed, dissolved, faded: 24 + 16 - 6 = 34 frames.
static inline void make_project(void)
{
    g_autofree char *folder = g_build_filename(scratch, "Film.rushes", NULL);
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    project = rushes_project_create(folder, NULL);
    rushes_project_add_shot(project, add_take(1), 0, NULL);
    rushes_project_add_shot(project, add_take(2), 1, NULL);
    g_autoptr(RushesShot) second = g_list_model_get_item(rushes_project_get_shots(project), 1);
    rushes_project_trim_shot(project, second, 4, 19, NULL);
    cJSON_AddNumberToObject(fields, "dissolve", 0.5);
    cJSON_AddNumberToObject(fields, "fade_out", 0.5);
    g_assert_true(rushes_project_edit_shot(project, second, "Edit", fields, NULL));
}

static inline char *target(const char *name)
{
    return g_build_filename(scratch, name, NULL);
}

static inline gboolean export(const char *path, const char *preset, GError **error)
{
    RushesFilmExport request = {.preset = preset, .is_signed = TRUE, .signer = "Test"};
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, path, &request, NULL, error);

    return exporter && rushes_exporter_run(exporter, NULL, error);
}

static inline char *run(const char *const *words, gsize *bytes)
{
    g_autoptr(GSubprocess) process = g_subprocess_newv(
        words, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDIN_INHERIT, NULL);
    GBytes *out = NULL;
    gsize ignored;

    g_assert_true(g_subprocess_communicate(process, NULL, NULL, &out, NULL, NULL));
    g_assert_true(g_subprocess_get_successful(process));
    return g_bytes_unref_to_data(out, bytes ? bytes : &ignored);
}

// The signing identity is made in the scratch folder, too.
static inline void export_film_begin(int *argc, char ***argv)
{
    scratch = g_dir_make_tmp("rushes-export-XXXXXX", NULL);
    g_setenv("XDG_DATA_HOME", scratch, TRUE);
    gst_init(argc, argv);
    g_test_init(argc, argv, NULL);
    make_project();
}

static inline int export_film_end(int status)
{
    g_clear_object(&project);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", scratch);
    return system(command) ? 1 : status;
}
