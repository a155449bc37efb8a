// SPDX-License-Identifier: GPL-3.0-or-later
//
// The widgets one by one, on a display of their own: what they notify, what they show, that they go
// away whole.
#include <adwaita.h>
#include <glib/gstdio.h>
#include <gtksourceview/gtksource.h>
#include <string.h>

#include "application.h"
#include "comparison-bar.h"
#include "frame-view.h"
#include "note-entry.h"
#include "queue-button.h"
#include "scratch.h"
#include "scrub-bar.h"
#include "take-card.h"
#include "take-strip.h"
#include "widget.h"
#include "window-private.h"

static void on_notify(GObject *object, GParamSpec *pspec, guint *count)
{
    (*count)++;
}

static void setters_notify_once_and_only_on_change(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *take = add_take(project, 3);
    g_autoptr(RushesPlayer) player = rushes_player_new("fakesink");
    guint stars = 0, states = 0, loops = 0, positions = 0;

    g_signal_connect(take, "notify::star", G_CALLBACK(on_notify), &stars);
    rushes_take_set_star(take, TRUE);
    rushes_take_set_star(take, TRUE);
    g_assert_cmpuint(stars, ==, 1);
    g_signal_connect(take, "notify::state", G_CALLBACK(on_notify), &states);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    g_assert_cmpuint(states, ==, 0);
    g_signal_connect(player, "notify::loop", G_CALLBACK(on_notify), &loops);
    rushes_player_set_loop(player, TRUE);
    rushes_player_set_loop(player, TRUE);
    g_assert_cmpuint(loops, ==, 1);
    rushes_player_set_source(player, rushes_take_get_source(take));
    g_signal_connect(player, "notify::position", G_CALLBACK(on_notify), &positions);
    rushes_player_seek(player, 2);
    rushes_player_seek(player, 2);
    rushes_player_seek(player, 99); // clamped to where it is
    g_assert_cmpuint(positions, ==, 1);
    rushes_player_set_source(player, NULL);
}

static void widgets_are_finalized_with_their_window(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *take = add_take(project, 4);
    RushesTakeCard *card = rushes_take_card_new();
    RushesFrameView *view = g_object_new(RUSHES_TYPE_FRAME_VIEW, NULL);
    RushesScrubBar *scrub = g_object_new(RUSHES_TYPE_SCRUB_BAR, NULL);
    RushesPlayer *player = rushes_player_new("fakesink");
    GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
    gpointer widgets[] = {card, view, scrub};

    rushes_take_card_set_take(card, take);
    rushes_scrub_bar_set_player(scrub, player);
    rushes_player_set_source(player, rushes_take_get_source(take));
    for (guint i = 0; i < G_N_ELEMENTS(widgets); i++) {
        gtk_box_append(GTK_BOX(box), widgets[i]);
        g_object_add_weak_pointer(widgets[i], &widgets[i]);
    }
    GtkWidget *window = show_in_window(box);
    gtk_window_destroy(GTK_WINDOW(window));
    settle();
    for (guint i = 0; i < G_N_ELEMENTS(widgets); i++)
        g_assert_null(widgets[i]);
    rushes_player_set_source(player, NULL);
    g_assert_finalize_object(player);
}

static void the_strip_selects_and_compares(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *one = add_take(project, 4), *two = add_take(project, 4);
    RushesTakeStrip *strip = g_object_new(RUSHES_TYPE_TAKE_STRIP, NULL);

    rushes_take_strip_set_project(strip, project);
    GtkWidget *window = show_in_window(GTK_WIDGET(strip));
    rushes_take_strip_select(strip, two);
    g_autoptr(GPtrArray) selected = rushes_take_strip_get_selected(strip);
    g_assert_cmpuint(selected->len, ==, 1);
    g_assert_true(selected->pdata[0] == two);
    rushes_take_strip_step(strip, -1);
    g_autoptr(GPtrArray) before = rushes_take_strip_get_selected(strip);
    g_assert_true(before->pdata[0] == one);
    rushes_take_strip_select_pair(strip, one, two);
    g_autoptr(GPtrArray) pair = rushes_take_strip_get_selected(strip);
    g_assert_cmpuint(pair->len, ==, 2);
    gtk_window_destroy(GTK_WINDOW(window));
}

