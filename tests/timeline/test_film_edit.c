// SPDX-License-Identifier: GPL-3.0-or-later
//
// Edits of the film: one step of undo each, and on the disk before they return.
#include <glib/gstdio.h>
#include <gst/gst.h>

#include "film.h"
#include "timeline/film-edit.h"
#include "timeline/media.h"
#include "timeline/speech.h"

static char *add_sound(Film *film, double at, double seconds)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    g_autoptr(GError) error = NULL;

    cJSON_AddStringToObject(fields, "media", "none");
    cJSON_AddNumberToObject(fields, "at", at);
    cJSON_AddNumberToObject(fields, "in", 0);
    cJSON_AddNumberToObject(fields, "out", seconds);
    char *id = rushes_film_add_sound(film->project, fields, "Import Sound", &error);
    g_assert_no_error(error);
    return id;
}

static double number(Film *film, const char *id, const char *key)
{
    return rushes_json_number(rushes_film_find_sound(film->project, id), key, -1.0);
}

static void edit_number(Film *film, const char *id, const char *label, const char *key,
                        double value)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    cJSON_AddNumberToObject(fields, key, value);
    g_assert_true(rushes_film_edit_sound(film->project, id, label, fields, NULL));
}

static guint count_sounds(Film *film)
{
    return (guint)cJSON_GetArraySize(rushes_project_get_value(film->project, "sound"));
}

static void sounds_are_added_changed_removed_and_taken_back_step_by_step(void)
{
    Film film = film_new();
    g_autofree char *one = add_sound(&film, 1.0, 2.0), *two = add_sound(&film, 4.0, 1.0);

    edit_number(&film, one, "Move Sound", "at", 1.5);
    g_assert_true(rushes_film_remove_sound(film.project, two, NULL));
    g_assert_null(rushes_film_find_sound(film.project, two));
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpfloat(number(&film, two, "at"), ==, 4.0);
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpfloat(number(&film, one, "at"), ==, 1.0);
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpuint(count_sounds(&film), ==, 1);
    g_assert_true(rushes_project_redo(film.project, NULL));
    g_assert_true(rushes_project_redo(film.project, NULL));
    g_assert_cmpfloat(number(&film, one, "at"), ==, 1.5);
    g_assert_false(rushes_film_remove_sound(film.project, "nobody", NULL));
    film_clear(&film);
}

static void nudges_in_one_go_are_one_step(void)
{
    Film film = film_new();
    g_autofree char *id = add_sound(&film, 1.0, 2.0);

    for (int i = 1; i <= 5; i++)
        edit_number(&film, id, "Move Sound", "at", 1.0 + i * 0.1);
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpfloat(number(&film, id, "at"), ==, 1.0);
    film_clear(&film);
}

static void every_edit_survives_an_end_without_saving(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));
    g_autofree char *id = add_sound(&film, 0.5, 2.0);
    edit_number(&film, id, "Change Gain", "gain_db", -6.0);
    g_assert_true(rushes_film_add_marker(film.project, 0.7, "beat", NULL));
    g_assert_true(rushes_film_set_aspect(film.project, "9:16", NULL));
    set_field(&film, 0, "crop_x", 0.25);
    film_reopen(&film);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, NULL);
    const RushesSoundClip *clip = timeline->sound->pdata[0];
    const char *text;
    double at;

    g_assert_cmpfloat(clip->at, ==, 0.5);
    g_assert_cmpfloat_with_epsilon(clip->gain, 0.501, 0.001);
    g_assert_true(rushes_film_get_marker(film.project, 0, &at, &text));
    g_assert_cmpfloat(at, ==, 0.7);
    g_assert_cmpstr(text, ==, "beat");
    g_assert_cmpint(timeline->height, ==, WIDTH);
    g_assert_cmpint(timeline->width, ==, WIDTH * 9 / 16);
    g_assert_cmpfloat(((const RushesCut *)timeline->cuts->pdata[0])->crop_x, ==, 0.25);
    film_clear(&film);
}

