// SPDX-License-Identifier: GPL-3.0-or-later
#include <glib/gstdio.h>
#include <gst/gst.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "playback/frame-store.h"
#include "playback/play-plan.h"
#include "playback/player.h"
#include "scratch.h"

#define WIDTH  64
#define HEIGHT 8
#define FPS    24
#define FRAMES 48

// The frame's number stands in its first two bytes, as the test double of the worker writes it too.
static GBytes *numbered_frame(int index, int width, int height)
{
    gsize bytes = (gsize)width * (gsize)height * 3;
    guint8 *rgb = g_malloc0(bytes);
    rgb[0] = (guint8)(index & 255);
    rgb[1] = (guint8)(index >> 8);
    rgb[bytes - 1] = (guint8)index;
    return g_bytes_new_take(rgb, bytes);
}

static int frame_number(GBytes *frame)
{
    gsize bytes;
    const guint8 *rgb = g_bytes_get_data(frame, &bytes);
    int number = rgb[0] | rgb[1] << 8;
    g_assert_cmpint(rgb[bytes - 1], ==, number & 255); // not half of one and half of another
    return number;
}

static void append_frames(const char *folder, int first, int count, int width, int height)
{
    g_autofree char *path = g_build_filename(folder, "frames.rgb", NULL);
    FILE *file = g_fopen(path, "ab");
    for (int i = first; i < first + count; i++) {
        g_autoptr(GBytes) frame = numbered_frame(i, width, height);
        fwrite(g_bytes_get_data(frame, NULL), 1, g_bytes_get_size(frame), file);
    }
    fclose(file);
}

static RushesFrameSource *new_store(const char *folder, int frames)
{
    RushesFrameFormat format = {.width = WIDTH, .height = HEIGHT, .fps = FPS, .frames = frames};
    return RUSHES_FRAME_SOURCE(rushes_frame_store_new(folder, &format));
}

static void random_steps_never_show_a_wrong_frame(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    append_frames(folder, 0, 300, WIDTH, HEIGHT);
    g_autoptr(RushesFrameSource) store = new_store(folder, 300);

    for (int i = 0; i < 10000; i++) {
        int index = g_test_rand_int_range(0, 300);
        g_autoptr(GBytes) frame = rushes_frame_source_read_frame(store, index, NULL);
        g_assert_cmpint(frame_number(frame), ==, index);
    }
}

static void on_stepped(RushesPlayer *player, int index, GBytes *frame, int *shown)
{
    g_assert_cmpint(frame_number(frame), ==, index);
    *shown = index;
}

static void a_step_moves_exactly_one_frame_both_ways(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    append_frames(folder, 0, FRAMES, WIDTH, HEIGHT);
    g_autoptr(RushesFrameSource) store = new_store(folder, FRAMES);
    g_autoptr(RushesPlayer) player = rushes_player_new("fakesink");
    int shown = -1, expected = 0;

    g_signal_connect(player, "frame", G_CALLBACK(on_stepped), &shown);
    rushes_player_set_source(player, store);
    g_assert_cmpint(shown, ==, 0);
    for (int i = 0; i < 1000; i++) {
        int by = g_test_rand_bit() ? 1 : -1;
        expected = CLAMP(expected + by, 0, FRAMES - 1);
        rushes_player_step(player, by);
        g_assert_cmpint(shown, ==, expected);
        g_assert_cmpint(rushes_player_get_position(player), ==, expected);
    }
}

typedef struct Growing {
    char *folder;
    RushesFrameSource *store;
} Growing;

static gpointer append_while_read(gpointer data)
{
    Growing *growing = data;
    for (int i = 0; i < 200; i++)
        append_frames(growing->folder, i, 1, WIDTH, HEIGHT);
    return NULL;
}

static void frames_can_be_read_while_they_are_appended(void)
{
    Growing growing = {.folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL)};
    growing.store = new_store(growing.folder, 200);
    g_autofree char *path = g_build_filename(growing.folder, "frames.rgb", NULL);
    GThread *thread = g_thread_new("append", append_while_read, &growing);
    int ready = 0;

    while (ready < 200) {
        struct stat info;
        if (g_stat(path, &info) == 0)
            ready = (int)(info.st_size / (WIDTH * HEIGHT * 3));
        rushes_frame_store_set_ready(RUSHES_FRAME_STORE(growing.store), ready);
        g_autoptr(GBytes) none = rushes_frame_source_read_frame(growing.store, ready, NULL);
        g_assert_null(none); // announced frames only
        for (int i = MAX(0, ready - 3); i < ready; i++) {
            g_autoptr(GBytes) frame = rushes_frame_source_read_frame(growing.store, i, NULL);
            g_assert_cmpint(frame_number(frame), ==, i);
        }
    }
    g_thread_join(thread);
    g_object_unref(growing.store);
    g_free(growing.folder);
}