static void a_note_is_kept_and_found_or_the_creator_is_told(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    RushesTake *take = add_take(project, 4);
    RushesNoteEntry *note = rushes_note_entry_new();
    GtkWidget *window = show_in_window(GTK_WIDGET(note));
    GtkWidget *entry = find_child(GTK_WIDGET(note), GTK_TYPE_ENTRY);
    GtkWidget *problem =
        find_child(gtk_widget_get_last_child(gtk_widget_get_parent(entry)), GTK_TYPE_LABEL);

    rushes_note_entry_set_take(note, project, library, take);
    gtk_editable_set_text(GTK_EDITABLE(entry), "the moon is too dark");
    g_assert_cmpstr(rushes_take_get_note(take), ==, "the moon is too dark");
    g_autoptr(GPtrArray) hits = rushes_library_search(library, "moon", 9);
    g_assert_cmpuint(hits->len, ==, 1);
    g_assert_false(gtk_widget_get_visible(problem));
    // Of a project that is open for reading only.
    rushes_project_save(project, NULL);
    g_autoptr(RushesProject) closed =
        rushes_project_open(rushes_project_get_folder(project), RUSHES_PROJECT_READ_ONLY, NULL);
    RushesTake *same = rushes_project_find_take(closed, rushes_take_get_id(take));
    rushes_note_entry_set_take(note, closed, library, same);
    g_assert_cmpstr(gtk_editable_get_text(GTK_EDITABLE(entry)), ==, "the moon is too dark");
    gtk_editable_set_text(GTK_EDITABLE(entry), "brighter");
    g_assert_true(gtk_widget_get_visible(problem));
    g_assert_nonnull(strstr(gtk_label_get_label(GTK_LABEL(problem)), "Save As"));
    g_assert_cmpstr(rushes_take_get_note(same), ==, "the moon is too dark");
    gtk_window_destroy(GTK_WINDOW(window));
}

static void a_take_that_waits_shows_no_picture_of_the_one_that_played(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    RushesTake *played = add_take(project, 9);
    RushesTake *waiting = rushes_project_add_take(project, recipe, NULL, NULL);
    RushesPreviewPane *pane = g_object_new(RUSHES_TYPE_PREVIEW_PANE, NULL);
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));
    GtkStack *stack = GTK_STACK(find_child(GTK_WIDGET(pane), GTK_TYPE_STACK));
    g_autoptr(GPtrArray) takes = g_ptr_array_new();

    g_ptr_array_add(takes, played);
    rushes_preview_pane_set_takes(pane, takes);
    g_assert_cmpstr(gtk_stack_get_visible_child_name(stack), ==, "picture");
    rushes_player_play(rushes_preview_pane_get_player(pane));
    spin(100);
    takes->pdata[0] = waiting;
    rushes_preview_pane_set_takes(pane, takes);
    spin(100);
    g_assert_cmpstr(gtk_stack_get_visible_child_name(stack), ==, "message");
    gtk_window_destroy(GTK_WINDOW(window));
}

static gboolean has_label(GtkWidget *widget, const char *text)
{
    if (GTK_IS_LABEL(widget) && g_str_equal(gtk_label_get_label(GTK_LABEL(widget)), text))
        return TRUE;
    for (GtkWidget *at = gtk_widget_get_first_child(widget); at;
         at = gtk_widget_get_next_sibling(at)) {
        if (has_label(at, text))
            return TRUE;
    }
    return FALSE;
}

static void on_frame_shown(RushesPlayer *player, int index, GBytes *frame, guint *count)
{
    (*count)++;
}

static void a_take_that_was_compared_is_still_seen_alone(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesPreviewPane *pane = g_object_new(RUSHES_TYPE_PREVIEW_PANE, NULL);
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));
    g_autoptr(GPtrArray) alone = g_ptr_array_new(), compared = g_ptr_array_new();
    guint shown = 0;

    g_ptr_array_add(alone, add_take(project, 9));
    g_ptr_array_add(compared, alone->pdata[0]);
    g_ptr_array_add(compared, add_take(project, 9));
    g_signal_connect(rushes_preview_pane_get_player(pane), "frame", G_CALLBACK(on_frame_shown),
                     &shown);
    GPtrArray *chosen[] = {alone, compared, alone};
    for (guint i = 0; i < G_N_ELEMENTS(chosen); i++) {
        guint before = shown;
        rushes_preview_pane_set_takes(pane, chosen[i]); // empties the view
        g_assert_cmpuint(shown, >, before);
    }
    gtk_window_destroy(GTK_WINDOW(window));
}

// A stage may last a minute without a word from the worker; its time left runs down all the same.
static void the_time_left_runs_down_within_a_stage(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    RushesPreviewPane *pane = g_object_new(RUSHES_TYPE_PREVIEW_PANE, NULL);
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));
    g_autoptr(GPtrArray) takes = g_ptr_array_new();

    g_ptr_array_add(takes, take);
    rushes_take_set_state(take, RUSHES_TAKE_RUNNING, NULL);
    rushes_take_set_progress(take, "Decoding sound", 0.5, 47);
    rushes_preview_pane_set_takes(pane, takes);
    g_assert_true(has_label(GTK_WIDGET(pane), "Decoding sound \u00b7 47 s left"));
    rushes_take_set_progress(take, "Decoding sound", 0.5, 34);
    g_assert_true(has_label(GTK_WIDGET(pane), "Decoding sound \u00b7 34 s left"));
    gtk_window_destroy(GTK_WINDOW(window));
}