static void a_split_sound_goes_on_without_a_gap(void)
{
    Film film = film_new();
    g_autofree char *id = add_sound(&film, 1.0, 3.0);
    edit_number(&film, id, "Fade", "fade_in", 0.5);
    edit_number(&film, id, "Fade", "fade_out", 0.7);

    g_assert_false(rushes_film_split_sound(film.project, id, 1.0, NULL));
    g_assert_false(rushes_film_split_sound(film.project, id, 4.0, NULL));
    g_assert_true(rushes_film_split_sound(film.project, id, 2.25, NULL));
    const cJSON *lane = rushes_project_get_value(film.project, "sound");
    const cJSON *first = cJSON_GetArrayItem(lane, 0), *second = cJSON_GetArrayItem(lane, 1);
    g_assert_cmpfloat(rushes_film_sound_end(first), ==, 2.25);
    g_assert_cmpfloat(rushes_json_number(second, "at", 0), ==, 2.25);
    g_assert_cmpfloat(rushes_json_number(second, "in", 0), ==, 1.25);
    g_assert_cmpfloat(rushes_film_sound_end(second), ==, 4.0);
    g_assert_false(cJSON_HasObjectItem(first, "fade_out"));
    g_assert_false(cJSON_HasObjectItem(second, "fade_in"));
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpuint(count_sounds(&film), ==, 1);
    film_clear(&film);
}

static void a_trimmed_sound_keeps_what_is_heard_where_it_is(void)
{
    Film film = film_new();
    g_autofree char *id = add_sound(&film, 1.0, 3.0);

    edit_number(&film, id, "Measure", "seconds", 3.0);
    g_assert_true(rushes_film_trim_sound(film.project, id, TRUE, 1.5, NULL));
    g_assert_true(rushes_film_trim_sound(film.project, id, FALSE, 3.25, NULL));
    const cJSON *clip = rushes_film_find_sound(film.project, id);
    g_assert_cmpfloat(rushes_json_number(clip, "at", 0), ==, 1.5);
    g_assert_cmpfloat(rushes_json_number(clip, "in", 0), ==, 0.5);
    g_assert_cmpfloat(rushes_film_sound_end(clip), ==, 3.25);
    // It can be drawn out again as far as its media goes, and no end passes the other.
    g_assert_true(rushes_film_trim_sound(film.project, id, FALSE, 4.0, NULL));
    g_assert_false(rushes_film_trim_sound(film.project, id, FALSE, 4.25, NULL));
    g_assert_false(rushes_film_trim_sound(film.project, id, TRUE, 0.75, NULL));
    g_assert_false(rushes_film_trim_sound(film.project, id, TRUE, 4.0, NULL));
    g_assert_false(rushes_film_trim_sound(film.project, id, FALSE, 1.5, NULL));
    for (int step = 0; step < 3; step++)
        g_assert_true(rushes_project_undo(film.project, NULL));
    clip = rushes_film_find_sound(film.project, id);
    g_assert_cmpfloat(rushes_json_number(clip, "at", 0), ==, 1.0);
    g_assert_cmpfloat(rushes_film_sound_end(clip), ==, 4.0);
    film_clear(&film);
}

static void a_split_shot_shows_the_same_frames(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));
    set_field(&film, 0, "dissolve", 0.3);
    set_field(&film, 0, "fade_out", 0.2);
    set_field(&film, 0, "gain_db", -3.0);
    GListModel *shots = rushes_project_get_shots(film.project);
    g_autoptr(RushesShot) shot = g_list_model_get_item(shots, 0);

    g_assert_false(rushes_film_split_shot(film.project, shot, 0, NULL));
    g_assert_false(rushes_film_split_shot(film.project, shot, FRAMES, NULL));
    g_assert_true(rushes_film_split_shot(film.project, shot, 4, NULL));
    g_autoptr(RushesShot) half = g_list_model_get_item(shots, 1);
    g_assert_cmpint(rushes_shot_get_out(shot), ==, 3);
    g_assert_cmpint(rushes_shot_get_in(half), ==, 4);
    g_assert_cmpint(rushes_shot_get_out(half), ==, FRAMES - 1);
    g_assert_false(cJSON_HasObjectItem(rushes_shot_get_fields(shot), "fade_out"));
    g_assert_cmpfloat(rushes_json_number(rushes_shot_get_fields(half), "fade_out", 0), ==, 0.2);
    g_assert_false(cJSON_HasObjectItem(rushes_shot_get_fields(half), "dissolve"));
    g_assert_cmpfloat(rushes_json_number(rushes_shot_get_fields(half), "gain_db", 0), ==, -3.0);
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpuint(g_list_model_get_n_items(shots), ==, 1);
    g_assert_cmpint(rushes_shot_get_out(shot), ==, FRAMES - 1);
    film_clear(&film);
}

