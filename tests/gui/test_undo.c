// SPDX-License-Identifier: GPL-3.0-or-later
//
// Every edit that the window offers, one after the other: it changes the project, undo gives back what was there, redo what
// it had made of it. What an action does is asked of the action; what a drag, a field or a list does, of the function
// that it ends in.
#include <adwaita.h>
#include <glib/gstdio.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "raw_take.h"
#include "scratch.h"
#include "timeline/film-edit.h"
#include "window-private.h"

#define FRAMES 10

typedef struct Studio {
    RushesProject *project;
    RushesWindow *window;
    char *picture; // a file
} Studio;

static void spin(guint milliseconds)
{
    gint64 until = g_get_monotonic_time() + milliseconds * 1000;
    while (g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
}

// ---- what an edit starts from ----
static RushesTake *add_take(RushesProject *project, const char *prompt, gboolean star)
{
    g_autoptr(RushesRecipe) recipe = raw_take_recipe(prompt, 32, 20, FRAMES, 10);
    gsize bytes = 32 * 20 * 3 * FRAMES;
    g_autofree guint8 *rgb = g_malloc(bytes);

    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    memset(rgb, 90, bytes);
    raw_take_set_frames(take, rgb);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    g_assert_true(rushes_project_set_star(project, take, star, NULL));
    return take;
}

static void add_sound(RushesProject *project)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    cJSON_AddStringToObject(fields, "media", "music.wav");
    cJSON_AddNumberToObject(fields, "at", 0.2);
    cJSON_AddNumberToObject(fields, "seconds", 1.5);
    cJSON_AddNumberToObject(fields, "out", 1.5);
    g_free(rushes_film_add_sound(project, fields, "Import Sound", NULL));
}

// Three takes, the first two starred and in a row; a sound, a marker, marks on the third take, a start.
static void fill(RushesProject *project)
{
    RushesTake *one = add_take(project, "a fox", TRUE), *two = add_take(project, "a cat", TRUE);
    RushesTake *three = add_take(project, "a crab", TRUE);
    g_autoptr(cJSON) start = cJSON_CreateObject();
    g_autoptr(cJSON) marks = cJSON_CreateObject();

    g_assert_true(rushes_project_add_shot(project, one, 0, NULL));
    g_assert_true(rushes_project_add_shot(project, two, 1, NULL));
    add_sound(project);
    g_assert_true(rushes_film_add_marker(project, 0.5, "beat", NULL));
    cJSON_AddStringToObject(start, "kind", "extend");
    cJSON_AddStringToObject(start, "take", rushes_take_get_id(one));
    g_assert_true(rushes_project_set_value(project, "start", start, "Set First Frame", NULL));
    cJSON_AddItemToObject(marks, rushes_take_get_id(three), cJSON_CreateIntArray((int[]){1, 8}, 2));
    g_assert_true(rushes_project_set_value(project, "marks", marks, "Mark", NULL));
}

static RushesTake *take_at(Studio *studio, guint index)
{
    g_autoptr(RushesTake) take =
        g_list_model_get_item(rushes_project_get_takes(studio->project), index);
    return take; // the project holds it
}

static RushesShot *shot_at(Studio *studio, guint index)
{
    g_autoptr(RushesShot) shot =
        g_list_model_get_item(rushes_project_get_shots(studio->project), index);
    return shot;
}

static RushesTimelineRow *lanes(Studio *studio)
{
    return rushes_timeline_pane_get_row(studio->window->timeline);
}

static const char *sound_id(Studio *studio)
{
    return rushes_json_string(
        cJSON_GetArrayItem(rushes_project_get_value(studio->project, "sound"), 0), "id", NULL);
}

// What has the focus, and what the preview shows, when an action is called.
static void with_take(Studio *studio)
{
    rushes_take_strip_select(studio->window->strip, take_at(studio, 2));
    gtk_widget_grab_focus(GTK_WIDGET(rushes_preview_pane_get_view(studio->window->preview)));
    rushes_player_seek(window_player(studio->window), 4);
}

static void with_film(Studio *studio)
{
    window_show_film(studio->window);
    gtk_widget_grab_focus(GTK_WIDGET(rushes_preview_pane_get_view(studio->window->preview)));
    rushes_player_seek(window_player(studio->window), 14); // the fifth frame of the second shot
}

static void with_shot(Studio *studio)
{
    with_film(studio);
    rushes_timeline_row_focus(lanes(studio), 1);
}

static void with_first_shot(Studio *studio)
{
    with_film(studio);
    rushes_timeline_row_focus(lanes(studio), 0);
}

static void with_sound(Studio *studio)
{
    with_film(studio);
    rushes_player_seek(window_player(studio->window), 6);
    rushes_timeline_row_focus_sound(lanes(studio), sound_id(studio));
}