// What the panes need at least, against what the window gives them.
static void check_minimum(RushesWindow *studio, const char *state)
{
    int width = 0, height = 0, least_width = 1, least_height = 1;

    // A busy machine may take long to draw; a layout that never fits is still found out.
    for (int i = 0; i < 200 && (least_width > width || least_height > height); i++) {
        spin(50);
        width = gtk_widget_get_width(GTK_WIDGET(studio));
        height = gtk_widget_get_height(studio->panes);
        gtk_widget_measure(studio->panes, GTK_ORIENTATION_HORIZONTAL, -1, &least_width, NULL, NULL,
                           NULL);
        gtk_widget_measure(studio->panes, GTK_ORIENTATION_VERTICAL, MAX(width, least_width),
                           &least_height, NULL, NULL, NULL);
    }
    g_test_message("%s: %dx%d of %dx%d", state, least_width, least_height, width, height);
    g_assert_cmpint(least_width, <=, width);
    g_assert_cmpint(least_height, <=, height);
}

static void press(GtkWidget *window, const char *action)
{
    g_assert_true(gtk_widget_activate_action(window, action, NULL));
    spin(50);
}

// The display answers when it can, and the panes are laid out anew after that.
static void resize(RushesWindow *studio, int width, int height, gboolean is_narrow)
{
    gtk_window_set_default_size(GTK_WINDOW(studio), width, height);
    for (int i = 0; i < 200 && (studio->layout == WINDOW_NARROW) != is_narrow; i++)
        spin(50);
    g_assert_cmpint(studio->layout == WINDOW_NARROW, ==, is_narrow);
}

// What differs stands below the picture, never on it.
static void check_beside(RushesWindow *studio)
{
    GtkWidget *view = GTK_WIDGET(rushes_preview_pane_get_view(studio->preview));
    GtkWidget *bar = view;
    graphene_rect_t picture, text, common;

    while (!RUSHES_IS_PREVIEW_PANE(bar))
        bar = gtk_widget_get_parent(bar);
    bar = find_child(bar, RUSHES_TYPE_COMPARISON_BAR);
    g_assert_true(gtk_widget_get_visible(bar));
    g_assert_true(gtk_widget_compute_bounds(view, GTK_WIDGET(studio), &picture));
    g_assert_true(gtk_widget_compute_bounds(bar, GTK_WIDGET(studio), &text));
    g_assert_false(graphene_rect_intersection(&picture, &text, &common));
    g_assert_cmpfloat(picture.size.height, >=, 200); // four pictures can be told apart in it
}

// The panes may be cut off by nothing: what they need at least must be there in every state.
static void everything_fits_into_1000x700(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autoptr(RushesQueue) queue = rushes_queue_new(library);
    g_autoptr(AdwApplication) application =
        adw_application_new("io.rushes.Test", G_APPLICATION_NON_UNIQUE);
    RushesTake *takes[4];

    g_assert_true(g_application_register(G_APPLICATION(application), NULL, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(takes); i++) {
        takes[i] = add_take(project, 3);
        rushes_project_add_shot(project, takes[i], i, NULL);
    }
    RushesWindow *studio = rushes_window_new(application, queue, project);
    GtkWidget *window = GTK_WIDGET(studio);
    gtk_window_set_default_size(GTK_WINDOW(window), 1000, 700);
    gtk_window_present(GTK_WINDOW(window));
    spin(300);
    check_minimum(studio, "one take");
    press(window, "win.compare");
    check_minimum(studio, "two takes");
    gtk_widget_activate_action(find_child(GTK_WIDGET(studio->strip), GTK_TYPE_LIST_VIEW),
                               "list.select-all", NULL);
    check_minimum(studio, "four takes");
    check_beside(studio);
    rushes_take_strip_select_pair(studio->strip, takes[2], takes[3]);
    press(window, "win.extend");
    check_minimum(studio, "a start");
    rushes_take_set_state(takes[3], RUSHES_TAKE_FAILED,
                          "The disk is full: free some space, then resume the take in the queue. "
                          "Everything that was finished is kept.");
    press(window, "win.compare");
    check_minimum(studio, "a fault");

    resize(studio, 640, 600, TRUE);
    gboolean prompt;
    g_object_get(window, "show-prompt", &prompt, NULL);
    g_assert_true(prompt);
    check_minimum(studio, "narrow, the prompt");
    press(window, "win.show-prompt");
    check_minimum(studio, "narrow, the picture");
    resize(studio, 1000, 700, FALSE);
    g_object_get(window, "show-prompt", &prompt, NULL);
    g_assert_true(prompt); // both fit again
    gtk_window_destroy(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    adw_init();
    gtk_source_init();
    g_test_add_func("/gui/notify", setters_notify_once_and_only_on_change);
    g_test_add_func("/gui/finalize", widgets_are_finalized_with_their_window);
    g_test_add_func("/gui/strip", the_strip_selects_and_compares);
    g_test_add_func("/gui/waiting", a_take_that_waits_shows_no_picture_of_the_one_that_played);
    g_test_add_func("/gui/compared", a_take_that_was_compared_is_still_seen_alone);
    g_test_add_func("/gui/time-left", the_time_left_runs_down_within_a_stage);
    g_test_add_func("/gui/note", a_note_is_kept_and_found_or_the_creator_is_told);
    g_test_add_func("/gui/fits", everything_fits_into_1000x700);
    return scratch_end(g_test_run());
}
