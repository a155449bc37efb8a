// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the exporter writes is what the composer shows: lossless files are decoded by FFmpeg and compared byte by
// byte; others are probed for their exact length.
#include "export_film.h"
#include "project/recipe-file.h"
#include "timeline/composer.h"
#include "timeline/speech.h"

static void assert_no_leftovers(guint expected)
{
    g_autoptr(GDir) dir = g_dir_open(scratch, 0, NULL);
    const char *name;
    guint count = 0;

    while ((name = g_dir_read_name(dir))) {
        g_assert_false(name[0] == '.');
        count++;
    }
    g_assert_cmpuint(count, ==, expected);
}

// Exports the film as it is without loss and compares every frame and sample with what the preview shows of it.
static void assert_export_is_preview(const char *name, int frames)
{
    g_autofree char *path = target(name);
    g_autoptr(GError) error = NULL;
    gsize bytes;

    export(path, NULL, &error);
    g_assert_no_error(error);
    const char *decode[] = {"ffmpeg",   "-loglevel", "error", "-i", path, "-f",
                            "rawvideo", "-pix_fmt",  "rgb24", "-",  NULL};
    g_autofree char *decoded = run(decode, &bytes);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);
    gsize frame_bytes = (gsize)timeline->width * (gsize)timeline->height * 3;
    g_assert_cmpint(timeline->frames, ==, frames);
    g_assert_cmpuint(bytes, ==, (gsize)frames * frame_bytes);
    for (int i = 0; i < frames; i++) {
        g_autoptr(GBytes) shown =
            rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), i, NULL);
        g_assert_cmpmem(g_bytes_get_data(shown, NULL), frame_bytes,
                        decoded + (gsize)i * frame_bytes, frame_bytes);
    }
    const char *sound[] = {"ffmpeg", "-loglevel", "error", "-i", path, "-f",
                           "f32le",  "-ac",       "2",     "-",  NULL};
    g_autofree char *samples = run(sound, &bytes);
    gsize count = (gsize)frames * RUSHES_TIMELINE_RATE / FPS;
    g_assert_cmpuint(bytes, ==, count * 2 * sizeof(float));
    g_autofree float *heard = g_new(float, 2 * count);
    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 0, count, heard, NULL);
    const float *stored = (const float *)(const void *)samples;
    for (gsize i = 0; i < 2 * count; i++) // 24 bits
        g_assert_cmpfloat(fabsf(stored[i] - CLAMP(heard[i], -1.0f, 1.0f)), <=, 1.5f / (1 << 23));
}

static void lossless_export_is_the_preview_byte_for_byte(void)
{
    assert_export_is_preview("film.mkv", 34);
}

static void edit_number(guint index, const char *key, double value)
{
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(project), index);
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    cJSON_AddNumberToObject(fields, key, value);
    g_assert_true(rushes_project_edit_shot(project, shot, "Edit", fields, NULL));
}

// Every transition, gain, fade and mute, the sound lane, in every aspect with the picture cropped off its middle.
static void every_aspect_and_edit_is_exported_as_shown(void)
{
    static const char *const aspects[] = {"16:9", "9:16", "1:1"};
    g_autofree char *media = rushes_speech_speak(project, "one two three", "en", NULL);
    g_autoptr(cJSON) clip = cJSON_CreateObject();
    g_autoptr(cJSON) mute = cJSON_CreateObject();

    rushes_project_add_shot(project, add_take(3), 2, NULL); // a plain cut, muted
    g_autoptr(RushesShot) third = g_list_model_get_item(rushes_project_get_shots(project), 2);
    cJSON_AddTrueToObject(mute, "mute");
    g_assert_true(rushes_project_edit_shot(project, third, "Mute", mute, NULL));
    edit_number(0, "fade_in", 0.4);
    edit_number(0, "gain_db", -4.0);
    edit_number(0, "sound_fade_in", 0.3);
    edit_number(1, "sound_fade_out", 0.2);
    cJSON_AddStringToObject(clip, "media", media);
    cJSON_AddNumberToObject(clip, "at", 0.7);
    cJSON_AddNumberToObject(clip, "in", 0.1);
    cJSON_AddNumberToObject(clip, "gain_db", -6.0);
    cJSON_AddNumberToObject(clip, "fade_in", 0.2);
    cJSON_AddNumberToObject(clip, "fade_out", 0.1);
    g_free(rushes_film_add_sound(project, clip, "Add", NULL));
    for (guint i = 0; i < G_N_ELEMENTS(aspects); i++) {
        g_autofree char *name = g_strdup_printf("aspect-%u.mkv", i);
        g_assert_true(rushes_film_set_aspect(project, aspects[i], NULL));
        edit_number(0, "crop_x", 0.1);
        edit_number(1, "crop_x", 0.9);
        edit_number(1, "crop_y", 0.3);
        assert_export_is_preview(name, 34 + FRAMES);
    }
}

