// SPDX-License-Identifier: GPL-3.0-or-later
//
// The widgets that show the film, on a display of their own: they follow every edit of it.
#include <adwaita.h>
#include <glib/gstdio.h>
#include <gtksourceview/gtksource.h>

#include "scratch.h"
#include "scrub-bar.h"
#include "timeline-pane.h"
#include "timeline/film-edit.h"
#include "widget.h"

static void on_edited(RushesProject *project, RushesComposer *composer)
{
    g_autoptr(RushesTimeline) film = rushes_timeline_new(project, NULL);
    rushes_composer_set_timeline(composer, film);
}

// What a widget draws, as text.
static GBytes *drawing_of(gpointer widget)
{
    g_autoptr(GtkSnapshot) snapshot = gtk_snapshot_new();

    GTK_WIDGET_GET_CLASS(widget)->snapshot(widget, snapshot);
    GskRenderNode *node = gtk_snapshot_to_node(snapshot);
    GBytes *text = gsk_render_node_serialize(node);
    gsk_render_node_unref(node);
    return text;
}

static void add_tone(RushesTake *take)
{
    float samples[8000];

    for (guint i = 0; i < G_N_ELEMENTS(samples); i++)
        samples[i] = i % 40 < 20 ? 0.5f : -0.5f;
    raw_take_set_sound(take, samples, G_N_ELEMENTS(samples), 16000);
}

static void the_waveform_of_the_film_follows_every_edit(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *take = add_take(project, 5);
    g_autoptr(RushesPlayer) player = rushes_player_new("fakesink");
    RushesScrubBar *scrub = g_object_new(RUSHES_TYPE_SCRUB_BAR, NULL);
    g_autoptr(cJSON) quiet = cJSON_CreateObject();

    add_tone(take);
    rushes_project_add_shot(project, take, 0, NULL);
    g_autoptr(RushesTimeline) film = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(film);
    g_signal_connect(project, "edited", G_CALLBACK(on_edited), composer);
    rushes_scrub_bar_set_player(scrub, player);
    rushes_player_set_source(player, RUSHES_FRAME_SOURCE(composer));
    GtkWidget *window = show_in_window(GTK_WIDGET(scrub));
    settle();
    g_autoptr(GBytes) loud = drawing_of(scrub);
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(project), 0);
    cJSON_AddNumberToObject(quiet, "gain_db", -20);
    g_assert_true(rushes_project_edit_shot(project, shot, "Change Gain", quiet, NULL));
    settle();
    g_autoptr(GBytes) soft = drawing_of(scrub);
    g_assert_false(g_bytes_equal(loud, soft));
    rushes_project_undo(project, NULL);
    settle();
    g_autoptr(GBytes) again = drawing_of(scrub);
    g_assert_true(g_bytes_equal(loud, again));
    gtk_window_destroy(GTK_WINDOW(window));
    rushes_player_set_source(player, NULL);
}

static void the_timeline_follows_every_edit(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *one = add_take(project, 4), *two = add_take(project, 8);
    g_autoptr(RushesTimeline) empty = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) row = rushes_composer_new(empty);
    RushesTimelinePane *pane = g_object_new(RUSHES_TYPE_TIMELINE_PANE, NULL);
    RushesFrameFormat format;

    g_signal_connect(project, "edited", G_CALLBACK(on_edited), row);
    rushes_timeline_pane_set_project(pane, project, row);
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));
    rushes_project_add_shot(project, one, 0, NULL);
    rushes_project_add_shot(project, two, 1, NULL);
    spin(100);
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(row), &format);
    g_assert_cmpint(format.frames, ==, 12);
    g_autoptr(RushesShot) second = g_list_model_get_item(rushes_project_get_shots(project), 1);
    rushes_project_trim_shot(project, second, 2, 5, NULL);
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(row), &format);
    g_assert_cmpint(format.frames, ==, 8);
    // The cut: the last frame of the first shot, then the third of the second.
    g_autoptr(GBytes) last = rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(row), 3, NULL);
    g_autoptr(GBytes) next = rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(row), 4, NULL);
    g_assert_cmpint(((const guint8 *)g_bytes_get_data(last, NULL))[0], ==, 3 * 9);
    g_assert_cmpint(((const guint8 *)g_bytes_get_data(next, NULL))[0], ==, 2 * 9);
    rushes_project_undo(project, NULL);
    rushes_frame_source_get_format(RUSHES_FRAME_SOURCE(row), &format);
    g_assert_cmpint(format.frames, ==, 12);
    rushes_timeline_row_focus(rushes_timeline_pane_get_row(pane), 1);
    g_assert_true(rushes_timeline_row_get_focused(rushes_timeline_pane_get_row(pane)) == second);
    gtk_window_destroy(GTK_WINDOW(window));
}