static double marker_at(Film *film, guint index)
{
    double at = -1.0;

    rushes_film_get_marker(film->project, index, &at, NULL);
    return at;
}

static void ripple_delete_moves_what_comes_later(void)
{
    Film film = film_new(); // three shots of one second
    for (int i = 0; i < 3; i++)
        add_shot(&film, add_take(&film, 10 * i));
    g_autofree char *before = add_sound(&film, 0.5, 1.0), *after = add_sound(&film, 2.25, 0.5);
    rushes_film_add_marker(film.project, 2.5, "late", NULL);
    rushes_film_add_marker(film.project, 1.5, "inside", NULL);
    rushes_film_add_marker(film.project, 0.2, "early", NULL);
    g_autoptr(RushesShot) middle = g_list_model_get_item(rushes_project_get_shots(film.project), 1);

    g_assert_true(rushes_film_ripple_shot(film.project, middle, NULL));
    g_assert_cmpfloat(number(&film, before, "at"), ==, 0.5);
    g_assert_cmpfloat_with_epsilon(number(&film, after, "at"), 1.25, 1e-9);
    g_assert_cmpfloat(marker_at(&film, 0), ==, 0.2);
    g_assert_cmpfloat_with_epsilon(marker_at(&film, 1), 1.0, 1e-9);
    g_assert_cmpfloat_with_epsilon(marker_at(&film, 2), 1.5, 1e-9);
    g_assert_true(rushes_project_undo(film.project, NULL)); // all of it is one step
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(film.project)), ==, 3);
    g_assert_cmpfloat(number(&film, after, "at"), ==, 2.25);
    g_assert_cmpfloat(marker_at(&film, 1), ==, 1.5);
    g_assert_true(rushes_film_ripple_sound(film.project, before, NULL));
    g_assert_cmpfloat_with_epsilon(number(&film, after, "at"), 1.25, 1e-9);
    film_clear(&film);
}

static void markers_are_kept_in_order_with_their_names(void)
{
    Film film = film_new();
    const char *text;

    rushes_film_add_marker(film.project, 3.0, "c", NULL);
    rushes_film_add_marker(film.project, 1.0, "a", NULL);
    rushes_film_add_marker(film.project, 2.0, "", NULL);
    g_assert_cmpuint(rushes_film_count_markers(film.project), ==, 3);
    g_assert_true(rushes_film_rename_marker(film.project, 1, "b", NULL));
    for (guint i = 0; i < 3; i++) {
        g_assert_true(rushes_film_get_marker(film.project, i, NULL, &text));
        g_assert_cmpint(text[0], ==, 'a' + (int)i);
    }
    g_assert_true(rushes_film_remove_marker(film.project, 0, NULL));
    g_assert_cmpfloat(marker_at(&film, 0), ==, 2.0);
    g_assert_true(rushes_project_undo(film.project, NULL));
    g_assert_cmpfloat(marker_at(&film, 0), ==, 1.0);
    film_clear(&film);
}

static void aspects_give_the_canvas_and_can_be_taken_back(void)
{
    static const struct {
        const char *aspect;
        int width, height;
    } canvases[] = {{"16:9", 32, 18}, {"9:16", 18, 32}, {"1:1", 32, 32}, {NULL, WIDTH, HEIGHT}};
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));

    for (guint i = 0; i < G_N_ELEMENTS(canvases); i++) {
        g_assert_true(rushes_film_set_aspect(film.project, canvases[i].aspect, NULL));
        g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, NULL);
        g_assert_cmpint(timeline->width, ==, canvases[i].width);
        g_assert_cmpint(timeline->height, ==, canvases[i].height);
        g_assert_cmpstr(rushes_film_get_aspect(film.project), ==, canvases[i].aspect);
    }
    film_clear(&film);
}

static void three_shots_are_never_seen_at_once(void)
{
    Film film = film_new();
    for (int i = 0; i < 3; i++)
        add_shot(&film, add_take(&film, 50 * i));
    g_autoptr(RushesShot) middle = g_list_model_get_item(rushes_project_get_shots(film.project), 1);
    rushes_project_trim_shot(film.project, middle, 0, 5, NULL);
    set_field(&film, 1, "dissolve", 0.4);
    set_field(&film, 2, "dissolve", 0.5);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, NULL);
    const RushesCut *second = timeline->cuts->pdata[1], *third = timeline->cuts->pdata[2];

    g_assert_cmpint(second->dissolve, ==, 4);
    g_assert_cmpint(third->dissolve, ==, 2);
    g_assert_cmpint(third->start, ==, second->start + second->dissolve);
    film_clear(&film);
}