static void with_two_takes(Studio *studio)
{
    with_take(studio);
    rushes_take_strip_select_pair(studio->window->strip, take_at(studio, 1), take_at(studio, 2));
}

static void without_marks(Studio *studio)
{
    with_take(studio);
    rushes_take_strip_select(studio->window->strip, take_at(studio, 0));
    rushes_player_seek(window_player(studio->window), 4);
}

// ---- edits that are no action ----
static void set_draft(Studio *studio, const char *field, cJSON *value)
{
    g_autoptr(cJSON) fields = rushes_recipe_to_json(rushes_project_get_draft(studio->project));

    rushes_json_put(fields, field, value);
    g_autoptr(RushesRecipe) draft = rushes_recipe_from_json(fields, NULL);
    g_assert_nonnull(draft);
    g_assert_true(rushes_project_set_draft(studio->project, draft, 1, NULL));
}

static void write_words(Studio *studio)
{
    set_draft(studio, "prompt", cJSON_CreateString("other words"));
}

static void write_avoided(Studio *studio)
{
    set_draft(studio, "negative", cJSON_CreateString("blur"));
}

static void choose_seed(Studio *studio)
{
    set_draft(studio, "seed", cJSON_CreateString("77"));
}

static void choose_steps(Studio *studio)
{
    set_draft(studio, "steps", cJSON_CreateNumber(31));
}

static void choose_guidance(Studio *studio)
{
    set_draft(studio, "guidance", cJSON_CreateNumber(7.5));
}

static void choose_length(Studio *studio)
{
    set_draft(studio, "frames", cJSON_CreateNumber(41));
}

static void choose_size(Studio *studio)
{
    set_draft(studio, "width", cJSON_CreateNumber(320));
}

static void choose_count(Studio *studio)
{
    g_assert_true(rushes_project_set_draft(studio->project,
                                           rushes_project_get_draft(studio->project), 4, NULL));
}

static void write_note(Studio *studio)
{
    g_assert_true(rushes_project_set_note(studio->project, take_at(studio, 0), "too dark", NULL));
}

static void start_from_picture(Studio *studio)
{
    g_autoptr(GFile) file = g_file_new_for_path(studio->picture);

    window_start_from_image(studio->window, file);
}

static void answer_who_is_on_it(Studio *studio)
{
    cJSON *start = cJSON_Duplicate(rushes_project_get_value(studio->project, "start"), TRUE);

    rushes_json_put(start, "person", cJSON_CreateTrue());
    rushes_json_put(start, "record", cJSON_CreateString("somebody"));
    window_set_start(studio->window, start);
}

static void activate_take(Studio *studio)
{
    g_signal_emit_by_name(studio->window->strip, "activate", take_at(studio, 2));
}

static void move_by_drag(Studio *studio)
{
    g_assert_true(rushes_project_move_shot(studio->project, shot_at(studio, 1), 0, NULL));
}

static void trim_by_handle(Studio *studio)
{
    g_assert_true(rushes_project_trim_shot(studio->project, shot_at(studio, 0), 2, 7, NULL));
}

static void edit_shot(Studio *studio, const char *label, const char *field, double value)
{
    g_autoptr(cJSON) change = cJSON_CreateObject();

    cJSON_AddNumberToObject(change, field, value);
    g_assert_true(
        rushes_project_edit_shot(studio->project, shot_at(studio, 1), label, change, NULL));
}

static void change_gain(Studio *studio)
{
    edit_shot(studio, "Change Gain", "gain_db", -6);
}

static void fade_sound_of_shot(Studio *studio)
{
    edit_shot(studio, "Fade Sound In", "sound_fade_in", 0.3);
}

static void crop(Studio *studio)
{
    edit_shot(studio, "Crop", "crop_x", 0.2);
}

static void change_aspect(Studio *studio)
{
    g_assert_true(rushes_film_set_aspect(studio->project, "9:16", NULL));
}

static void import_sound(Studio *studio)
{
    add_sound(studio->project);
}

static void edit_sound(Studio *studio, const char *label, const char *field, cJSON *value)
{
    g_autofree char *id = g_strdup(sound_id(studio));
    g_autoptr(cJSON) change = cJSON_CreateObject();

    cJSON_AddItemToObject(change, field, value);
    g_assert_true(rushes_film_edit_sound(studio->project, id, label, change, NULL));
}

static void move_sound(Studio *studio)
{
    edit_sound(studio, "Move Sound", "at", cJSON_CreateNumber(0.7));
}

static void change_sound_gain(Studio *studio)
{
    edit_sound(studio, "Change Gain", "gain_db", cJSON_CreateNumber(3));
}