static guint count_children(GtkWidget *row, const char *name, gboolean seen_only)
{
    guint count = 0;

    for (GtkWidget *at = gtk_widget_get_first_child(row); at; at = gtk_widget_get_next_sibling(at))
        count += g_str_equal(gtk_widget_get_css_name(at), name) &&
                 (!seen_only || gtk_widget_get_child_visible(at));
    return count;
}

static void the_timeline_draws_only_what_is_in_sight(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    RushesTake *take = add_take(project, 10); // a second
    for (guint i = 0; i < 60; i++)
        rushes_project_add_shot(project, take, i, NULL);
    g_autoptr(RushesTimeline) film = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(film);
    RushesTimelinePane *pane = g_object_new(RUSHES_TYPE_TIMELINE_PANE, NULL);
    rushes_timeline_pane_set_project(pane, project, composer);
    RushesTimelineRow *row = rushes_timeline_pane_get_row(pane);
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));

    g_assert_cmpuint(count_children(GTK_WIDGET(row), "shotblock", FALSE), ==, 60);
    g_assert_cmpuint(count_children(GTK_WIDGET(row), "shotblock", TRUE), <=, 20);
    // A shot out of sight comes into it with the focus.
    rushes_timeline_row_focus(row, 50);
    spin(100);
    g_autoptr(RushesShot) last = g_list_model_get_item(rushes_project_get_shots(project), 50);
    g_assert_true(rushes_timeline_row_get_focused(row) == last);
    g_assert_cmpuint(count_children(GTK_WIDGET(row), "shotblock", TRUE), <=, 20);
    rushes_timeline_row_fit(row);
    spin(100);
    g_assert_cmpuint(count_children(GTK_WIDGET(row), "shotblock", TRUE), ==, 60);
    gtk_window_destroy(GTK_WINDOW(window));
}

static void sounds_and_markers_follow_every_edit_and_keep_their_blocks(void)
{
    g_autofree char *scratch = NULL;
    g_autoptr(RushesProject) project = new_project(&scratch);
    rushes_project_add_shot(project, add_take(project, 10), 0, NULL);
    g_autoptr(RushesTimeline) film = rushes_timeline_new(project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(film);
    RushesTimelinePane *pane = g_object_new(RUSHES_TYPE_TIMELINE_PANE, NULL);
    g_signal_connect(project, "edited", G_CALLBACK(on_edited), composer);
    rushes_timeline_pane_set_project(pane, project, composer);
    GtkWidget *row = GTK_WIDGET(rushes_timeline_pane_get_row(pane));
    GtkWidget *window = show_in_window(GTK_WIDGET(pane));
    g_autoptr(cJSON) fields = cJSON_CreateObject();
    cJSON_AddStringToObject(fields, "media", "gone");
    cJSON_AddNumberToObject(fields, "seconds", 2);
    cJSON_AddNumberToObject(fields, "out", 2);

    g_autofree char *id = rushes_film_add_sound(project, fields, "Import Sound", NULL);
    rushes_film_add_marker(project, 0.5, "beat", NULL);
    g_assert_cmpuint(count_children(row, "soundblock", FALSE), ==, 1);
    g_assert_cmpuint(count_children(row, "button", FALSE), ==, 1);
    rushes_timeline_row_focus_sound(RUSHES_TIMELINE_ROW(row), id);
    g_assert_cmpstr(rushes_timeline_row_get_focused_sound(RUSHES_TIMELINE_ROW(row)), ==, id);
    // An edit of the clip leaves its block, and so the focus.
    g_autoptr(cJSON) change = cJSON_CreateObject();
    cJSON_AddNumberToObject(change, "at", 1);
    g_assert_true(rushes_film_edit_sound(project, id, "Move Sound", change, NULL));
    g_assert_cmpstr(rushes_timeline_row_get_focused_sound(RUSHES_TIMELINE_ROW(row)), ==, id);
    g_assert_true(rushes_film_remove_sound(project, id, NULL));
    g_assert_cmpuint(count_children(row, "soundblock", FALSE), ==, 0);
    rushes_project_undo(project, NULL);
    g_assert_cmpuint(count_children(row, "soundblock", FALSE), ==, 1);
    gtk_window_destroy(GTK_WINDOW(window));
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    adw_init();
    gtk_source_init();
    g_test_add_func("/gui/waveform", the_waveform_of_the_film_follows_every_edit);
    g_test_add_func("/gui/timeline", the_timeline_follows_every_edit);
    g_test_add_func("/gui/in-sight", the_timeline_draws_only_what_is_in_sight);
    g_test_add_func("/gui/sounds", sounds_and_markers_follow_every_edit_and_keep_their_blocks);
    return scratch_end(g_test_run());
}
