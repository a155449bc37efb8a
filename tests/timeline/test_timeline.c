// SPDX-License-Identifier: GPL-3.0-or-later
//
// The composed film, frame by frame and sample by sample, over takes whose pictures and sound are known.
#include <fcntl.h>
#include <unistd.h>

#include <glib/gstdio.h>
#include <gst/gst.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "film.h"
#include "timeline/composer.h"
#include "timeline/media.h"
#include "timeline/picture-scaler.h"
#include "timeline/speech.h"

static guint8 pixel(RushesComposer *composer, int frame)
{
    g_autoptr(GBytes) picture =
        rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), frame, NULL);

    g_assert_nonnull(picture);
    const guint8 *rgb = g_bytes_get_data(picture, NULL);
    for (gsize i = 1; i < g_bytes_get_size(picture); i++)
        g_assert_cmpint(rgb[i], ==, rgb[0]);
    return rgb[0];
}

static RushesComposer *compose(Film *film)
{
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film->project, problems);

    g_assert_cmpuint(problems->len, ==, 0);
    return rushes_composer_new(timeline);
}

static void cuts_show_every_frame_of_every_shot(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));
    add_shot(&film, add_take(&film, 100));
    g_autoptr(RushesComposer) composer = compose(&film);
    RushesFrameFormat format;

    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(composer), &format);
    g_assert_cmpint(format.frames, ==, 2 * FRAMES);
    g_assert_cmpint(format.samples, ==, 2 * RUSHES_TIMELINE_RATE * FRAMES / FPS);
    for (int i = 0; i < FRAMES; i++) {
        g_assert_cmpint(pixel(composer, i), ==, 10 + i);
        g_assert_cmpint(pixel(composer, FRAMES + i), ==, 100 + i);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(
        rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 2 * FRAMES, &error));
    g_assert_nonnull(error);
    film_clear(&film);
}

static void trims_choose_the_frames(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 50));
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(film.project), 0);
    g_assert_true(rushes_project_trim_shot(film.project, shot, 3, 5, NULL));
    g_autoptr(RushesComposer) composer = compose(&film);

    for (int i = 0; i < 3; i++)
        g_assert_cmpint(pixel(composer, i), ==, 53 + i);
    film_clear(&film);
}

static void white_into_white_stays_white(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 255));
    add_shot(&film, add_take(&film, 255));
    set_field(&film, 1, "dissolve", 0.5);
    g_autoptr(RushesComposer) composer = compose(&film);
    RushesFrameFormat format;

    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(composer), &format);
    g_assert_cmpint(format.frames, ==, 2 * FRAMES - 5);
    for (int i = 0; i < format.frames; i++)
        g_assert_cmpint(pixel(composer, i), ==, 255);
    film_clear(&film);
}

static void a_dissolve_goes_evenly_from_one_to_the_other(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 0));
    add_shot(&film, add_take(&film, 200));
    set_field(&film, 1, "dissolve", 0.4);
    g_autoptr(RushesComposer) composer = compose(&film);

    g_assert_cmpint(pixel(composer, 5), ==, 5);
    for (int k = 0; k < 4; k++) {
        int leaving = 6 + k, coming = 200 + k;
        g_assert_cmpint(pixel(composer, 6 + k), ==, (leaving * (4 - k) + coming * (k + 1) + 2) / 5);
    }
    g_assert_cmpint(pixel(composer, 10), ==, 204);
    g_autoptr(RushesTimeline) timeline = rushes_composer_get_timeline(composer);
    g_assert_cmpfloat(rushes_timeline_get_seconds(timeline), ==, (2 * FRAMES - 4) / (double)FPS);
    film_clear(&film);
}

static void fades_come_from_and_go_to_black(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 240));
    set_field(&film, 0, "fade_in", 0.3);
    set_field(&film, 0, "fade_out", 0.2);
    g_autoptr(RushesComposer) composer = compose(&film);

    g_assert_cmpint(pixel(composer, 0), ==, 60);
    g_assert_cmpint(pixel(composer, 1), <, pixel(composer, 2));
    g_assert_cmpint(pixel(composer, 3), ==, 243);
    g_assert_cmpint(pixel(composer, 9), ==, 83);
    film_clear(&film);
}

static void on_lost(RushesComposer *composer, guint *count)
{
    (*count)++;
}

