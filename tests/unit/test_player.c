// SPDX-License-Identifier: GPL-3.0-or-later
#include <glib/gstdio.h>
#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include <math.h>
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
#define RATE   48000

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

// A click of one millisecond at the start of every frame whose number divides by 12.
static void write_clicks(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "audio.f32", NULL);
    g_autofree float *samples = g_new0(float, FRAMES *RATE / FPS);
    for (int frame = 0; frame < FRAMES; frame += 12) {
        for (int i = 0; i < RATE / 1000; i++)
            samples[frame * RATE / FPS + i] = 0.8f;
    }
    g_file_set_contents(path, (char *)samples, FRAMES * RATE / FPS * (gssize)sizeof(float), NULL);
}

static RushesFrameSource *new_store(const char *folder, int frames, gboolean sounds)
{
    RushesFrameFormat format = {.width = WIDTH,
                                .height = HEIGHT,
                                .fps = FPS,
                                .frames = frames,
                                .rate = sounds ? RATE : 0,
                                .channels = 1};
    return RUSHES_FRAME_SOURCE(rushes_frame_store_new(folder, &format));
}

static void random_steps_never_show_a_wrong_frame(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    append_frames(folder, 0, 300, WIDTH, HEIGHT);
    g_autoptr(RushesFrameSource) store = new_store(folder, 300, FALSE);

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
    g_autoptr(RushesFrameSource) store = new_store(folder, FRAMES, FALSE);
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
    growing.store = new_store(growing.folder, 200, FALSE);
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
    g_autoptr(RushesFrameSource) store = new_store(folder, 10, FALSE);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, "short", 5, NULL); // another file under the name
    g_autoptr(GBytes) kept = rushes_frame_source_read_frame(store, 9, &error);
    g_assert_nonnull(kept); // the open one is whole
    g_clear_object(&store);
    store = new_store(folder, 10, FALSE);
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
    g_autoptr(RushesFrameSource) source = new_store(folder, FRAMES, FALSE);
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

// What was shown and heard, on one clock.
static struct {
    GMutex lock;
    gint64 click[8], flash[8]; // microseconds
    int clicks, flashes;
    float before;
} seen;

// A sink that listens: render() is called when the clock says that the samples are due.
typedef GstBaseSink Ear;
typedef GstBaseSinkClass EarClass;
static GType ear_get_type(void);
G_DEFINE_TYPE(Ear, ear, GST_TYPE_BASE_SINK)

static GstFlowReturn ear_render(GstBaseSink *sink, GstBuffer *buffer)
{
    GstMapInfo map;
    gint64 now = g_get_monotonic_time();

    if (!gst_buffer_map(buffer, &map, GST_MAP_READ))
        return GST_FLOW_ERROR;
    const float *samples = (const float *)map.data;
    g_mutex_lock(&seen.lock);
    for (gsize i = 0; i < map.size / sizeof(float); i++) {
        if (samples[i] > 0.5f && seen.before <= 0.5f && seen.clicks < 8)
            seen.click[seen.clicks++] = now + (gint64)(i * G_USEC_PER_SEC / RATE);
        seen.before = samples[i];
    }
    g_mutex_unlock(&seen.lock);
    gst_buffer_unmap(buffer, &map);
    return GST_FLOW_OK;
}

static void ear_class_init(EarClass *klass)
{
    GstElementClass *element = GST_ELEMENT_CLASS(klass);
    GstCaps *caps = gst_caps_from_string("audio/x-raw,format=F32LE");

    gst_element_class_add_pad_template(
        element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
    gst_caps_unref(caps);
    gst_element_class_set_static_metadata(element, "Ear", "Sink/Audio", "Notes clicks", "test");
    klass->render = ear_render;
}

static void ear_init(Ear *ear)
{
}

typedef struct Watched {
    int last_frame, wrong, frames;
    GMainLoop *loop;
} Watched;

static void on_played(RushesPlayer *player, int index, GBytes *frame, Watched *watched)
{
    watched->wrong += frame_number(frame) != index || index < watched->last_frame;
    if (rushes_player_get_playing(player) && index != watched->last_frame) {
        watched->frames++;
        if (index % 12 == 0 && seen.flashes < 8)
            seen.flash[seen.flashes++] = g_get_monotonic_time();
    }
    watched->last_frame = index;
}

static void on_stopped(RushesPlayer *player, GParamSpec *pspec, Watched *watched)
{
    if (!rushes_player_get_playing(player))
        g_main_loop_quit(watched->loop);
}

// Plays the clip once; whether nothing was late. Frames must be right however busy the machine is.
static gboolean play_once(RushesPlayer *player)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Watched watched = {.last_frame = -1, .loop = loop};
    guint shown, dropped;

    seen.clicks = seen.flashes = 0;
    gulong frame = g_signal_connect(player, "frame", G_CALLBACK(on_played), &watched);
    gulong playing = g_signal_connect(player, "notify::playing", G_CALLBACK(on_stopped), &watched);
    gint64 began = g_get_monotonic_time();
    rushes_player_play(player);
    g_main_loop_run(watched.loop);
    double seconds = (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC;
    g_signal_handler_disconnect(player, frame);
    g_signal_handler_disconnect(player, playing);
    rushes_player_get_statistics(player, &shown, &dropped);
    g_assert_cmpint(watched.wrong, ==, 0);
    g_assert_cmpfloat(seconds, >=, (FRAMES - 1.0) / FPS);
    double worst = 0;
    for (int i = 0; i < MIN(seen.clicks, seen.flashes); i++)
        worst = MAX(worst, fabs((double)(seen.click[i] - seen.flash[i]) / 1000.0));
    g_test_message("%d frames in %.3f s, %u late; click and flash at most %.1f ms apart",
                   watched.frames, seconds, dropped, worst);
    return watched.frames == FRAMES && dropped == 0 && seen.clicks == FRAMES / 12 &&
           seen.flashes == FRAMES / 12 && worst < 1000.0 / FPS;
}

static void playing_drops_nothing_and_keeps_sound_within_a_frame(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    append_frames(folder, 0, FRAMES, WIDTH, HEIGHT);
    write_clicks(folder);
    g_autoptr(RushesFrameSource) store = new_store(folder, FRAMES, TRUE);
    gboolean in_time = FALSE;

    gst_element_register(NULL, "ear", GST_RANK_NONE, ear_get_type());
    // Other work on the machine can make a frame late, and then again it does not.
    for (int attempt = 0; attempt < 5 && !in_time; attempt++) {
        g_autoptr(RushesPlayer) player = rushes_player_new("ear sync=true");
        rushes_player_set_source(player, store);
        in_time = play_once(player);
    }
    g_assert_true(in_time);
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
    g_test_add_func("/player/sync", playing_drops_nothing_and_keeps_sound_within_a_frame);
    return scratch_end(g_test_run());
}