// The folder of a take is deleted behind the project's back.
static void a_shot_without_its_take_keeps_its_place_and_is_named(void)
{
    Film film = film_new();
    RushesTake *gone = add_take(&film, 10);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", rushes_take_get_folder(gone));
    add_shot(&film, gone);
    add_shot(&film, add_take(&film, 90));
    g_autoptr(RushesShot) first = g_list_model_get_item(rushes_project_get_shots(film.project), 0);
    rushes_project_trim_shot(film.project, first, 2, 6, NULL);
    g_assert_cmpint(system(command), ==, 0);
    film_reopen(&film);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, problems);
    const RushesCut *second = timeline->cuts->pdata[1];
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(second->start, ==, 5);
    g_assert_null(second->problem);
    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_true(g_str_has_prefix(problems->pdata[0], "Shot 1 is missing"));
    g_assert_false(rushes_timeline_check(timeline, &error));
    g_assert_cmpstr(error->message, ==, problems->pdata[0]);
    film_clear(&film);
}

static void cut_short_media_is_named_and_left_as_it_is(void)
{
    Film film = film_new();
    add_shot(&film, add_take(&film, 10));
    g_autofree char *media = rushes_speech_speak(film.project, "hello there", "en", NULL);
    g_autofree char *path =
        g_build_filename(rushes_project_get_folder(film.project), "media", media, NULL);
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "media", media);
    cJSON_AddStringToObject(fields, "title", "hello");
    cJSON_AddNumberToObject(fields, "seconds", 1.0);
    g_autofree char *id = rushes_film_add_sound(film.project, fields, "Speak", NULL);
    g_assert_cmpint(truncate(path, 8 * RUSHES_TIMELINE_RATE / 4), ==, 0);
    g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesTimeline) timeline = rushes_timeline_new(film.project, problems);
    GStatBuf info;

    g_assert_cmpuint(problems->len, ==, 1);
    g_assert_nonnull(strstr(problems->pdata[0], "hello"));
    g_assert_nonnull(strstr(problems->pdata[0], "0.25 of 1.00 seconds"));
    g_assert_cmpint(g_stat(path, &info), ==, 0);
    g_assert_cmpint(info.st_size, ==, 8 * RUSHES_TIMELINE_RATE / 4);
    film_clear(&film);
}

static void every_listed_voice_speaks(void)
{
    Film film = film_new();
    g_autoptr(GPtrArray) voices = rushes_speech_list_voices();
    gboolean has_english = FALSE;

    g_assert_cmpuint(voices->len, >, 0);
    for (guint i = 0; i < voices->len; i++) {
        const RushesVoice *voice = voices->pdata[i];
        g_autoptr(GError) error = NULL;
        g_autofree char *media = rushes_speech_speak(film.project, "1", voice->id, &error);
        if (error)
            g_test_message("%s (%s)", voice->id, voice->name);
        g_assert_no_error(error);
        has_english |= g_str_has_prefix(voice->id, "en");
    }
    g_assert_true(has_english);
    film_clear(&film);
}

int main(int argc, char **argv)
{
    gst_init(&argc, &argv);
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/film-edit/" #name, name)
    ADD(sounds_are_added_changed_removed_and_taken_back_step_by_step);
    ADD(nudges_in_one_go_are_one_step);
    ADD(every_edit_survives_an_end_without_saving);
    ADD(a_split_sound_goes_on_without_a_gap);
    ADD(a_trimmed_sound_keeps_what_is_heard_where_it_is);
    ADD(a_split_shot_shows_the_same_frames);
    ADD(ripple_delete_moves_what_comes_later);
    ADD(markers_are_kept_in_order_with_their_names);
    ADD(aspects_give_the_canvas_and_can_be_taken_back);
    ADD(three_shots_are_never_seen_at_once);
    ADD(a_shot_without_its_take_keeps_its_place_and_is_named);
    ADD(cut_short_media_is_named_and_left_as_it_is);
    ADD(every_listed_voice_speaks);
    return g_test_run();
}