static void a_picture_that_is_lost_later_is_named_at_once(void)
{
    Film film = film_new();
    RushesTake *take = add_take(&film, 10);
    add_shot(&film, take);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);
    g_autofree char *path = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
    g_autofree char *kept = NULL;
    guint lost = 0;
    gsize length;

    g_signal_connect(composer, "lost", G_CALLBACK(on_lost), &lost);
    g_autoptr(GBytes) there =
        rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 7, NULL);
    g_assert_null(rushes_composer_dup_problem(composer, 7));
    g_assert_true(g_file_get_contents(path, &kept, &length, NULL));
    g_assert_cmpint(truncate(path, 5L * WIDTH * HEIGHT * 3), ==, 0);
    for (int i = 0; i < 2; i++) { // told once
        g_autoptr(GBytes) stripes =
            rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 7, NULL);
        g_assert_false(g_bytes_equal(stripes, there));
        while (g_main_context_iteration(NULL, FALSE))
            ;
    }
    // Another frame of the shot is there; that does not bring the lost one back.
    g_autoptr(GBytes) earlier =
        rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 2, NULL);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(lost, ==, 1);
    g_autofree char *problem = rushes_composer_dup_problem(composer, 7);
    g_assert_true(g_str_has_prefix(problem, "Shot 1: Frame 8 cannot be read"));
    // And once when it is there again.
    int file = open(path, O_WRONLY);
    g_assert_cmpint(write(file, kept, length), ==, (gssize)length);
    close(file);
    g_autoptr(GBytes) again =
        rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 7, NULL);
    g_assert_true(g_bytes_equal(again, there));
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(lost, ==, 2);
    g_assert_null(rushes_composer_dup_problem(composer, 7));
    film_clear(&film);
}

static void a_missing_take_is_no_picture_and_is_named(void)
{
    Film film = film_new();
    RushesTake *take = add_take(&film, 90);
    add_shot(&film, take);
    g_autofree char *frames = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
    g_assert_cmpint(g_unlink(frames), ==, 0);
    g_autofree char *folder = g_strdup(rushes_project_get_folder(film.project));
    g_clear_object(&film.project);
    film.project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, NULL);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, problems);
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);

    g_assert_cmpuint(problems->len, ==, 1);
    g_autoptr(GBytes) card = rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 0, NULL);
    const guint8 *rgb = g_bytes_get_data(card, NULL);
    guint colours = 1;
    for (gsize i = 3; i < g_bytes_get_size(card); i += 3)
        if (memcmp(rgb + i, rgb, 3) != 0)
            colours = 2;
    g_assert_cmpuint(colours, ==, 2); // neither black nor any one colour that a shot may have
    rushes_composer_set_strict(composer, TRUE);
    g_autoptr(GError) error = NULL;
    g_assert_null(rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(composer), 0, &error));
    g_assert_nonnull(error);
    film_clear(&film);
}

static void sound_is_the_same_however_it_is_cut(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 1));
    add_shot(&film, add_take(&film, 2));
    set_field(&film, 1, "dissolve", 0.3);
    set_field(&film, 0, "gain_db", -6.0);
    g_autoptr(RushesComposer) composer = compose(&film);
    gsize count = (gsize)(1.7 * RUSHES_TIMELINE_RATE);
    g_autofree float *whole = g_new(float, 2 * count);
    g_autofree float *parts = g_new(float, 2 * count);

    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 0, count, whole, NULL);
    for (gsize at = 0, step = 1; at < count; at += step, step = step * 3 + 1) {
        step = MIN(step, count - at);
        rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), (gint64)at, step,
                                         parts + 2 * at, NULL);
    }
    g_assert_cmpmem(whole, 2 * count * sizeof(float), parts, 2 * count * sizeof(float));
    film_clear(&film);
}

static void resampled_sound_keeps_pitch_and_level(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 1));
    set_field(&film, 0, "gain_db", -6.0206);
    g_autoptr(RushesComposer) composer = compose(&film);
    float samples[2 * 4800];
    double worst = 0.0;

    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 12000, 4800, samples, NULL);
    for (int i = 0; i < 4800; i++) {
        double expected = 0.25 * sin(2.0 * G_PI * 440.0 * (12000 + i) / RUSHES_TIMELINE_RATE);
        worst = MAX(worst, fabs((double)samples[2 * i] - expected));
        g_assert_cmpfloat(samples[2 * i], ==, samples[2 * i + 1]);
    }
    g_assert_cmpfloat(worst, <, 0.0005);
    film_clear(&film);
}

static void mute_silences_one_shot_only(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 1));
    add_shot(&film, add_take(&film, 2));
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(film.project), 0);
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    cJSON_AddBoolToObject(fields, "mute", TRUE);
    g_assert_true(rushes_project_edit_shot(film.project, shot, "Mute", fields, NULL));
    g_autoptr(RushesComposer) composer = compose(&film);
    float first[200], second[200];

    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 20000, 100, first, NULL);
    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 70000, 100, second, NULL);
    float loudest[2] = {0.0f, 0.0f};
    for (int i = 0; i < 200; i++) {
        loudest[0] = MAX(loudest[0], fabsf(first[i]));
        loudest[1] = MAX(loudest[1], fabsf(second[i]));
    }
    g_assert_cmpfloat(loudest[0], ==, 0.0f);
    g_assert_cmpfloat(loudest[1], >, 0.3f);
    film_clear(&film);
}