static int probe_frames(const char *path)
{
    const char *words[] = {"ffprobe",
                           "-loglevel",
                           "error",
                           "-count_frames",
                           "-select_streams",
                           "v:0",
                           "-show_entries",
                           "stream=nb_read_frames",
                           "-of",
                           "csv=p=0",
                           path,
                           NULL};
    g_autofree char *text = run(words, NULL);

    return atoi(text);
}

static double probe_seconds(const char *path)
{
    const char *words[] = {
        "ffprobe", "-loglevel", "error", "-show_entries", "format=duration", "-of",
        "csv=p=0", path,        NULL};
    g_autofree char *text = run(words, NULL);

    return g_ascii_strtod(text, NULL);
}

static void every_kind_has_the_exact_length(void)
{
    static const struct {
        const char *name, *preset;
        int frames;
        double tolerance; // seconds; containers round to their own clocks
    } kinds[] = {
        {"a.mp4", "web", 34, 0.001},
        {"a.webm", "webm", 34, 0.02},
        {"av1.webm", "av1", 34, 0.02},
        {"a.gif", "gif", 34, 0.011},
        {"a.wav", "wav", 0, 0.001},
        {"a.mkv", "archive", 34, 0.002},
        {"vertical.mp4", "vertical", 34, 0.001},
    };

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        g_autofree char *path = target(kinds[i].name);
        g_autoptr(GError) error = NULL;
        export(path, kinds[i].preset, &error);
        g_assert_no_error(error);
        if (kinds[i].frames)
            g_assert_cmpint(probe_frames(path), ==, kinds[i].frames);
        g_test_message("%s: %.4f s", kinds[i].name, probe_seconds(path));
        g_assert_cmpfloat(fabs(probe_seconds(path) - 34.0 / FPS), <, kinds[i].tolerance);
    }
}

static void pictures_are_numbered_from_zero(void)
{
    g_autofree char *path = target("pictures");
    g_autofree char *first = g_build_filename(path, "frame-000000.png", NULL);
    g_autofree char *last = g_build_filename(path, "frame-000033.png", NULL);
    g_autofree char *after = g_build_filename(path, "frame-000034.png", NULL);
    g_autoptr(GError) error = NULL;

    export(path, "png", &error);
    g_assert_no_error(error);
    g_assert_true(g_file_test(first, G_FILE_TEST_IS_REGULAR));
    g_assert_true(g_file_test(last, G_FILE_TEST_IS_REGULAR));
    g_assert_false(g_file_test(after, G_FILE_TEST_EXISTS));
    // The recipe lies beside them, as dropped on the window it brings the words back.
    g_autofree char *beside = g_build_filename(path, "recipe.json", NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_file_read(beside, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(recipe->prompt, ==, "take 1");
}

static void exports_are_signed_inside_or_beside(void)
{
    static const char *const names[] = {"a.mp4", "a.webm", "a.gif", "a.wav", "a.mkv"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = target(names[i]);
        RushesCredentialsState state;
        g_autoptr(RushesManifestReport) report = NULL;
        g_assert_true(rushes_credentials_inspect(path, &state, &report, NULL));
        g_assert_cmpint(state, ==, RUSHES_CREDENTIALS_INTACT);
        g_assert_true(g_strv_contains((const char *const *)report->actions, "c2pa.trimmed"));
        g_assert_true(g_strv_contains((const char *const *)report->actions, "c2pa.placed"));
        g_assert_nonnull(strstr(report->recipe_json, "take 1"));
        // Dropped on the window, each of them brings the words back that it begins with.
        g_autoptr(RushesRecipe) recipe = rushes_recipe_file_read(path, NULL);
        g_assert_nonnull(recipe);
        g_assert_cmpstr(recipe->prompt, ==, "take 1");
        FILE *file = fopen(path, "r+e");
        fseek(file, -40, SEEK_END);
        int byte = fgetc(file);
        fseek(file, -40, SEEK_END);
        fputc(byte ^ 1, file);
        fclose(file);
        g_autoptr(RushesManifestReport) altered = NULL;
        g_assert_true(rushes_credentials_inspect(path, &state, &altered, NULL));
        g_assert_cmpint(state, ==, RUSHES_CREDENTIALS_ALTERED);
    }
}

static void loudness_reaches_the_target(void)
{
    g_autofree char *path = target("loud.wav");
    RushesFilmExport request = {.preset = "wav", .normalise = TRUE};
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, path, &request, NULL, NULL);

    g_assert_true(rushes_exporter_run(exporter, NULL, &error));
    const char *words[] = {
        "ffmpeg", "-hide_banner", "-nostats", "-i", path, "-af", "ebur128=framelog=verbose",
        "-f",     "null",         "-",        NULL};
    g_autoptr(GSubprocess) process = g_subprocess_newv(words, G_SUBPROCESS_FLAGS_STDERR_PIPE, NULL);
    g_autofree char *text = NULL;
    g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, NULL, &text, NULL));
    const char *line = strstr(text, "\n    I:");
    g_assert_nonnull(line);
    g_assert_cmpfloat(fabs(g_ascii_strtod(line + 7, NULL) + 14.0), <, 0.3);
    g_assert_null(rushes_exporter_get_notice(exporter));
}