static void a_file_cut_short_is_an_error_not_a_crash(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "frames.rgb", NULL);
    append_frames(folder, 0, 10, WIDTH, HEIGHT);
    g_autoptr(RushesFrameSource) store = new_store(folder, 10);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, "short", 5, NULL); // another file under the name
    g_autoptr(GBytes) kept = rushes_frame_source_read_frame(store, 9, &error);
    g_assert_nonnull(kept); // the open one is whole
    g_clear_object(&store);
    store = new_store(folder, 10);
    rushes_frame_store_set_ready(RUSHES_FRAME_STORE(store), 10);
    g_autoptr(GBytes) frame = rushes_frame_source_read_frame(store, 9, &error);
    g_assert_null(frame);
    g_assert_nonnull(strstr(error->message, "generate the take again"));
}

static void on_failed(RushesPlayer *player, const char *sentence, char **said)
{
    g_free(*said);
    *said = g_strdup(sentence);
}

static void a_frame_that_cannot_be_read_is_told_and_no_other_is_shown(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "frames.rgb", NULL);
    g_autofree char *said = NULL;
    int shown = -1;

    append_frames(folder, 0, FRAMES, WIDTH, HEIGHT);
    g_autoptr(RushesFrameSource) source = new_store(folder, FRAMES);
    g_autoptr(RushesPlayer) player = rushes_player_new("fakesink");
    g_signal_connect(player, "frame", G_CALLBACK(on_stepped), &shown);
    g_signal_connect(player, "failed", G_CALLBACK(on_failed), &said);
    rushes_player_set_source(player, source);
    g_assert_cmpint(truncate(path, 10L * WIDTH * HEIGHT * 3), ==, 0);
    rushes_player_seek(player, 9);
    g_assert_cmpint(shown, ==, 9);
    g_assert_null(said);
    rushes_player_step(player, 1);
    g_assert_cmpint(shown, ==, 9);
    g_assert_nonnull(strstr(said, "Frame 11 cannot be read"));
    // While it plays, it stops there and says the same.
    g_clear_pointer(&said, g_free);
    rushes_player_seek(player, 8);
    rushes_player_play(player);
    while (rushes_player_get_playing(player))
        g_main_context_iteration(NULL, TRUE);
    g_assert_nonnull(strstr(said, "Frame 11 cannot be read"));
    g_assert_cmpint(shown, <=, 9);
}

static void plans_loop_without_a_gap_and_follow_growth(void)
{
    RushesPlayPlan *plan = rushes_play_plan_new(3, 1);
    const int expected[] = {3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6, 0};
    double position;
    guint turn;

    rushes_play_plan_set_range(plan, 0, 4, TRUE);
    for (int i = 0; i < 8; i++) {
        g_assert_true(rushes_play_plan_locate(plan, i, &position, &turn));
        g_assert_cmpint((int)position, ==, expected[i]);
    }
    g_assert_true(rushes_play_plan_locate(plan, 7.5, &position, &turn)); // as the sound asks
    g_assert_cmpfloat(position, ==, 0.5);
    rushes_play_plan_set_range(plan, 0, 6, TRUE); // more is ready: from the next turn on
    for (int i = 8; i < 12; i++) {
        g_assert_true(rushes_play_plan_locate(plan, i, &position, &turn));
        g_assert_cmpint((int)position, ==, expected[i]);
    }
    rushes_play_plan_free(plan);

    plan = rushes_play_plan_new(9, -2);
    rushes_play_plan_set_range(plan, 0, 9, FALSE);
    for (int i = 0; i < 5; i++) {
        g_assert_true(rushes_play_plan_locate(plan, i, &position, NULL));
        g_assert_cmpfloat(position, ==, 9 - 2 * i);
    }
    g_assert_false(rushes_play_plan_locate(plan, 5, &position, NULL));
    rushes_play_plan_free(plan);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    gst_init(NULL, NULL);
    g_test_add_func("/player/unreadable",
                    a_frame_that_cannot_be_read_is_told_and_no_other_is_shown);
    g_test_add_func("/frames/random", random_steps_never_show_a_wrong_frame);
    g_test_add_func("/frames/growing", frames_can_be_read_while_they_are_appended);
    g_test_add_func("/frames/cut-short", a_file_cut_short_is_an_error_not_a_crash);
    g_test_add_func("/player/step", a_step_moves_exactly_one_frame_both_ways);
    g_test_add_func("/player/plan", plans_loop_without_a_gap_and_follow_growth);
    return scratch_end(g_test_run());
}