static void put_sound(Film *film, const char *media, double at)
{
    g_autoptr(cJSON) list = cJSON_CreateArray();
    cJSON *clip = cJSON_CreateObject();

    cJSON_AddStringToObject(clip, "id", "s1");
    cJSON_AddStringToObject(clip, "media", media);
    cJSON_AddNumberToObject(clip, "at", at);
    cJSON_AddItemToArray(list, clip);
    g_assert_true(rushes_project_set_value(film->project, "sound", list, "Add Sound", NULL));
}

static void a_spoken_line_sounds_at_its_place(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 1));
    set_field(&film, 0, "gain_db", -96.0);
    g_autoptr(GError) error = NULL;
    g_autofree char *media = rushes_speech_speak(film.project, "hello there", "en", &error);
    g_assert_no_error(error);
    put_sound(&film, media, 0.2);
    g_autoptr(RushesComposer) composer = compose(&film);
    g_autofree float *samples = g_new(float, 2 * RUSHES_TIMELINE_RATE);
    float before = 0.0f, after = 0.0f;

    rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 0, RUSHES_TIMELINE_RATE,
                                     samples, NULL);
    for (int i = 0; i < 2 * RUSHES_TIMELINE_RATE; i++)
        *(i < 2 * RUSHES_TIMELINE_RATE / 5 ? &before : &after) =
            MAX(i < 2 * RUSHES_TIMELINE_RATE / 5 ? before : after, fabsf(samples[i]));
    g_assert_cmpfloat(before, ==, 0.0f);
    g_assert_cmpfloat(after, >, 0.05f);
    film_clear(&film);
}

static void a_sound_cut_short_while_it_is_open_falls_silent_and_says_so(void)
{
    Film film = film_new();
    g_autoptr(GError) error = NULL;
    g_autofree char *name = rushes_speech_speak(film.project, "hello there", "en", &error);
    g_assert_no_error(error);
    g_autofree char *path =
        g_build_filename(rushes_project_get_folder(film.project), "media", name, NULL);
    add_shot(&film, add_take(&film, 1));
    put_sound(&film, name, 0.0);
    g_autoptr(RushesComposer) composer = compose(&film);
    g_autoptr(RushesMedia) media = rushes_media_open(film.project, name, &error);
    g_autofree float *samples = g_new(float, 2 * RUSHES_TIMELINE_RATE);
    gsize count = 0;

    g_assert_no_error(error);
    g_assert_cmpint(truncate(path, 0), ==, 0);
    g_assert_false(rushes_media_read(media, 100, RUSHES_TIMELINE_RATE / 4, samples));
    for (int i = 0; i < RUSHES_TIMELINE_RATE / 2; i++)
        g_assert_cmpfloat(samples[i], ==, 0.0f);
    g_autofree float *peaks = rushes_media_read_peaks(media, 100, &count);
    g_assert_cmpuint(count, >, 0);
    for (gsize i = 0; i < count; i++)
        g_assert_cmpfloat(peaks[i], ==, 0.0f);
    g_assert_false(rushes_frame_source_read_samples(RUSHES_FRAME_SOURCE(composer), 0,
                                                    RUSHES_TIMELINE_RATE / 2, samples, &error));
    g_assert_nonnull(strstr(error->message, "A sound cannot be read any more at its second 0.00"));
    float loudest = 0.0f; // the shot's own sound goes on
    for (int i = 0; i < RUSHES_TIMELINE_RATE; i++)
        loudest = MAX(loudest, fabsf(samples[i]));
    g_assert_cmpfloat(loudest, >, 0.3f);
    film_clear(&film);
}

