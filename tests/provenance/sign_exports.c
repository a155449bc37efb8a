// SPDX-License-Identifier: GPL-3.0-or-later
//
// Writes every kind of export that gets content credentials into the folder given first, of a project of two takes with
// edits, an imported sound and a reference picture; for the validators of validate.mjs. The identity lies in
// FOLDER/home. usage: sign_exports FOLDER OWN_CHAIN OWN_KEY AUTHORITY_URL
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "export/film-export.h"
#include "provenance/signer.h"
#include "raw_take.h"
#include "timeline/film-edit.h"
#include "timeline/media.h"

#define WIDTH  128
#define HEIGHT 96
#define FRAMES 24
#define FPS    12
#define RATE   16000

// Moving stripes and a tone; `seed` makes it another one. The first starts from a picture.
static RushesTake *add_take(RushesProject *project, int seed)
{
    g_autofree char *prompt = g_strdup_printf("a red fox hops, take %d", seed);
    g_autoptr(RushesRecipe) recipe = raw_take_recipe(prompt, WIDTH, HEIGHT, FRAMES, FPS);
    gsize bytes = WIDTH * HEIGHT * 3, samples = RATE * FRAMES / FPS;
    g_autofree guint8 *frames = g_malloc(FRAMES * bytes);
    g_autofree float *sound = g_new(float, samples);

    if (seed == 1) {
        recipe->conditioning = RUSHES_CONDITIONING_IMAGE;
        recipe->condition_source = g_strdup("fox.png");
        recipe->condition_frames = 1;
    }
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    for (int t = 0; t < FRAMES; t++)
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                guint8 *pixel = frames + (gsize)t * bytes + (gsize)(y * WIDTH + x) * 3;
                pixel[0] = (guint8)(x * 2 + seed * 40 + t);
                pixel[1] = x < t * 4 + seed ? 200 : (guint8)(y * 2);
                pixel[2] = (guint8)(t * 9);
            }
    for (gsize i = 0; i < samples; i++)
        sound[i] = 0.2f * sinf((float)(2.0 * G_PI * (300.0 + 100.0 * seed) * (double)i / RATE));
    raw_take_set_frames(take, frames);
    raw_take_set_sound(take, sound, samples, RATE);
    return take;
}

// Two shots, trimmed, dissolved and faded.
static RushesProject *make_project(const char *folder)
{
    RushesProject *project = rushes_project_create(folder, NULL);
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    rushes_project_add_shot(project, add_take(project, 1), 0, NULL);
    rushes_project_add_shot(project, add_take(project, 2), 1, NULL);
    g_autoptr(RushesShot) second = g_list_model_get_item(rushes_project_get_shots(project), 1);
    rushes_project_trim_shot(project, second, 4, 19, NULL);
    cJSON_AddNumberToObject(fields, "dissolve", 0.5);
    cJSON_AddNumberToObject(fields, "fade_out", 0.5);
    rushes_project_edit_shot(project, second, "Edit", fields, NULL);
    return project;
}

// The sound of a file below the film.
static void add_music(RushesProject *project, const char *path)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    g_autofree char *media = rushes_media_import(project, path, NULL, NULL);

    cJSON_AddStringToObject(fields, "media", media);
    cJSON_AddStringToObject(fields, "title", "Music");
    cJSON_AddNumberToObject(fields, "seconds", 1.5);
    cJSON_AddNumberToObject(fields, "at", 0.5);
    g_autofree char *id = rushes_film_add_sound(project, fields, "Import", NULL);
    if (!media || !id)
        g_error("%s cannot be imported", path);
}

typedef struct Kind {
    const char *name, *preset;
    RushesFilmExport request;
} Kind;

int main(int count, char **words)
{
    if (count != 5)
        return 2;
    g_autofree char *home = g_build_filename(words[1], "home", NULL);
    g_autofree char *folder = g_build_filename(words[1], "Film.rushes", NULL);
    g_setenv("XDG_DATA_HOME", home, TRUE);
    gst_init(NULL, NULL);
    g_autofree char *identity = rushes_signer_folder();
    g_autoptr(RushesProject) project = make_project(folder);
    const Kind kinds[] = {
        {"take.mp4", "web", {.take = 1}},
        {"film.mp4", "web", {0}},
        {"vertical.mp4", "vertical", {.visible_mark = TRUE}},
        {"square.mp4", "square", {.watermark = RUSHES_WATERMARK_NEVER}},
        {"wide.mp4", "wide", {0}},
        {"stamped.mp4", "web", {.time_stamp_url = words[4], .time_stamp_required = TRUE}},
        {"own.mp4", "web", {0}},
        {"film.webm", "webm", {0}},
        {"av1.webm", "av1", {.take = 2}},
        {"archive.mkv", "archive", {.watermark = RUSHES_WATERMARK_ALWAYS}},
        {"film.gif", "gif", {0}},
        {"film.wav", "wav", {0}},
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        RushesFilmExport request = kinds[i].request;
        g_autofree char *path = g_build_filename(words[1], kinds[i].name, NULL);
        g_autoptr(GError) error = NULL;
        gboolean own = g_str_has_prefix(kinds[i].name, "own");
        request.preset = kinds[i].preset;
        request.is_signed = TRUE;
        if (own && !rushes_signer_adopt(identity, words[2], words[3], &error)) {
            fprintf(stderr, "%s\n", error->message);
            return 1;
        }
        g_autoptr(RushesExporter) exporter =
            rushes_film_export_new(project, path, &request, NULL, &error);
        if (!exporter || !rushes_exporter_run(exporter, NULL, &error)) {
            fprintf(stderr, "%s: %s\n", kinds[i].name, error->message);
            return 1;
        }
        if (own)
            rushes_signer_forget(identity, NULL);
        if (i == 0)
            add_music(project, path);
    }
    return 0;
}