static void set_gain_of_all_shots(double decibel)
{
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        g_autoptr(cJSON) fields = cJSON_CreateObject();
        cJSON_AddNumberToObject(fields, "gain_db", decibel);
        g_assert_true(rushes_project_edit_shot(project, shot, "Gain", fields, NULL));
    }
}

// A twentieth of a second of speech over next to nothing: a lone peak cannot make a film loud.
static void a_loudness_that_the_peaks_forbid_is_told(void)
{
    g_autofree char *path = target("peaks.wav");
    g_autofree char *media = rushes_speech_speak(project, "one", "en", NULL);
    g_autoptr(cJSON) clip = cJSON_CreateObject();
    const RushesFilmExport request = {.normalise = TRUE};

    set_gain_of_all_shots(-40.0);
    cJSON_AddStringToObject(clip, "media", media);
    cJSON_AddNumberToObject(clip, "gain_db", 20.0);
    cJSON_AddNumberToObject(clip, "out", 0.05);
    g_autofree char *id = rushes_film_add_sound(project, clip, "Add", NULL);
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, path, &request, NULL, NULL);
    g_assert_true(rushes_exporter_run(exporter, NULL, NULL));
    const char *told = rushes_exporter_get_notice(exporter);
    g_assert_nonnull(told);
    g_test_message("%s", told);
    g_assert_nonnull(strstr(told, "LUFS and not at -14"));
    g_unlink(path);
    g_autofree char *store = g_strconcat(path, RUSHES_SIDECAR_ENDING, NULL);
    g_unlink(store);
    g_assert_true(rushes_film_remove_sound(project, id, NULL));
    set_gain_of_all_shots(0.0);
}

static guint64 size_of(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    guint64 bytes = 0;
    const char *name;
    GStatBuf info;

    if (!dir)
        return g_stat(path, &info) == 0 ? (guint64)info.st_size : 0;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        bytes += size_of(inside);
    }
    return bytes;
}

// What the export window promises beside each preset, on a canvas of the film's own size.
static void every_estimate_is_within_a_factor_of_two(void)
{
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);
    RushesFrameSource *film = RUSHES_FRAME_SOURCE(composer);
    const RushesMarkSpan mark = {.payload = {.version = RUSHES_MARK_VERSION, .id = 7}};
    const RushesExportPreset *preset;

    for (guint i = 0; (preset = rushes_export_preset_at(i)); i++) {
        if (preset->shorter_side)
            continue; // "web" on another canvas
        g_autofree char *name = g_strdup_printf("estimate-%s", preset->name);
        g_autofree char *path = target(name);
        RushesExportOptions options = {.container = preset->container, .quality = preset->quality};
        if (rushes_container_is_marked(preset->container)) {
            options.marks = &mark;
            options.mark_count = 1;
        }
        g_autoptr(RushesExporter) exporter = rushes_exporter_new(film, path, &options);
        guint64 forecast = rushes_exporter_estimate(exporter);
        g_assert_true(rushes_exporter_run(exporter, NULL, NULL));
        guint64 bytes = size_of(path);
        g_test_message("%s: forecast %" G_GUINT64_FORMAT ", written %" G_GUINT64_FORMAT,
                       preset->name, forecast, bytes);
        g_assert_cmpuint(forecast, >, bytes / 2);
        g_assert_cmpuint(forecast, <, bytes * 2);
    }
    assert_no_leftovers(25);
}

int main(int argc, char **argv)
{
    export_film_begin(&argc, &argv);
#define ADD(name) g_test_add_func("/export/" #name, name)
    ADD(lossless_export_is_the_preview_byte_for_byte);
    ADD(every_kind_has_the_exact_length);
    ADD(pictures_are_numbered_from_zero);
    ADD(exports_are_signed_inside_or_beside);
    ADD(loudness_reaches_the_target);
    ADD(a_loudness_that_the_peaks_forbid_is_told);
    ADD(every_estimate_is_within_a_factor_of_two);
    ADD(every_aspect_and_edit_is_exported_as_shown);
    return export_film_end(g_test_run());
}