static void fade_sound(Studio *studio)
{
    edit_sound(studio, "Fade Sound", "fade_out", cJSON_CreateNumber(0.4));
}

static void speak_other_words(Studio *studio)
{
    edit_sound(studio, "Change Spoken Line", "words", cJSON_CreateString("once upon a time"));
}

static void rename_marker(Studio *studio)
{
    g_assert_true(rushes_film_rename_marker(studio->project, 0, "drum", NULL));
}

static void remove_marker(Studio *studio)
{
    g_assert_true(rushes_film_remove_marker(studio->project, 0, NULL));
}

typedef struct Edit {
    const char *action;     // of the window, or
    void (*make)(Studio *); // a function
    void (*before)(Studio *);
    const char *label; // of the undo
} Edit;

static const Edit edits[] = {
    // the prompt pane
    {NULL, write_words, with_take, "Write"},
    {NULL, write_avoided, with_take, "Write"},
    {NULL, choose_seed, with_take, "Change Settings"},
    {NULL, choose_steps, with_take, "Change Settings"},
    {NULL, choose_guidance, with_take, "Change Settings"},
    {NULL, choose_length, with_take, "Change Settings"},
    {NULL, choose_size, with_take, "Change Settings"},
    {NULL, choose_count, with_take, "Change Settings"},
    {"win.use-recipe", NULL, with_take, "Use Recipe"},
    {"win.same-seed", NULL, with_take, "Use Seed"},
    // what the next take starts from
    {"win.extend", NULL, with_take, "Extend Take"},
    {"win.start-from-frame", NULL, with_take, "Set First Frame"},
    {"win.clear-start", NULL, with_take, "Clear First Frame"},
    {NULL, start_from_picture, with_take, "Set First Frame"},
    {NULL, answer_who_is_on_it, with_take, "Set First Frame"},
    // takes
    {"win.star", NULL, with_take, "Unstar"},
    {NULL, write_note, with_take, "Edit Note"},
    {"win.delete", NULL, with_take, "Delete Take"},
    {"win.delete-take", NULL, with_two_takes, "Delete Takes"},
    {"win.mark-in", NULL, with_take, "Mark"},
    {"win.mark-out", NULL, with_take, "Mark"},
    {"win.mark-in", NULL, without_marks, "Mark"},
    {"win.mark-out", NULL, without_marks, "Mark"},
    {"win.clear-marks", NULL, with_take, "Clear Marks"},
    // shots
    {"win.add-to-timeline", NULL, with_take, "Add Shot"}, // between its marks
    {"win.add-to-timeline", NULL, without_marks, "Add Shot"},
    {"win.fill-timeline", NULL, with_take, "Add Starred Takes"},
    {NULL, activate_take, with_take, "Add Shot"},
    {"win.shot-earlier", NULL, with_shot, "Move Shot"},
    {"win.shot-later", NULL, with_first_shot, "Move Shot"},
    {NULL, move_by_drag, with_film, "Move Shot"},
    {NULL, trim_by_handle, with_film, "Trim"},
    {"win.mark-in", NULL, with_film, "Trim"},
    {"win.mark-out", NULL, with_film, "Trim"},
    {"win.split", NULL, with_film, "Split"},
    {"win.dissolve", NULL, with_shot, "Dissolve"},
    {"win.fade-in", NULL, with_shot, "Fade In"},
    {"win.fade-out", NULL, with_shot, "Fade Out"},
    {"win.mute-shot", NULL, with_shot, "Mute Shot"},
    {NULL, change_gain, with_shot, "Change Gain"},
    {NULL, fade_sound_of_shot, with_shot, "Fade Sound In"},
    {NULL, crop, with_shot, "Crop"},
    {"win.delete", NULL, with_shot, "Remove Shot"},
    {"win.ripple-delete", NULL, with_first_shot, "Ripple Delete"},
    {NULL, change_aspect, with_film, "Change Aspect"},
    // sounds and markers
    {NULL, import_sound, with_film, "Import Sound"},
    {NULL, move_sound, with_film, "Move Sound"},
    {NULL, change_sound_gain, with_sound, "Change Gain"},
    {NULL, fade_sound, with_sound, "Fade Sound"},
    {NULL, speak_other_words, with_sound, "Change Spoken Line"},
    {"win.mark-in", NULL, with_sound, "Trim Sound"},
    {"win.mark-out", NULL, with_sound, "Trim Sound"},
    {"win.split", NULL, with_sound, "Split Sound"},
    {"win.mute-shot", NULL, with_sound, "Mute Sound"},
    {"win.delete", NULL, with_sound, "Remove Sound"},
    {"win.ripple-delete", NULL, with_sound, "Ripple Delete"},
    {"win.add-marker", NULL, with_film, "Add Marker"},
    {NULL, rename_marker, with_film, "Rename Marker"},
    {NULL, remove_marker, with_film, "Remove Marker"},
};