static void a_file_without_sound_is_refused_and_leaves_nothing(void)
{
    Film film = film_new();
    g_autofree char *path = g_build_filename(film.scratch, "notes.txt", NULL);
    g_autofree char *media =
        g_build_filename(rushes_project_get_folder(film.project), "media", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(path, "words, not sound", -1, NULL));
    g_assert_null(rushes_media_import(film.project, path, NULL, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "notes.txt"));
    g_autoptr(GDir) dir = g_dir_open(media, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
    g_clear_error(&error);
    g_assert_null(rushes_media_open(film.project, "../../project.json", &error));
    g_assert_nonnull(error);
    film_clear(&film);
}

static void assert_media_is_empty(Film *film)
{
    g_autofree char *media =
        g_build_filename(rushes_project_get_folder(film->project), "media", NULL);
    g_autoptr(GDir) dir = g_dir_open(media, 0, NULL);

    g_assert_null(dir ? g_dir_read_name(dir) : NULL);
}

static void a_full_disk_and_an_unreadable_file_are_named_and_leave_nothing(void)
{
    Film film = film_new();
    g_autofree char *gone = g_build_filename(film.scratch, "gone.wav", NULL);
    g_autofree char *tone = g_build_filename(film.scratch, "tone.wav", NULL);
    const char *argv[] = {"ffmpeg",          "-v", "error", "-f", "lavfi", "-i",
                          "sine=duration=4", tone, NULL};
    g_autoptr(GError) error = NULL;
    struct rlimit all, little;

    g_assert_null(rushes_media_import(film.project, gone, NULL, &error));
    g_assert_nonnull(strstr(error->message, "gone.wav"));
    g_assert_nonnull(strstr(error->message, "choose a music or voice file"));
    g_clear_error(&error);
    g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                               NULL, NULL, NULL));
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &all), ==, 0);
    little = all;
    little.rlim_cur = 64 * 1024;
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &little), ==, 0);
    g_assert_null(rushes_media_import(film.project, tone, NULL, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &all), ==, 0);
    g_assert_nonnull(strstr(error->message, "the disk is full"));
    assert_media_is_empty(&film);
    g_autofree char *media = rushes_media_import(film.project, tone, NULL, NULL);
    g_assert_nonnull(media); // with room it goes in
    film_clear(&film);
}

static void the_crop_follows_the_canvas_and_its_position(void)
{
    RushesCropArea left = rushes_crop_area(256, 160, 0.0, 0.5, 90, 160);
    RushesCropArea right = rushes_crop_area(256, 160, 1.0, 0.5, 90, 160);
    RushesCropArea tall = rushes_crop_area(160, 256, 0.5, 0.5, 256, 160);

    g_assert_cmpint(left.x, ==, 0);
    g_assert_cmpint(left.width, ==, 90);
    g_assert_cmpint(left.height, ==, 160);
    g_assert_cmpint(right.x + right.width, ==, 256);
    g_assert_cmpint(tall.width, ==, 160);
    g_assert_cmpint(tall.height, ==, 100);
    g_assert_cmpint(tall.y, ==, 78);
}

static void another_aspect_fills_the_canvas(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 77));
    int width, height;
    rushes_timeline_canvas_for_aspect(film.project, "9:16", &width, &height);
    g_assert_cmpint(width, ==, 18);
    g_assert_cmpint(height, ==, 32);
    g_autoptr(RushesTimeline) timeline =
        rushes_timeline_with_canvas(film.project, width, height, 0.0, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);

    g_assert_cmpint(pixel(composer, 3), ==, 80);
    film_clear(&film);
}

static void nonsense_in_the_fields_is_kept_within_sense(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));
    add_shot(&film, add_take(&film, 20));
    set_field(&film, 1, "dissolve", 1e300);
    set_field(&film, 0, "gain_db", 1e300);
    set_field(&film, 0, "fade_in", -5.0);
    set_field(&film, 1, "crop_x", -1e9);
    g_autoptr(RushesComposer) composer = compose(&film);
    RushesFrameFormat format;

    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(composer), &format);
    g_assert_cmpint(format.frames, ==, FRAMES);
    for (int i = 0; i < format.frames; i++)
        pixel(composer, i);
    film_clear(&film);
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/timeline/" #name, name)
    ADD(cuts_show_every_frame_of_every_shot);
    ADD(trims_choose_the_frames);
    ADD(white_into_white_stays_white);
    ADD(a_dissolve_goes_evenly_from_one_to_the_other);
    ADD(fades_come_from_and_go_to_black);
    ADD(a_missing_take_is_no_picture_and_is_named);
    ADD(a_picture_that_is_lost_later_is_named_at_once);
    ADD(sound_is_the_same_however_it_is_cut);
    ADD(resampled_sound_keeps_pitch_and_level);
    ADD(mute_silences_one_shot_only);
    ADD(a_spoken_line_sounds_at_its_place);
    ADD(a_sound_cut_short_while_it_is_open_falls_silent_and_says_so);
    ADD(a_file_without_sound_is_refused_and_leaves_nothing);
    ADD(a_full_disk_and_an_unreadable_file_are_named_and_leave_nothing);
    ADD(the_crop_follows_the_canvas_and_its_position);
    ADD(another_aspect_fills_the_canvas);
    ADD(nonsense_in_the_fields_is_kept_within_sense);
    return g_test_run();
}