// All that an edit can change, but for the count of edits; stars and notes are the takes' own.
static char *whole_state(RushesProject *project)
{
    g_autofree char *text = rushes_project_dup_state(project);
    cJSON *state = cJSON_Parse(text);
    GListModel *takes = rushes_project_get_takes(project);

    cJSON_DeleteItemFromObjectCaseSensitive(state, "seq");
    cJSON_DeleteItemFromObjectCaseSensitive(state, "removed"); // in the order of deleting
    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        cJSON *own = cJSON_AddObjectToObject(state, rushes_take_get_id(take));
        cJSON_AddBoolToObject(own, "star", rushes_take_get_star(take));
        cJSON_AddStringToObject(own, "note", rushes_take_get_note(take));
    }
    char *printed = cJSON_PrintUnformatted(state);
    char *copy = g_strdup(printed);
    cJSON_free(printed);
    cJSON_Delete(state);
    return copy;
}

static void assert_same(const char *left, const char *right)
{
    g_autoptr(cJSON) a = cJSON_Parse(left);
    g_autoptr(cJSON) b = cJSON_Parse(right);

    if (!cJSON_Compare(a, b, TRUE))
        g_error("%s\nis not\n%s", left, right);
}

static void activate(Studio *studio, const char *action)
{
    g_assert_true(gtk_widget_activate_action(GTK_WIDGET(studio->window), action, NULL));
    spin(5);
}

static void check_edit(Studio *studio, const Edit *edit)
{
    edit->before(studio);
    spin(5);
    g_autofree char *before = whole_state(studio->project);
    if (edit->action)
        activate(studio, edit->action);
    else
        edit->make(studio);
    g_autofree char *after = whole_state(studio->project);

    g_test_message("%s: %s", edit->action ? edit->action : "a function", edit->label);
    g_assert_cmpstr(rushes_project_get_undo_label(studio->project), ==, edit->label);
    g_assert_cmpstr(after, !=, before);
    // Not in a text, whose own letters would be taken back.
    gtk_widget_grab_focus(GTK_WIDGET(rushes_preview_pane_get_view(studio->window->preview)));
    for (int i = 0; i < 2; i++) {
        activate(studio, "win.undo");
        g_autofree char *undone = whole_state(studio->project);
        assert_same(undone, before);
        g_assert_cmpstr(rushes_project_get_redo_label(studio->project), ==, edit->label);
        activate(studio, "win.redo");
        g_autofree char *redone = whole_state(studio->project);
        assert_same(redone, after);
    }
    activate(studio, "win.undo"); // for the next one
}

static void the_marks_follow_undo_and_redo(Studio *studio)
{
    RushesPlayer *player = window_player(studio->window);
    int in, out;

    with_take(studio);
    activate(studio, "win.mark-in");
    g_object_get(player, "mark-in", &in, "mark-out", &out, NULL);
    g_assert_cmpint(in, ==, 4);
    activate(studio, "win.undo");
    g_object_get(player, "mark-in", &in, "mark-out", &out, NULL);
    g_assert_cmpint(in, ==, 1);
    g_assert_cmpint(out, ==, 8);
    activate(studio, "win.redo");
    g_object_get(player, "mark-in", &in, NULL);
    g_assert_cmpint(in, ==, 4);
    activate(studio, "win.undo");
}

static void every_edit_is_undone_and_redone(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Film.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autoptr(RushesQueue) queue = rushes_queue_new(library);
    g_autoptr(AdwApplication) application =
        adw_application_new("io.rushes.Test", G_APPLICATION_NON_UNIQUE);
    g_autoptr(GdkPixbuf) pixbuf = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, 16, 16);
    Studio studio = {.project = project};

    gdk_pixbuf_fill(pixbuf, 0x336699ff);
    studio.picture = g_build_filename(scratch, "first.png", NULL);
    g_assert_true(gdk_pixbuf_save(pixbuf, studio.picture, "png", NULL, NULL));
    fill(project);
    g_assert_true(g_application_register(G_APPLICATION(application), NULL, NULL));
    studio.window = rushes_window_new(application, queue, project);
    gtk_window_present(GTK_WINDOW(studio.window));
    spin(300);
    for (guint i = 0; i < G_N_ELEMENTS(edits); i++)
        check_edit(&studio, &edits[i]);
    the_marks_follow_undo_and_redo(&studio);
    gtk_window_destroy(GTK_WINDOW(studio.window));
    g_free(studio.picture);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    adw_init();
    gtk_source_init();
    g_test_add_func("/gui/undo", every_edit_is_undone_and_redone);
    return scratch_end(g_test_run());
}
