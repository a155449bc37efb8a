// SPDX-License-Identifier: GPL-3.0-or-later
//
// A finished take keeps every frame in take.mkv, gives up its raw frames only when that is proved, and
// loses nothing wherever the process ends.
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "media/steady-file.h"
#include "playback/frame-store.h"
#include "project/archivist.h"
#include "project/take-master.h"
#include "project/take-proof.h"
#include "scratch.h"

#define WIDTH  32
#define HEIGHT 16
#define FPS    12
#define FRAMES 40
#define RATE   16000

static const RushesFrameFormat format = {
    .width = WIDTH, .height = HEIGHT, .fps = FPS, .frames = FRAMES, .rate = RATE, .channels = 1};

static char *in(const char *folder, const char *name)
{
    return g_build_filename(folder, name, NULL);
}

static gboolean has(const char *folder, const char *name)
{
    g_autofree char *path = in(folder, name);
    return g_file_test(path, G_FILE_TEST_EXISTS);
}

// Noise: every value of every channel occurs, so that no loss stays hidden.
static guint8 *make_frames(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(11);
    guint8 *frames = g_malloc(WIDTH * HEIGHT * 3 * FRAMES);
    for (int i = 0; i < WIDTH * HEIGHT * 3 * FRAMES; i++)
        frames[i] = (guint8)g_rand_int_range(random, 0, 256);
    return frames;
}

static float *make_sound(gsize *count)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(12);
    *count = RATE * FRAMES / FPS;
    float *samples = g_new(float, *count);
    for (gsize i = 0; i < *count; i++)
        samples[i] = (float)g_rand_double_range(random, -1, 1);
    return samples;
}

static void write_raw(const char *folder)
{
    g_autofree char *video = in(folder, "frames.rgb"), *audio = in(folder, "audio.f32");
    g_autofree guint8 *frames = make_frames();
    gsize count;
    g_autofree float *samples = make_sound(&count);
    g_assert_true(g_file_set_contents(video, (char *)frames, WIDTH * HEIGHT * 3 * FRAMES, NULL));
    g_assert_true(
        g_file_set_contents(audio, (char *)samples, (gssize)(count * sizeof(float)), NULL));
}

static void check_frames(RushesFrameSource *source, int steps)
{
    g_autofree guint8 *frames = make_frames();
    for (int i = 0; i < steps; i++) {
        int index = g_test_rand_int_range(0, FRAMES);
        g_autoptr(GError) error = NULL;
        g_autoptr(GBytes) frame = rushes_frame_source_read_frame(source, index, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame),
                        frames + WIDTH * HEIGHT * 3 * index, WIDTH * HEIGHT * 3);
    }
}

static void check_sound(RushesFrameSource *source, float bound)
{
    gsize count;
    g_autofree float *samples = make_sound(&count), *read = g_new(float, count);
    rushes_frame_source_read_samples(source, 0, count, read, NULL);
    for (gsize i = 0; i < count; i++)
        g_assert_true(fabsf(read[i] - samples[i]) <= bound);
}

static void write_master(const char *folder)
{
    g_autoptr(GError) error = NULL;
    rushes_take_master_write(folder, &format, NULL, NULL, &error);
    g_assert_no_error(error);
}

static void take_mkv_holds_every_frame_and_sample(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    RushesFrameFormat known = format;

    write_raw(folder);
    g_assert_true(rushes_take_master_is_due(folder));
    write_master(folder);
    g_assert_true(has(folder, "thumb.png"));
    rushes_take_master_release_raw(folder);
    g_assert_false(has(folder, "frames.rgb"));
    g_assert_false(rushes_take_master_is_due(folder));

    g_autoptr(RushesFrameStore) store = rushes_frame_store_new(folder, &format);
    check_frames(RUSHES_FRAME_SOURCE(store), 10000); // in random order, every pixel
    check_sound(RUSHES_FRAME_SOURCE(store), 0);

    g_autofree char *audio = in(folder, "audio.f32");
    g_unlink(audio);
    known.samples = RATE * FRAMES / FPS;
    g_autoptr(RushesFrameStore) bare = rushes_frame_store_new(folder, &known);
    check_sound(RUSHES_FRAME_SOURCE(bare), 2.0f / (1 << 24));
}

static void who_reads_a_take_notices_nothing_when_its_raw_frames_go(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);

    write_raw(folder);
    g_autoptr(RushesFrameStore) store = rushes_frame_store_new(folder, &format);
    check_frames(RUSHES_FRAME_SOURCE(store), 300);
    write_master(folder);
    rushes_frame_store_settle(store);
    rushes_take_master_release_raw(folder);
    check_frames(RUSHES_FRAME_SOURCE(store), 300);
}

// Each state that a process can leave when it is killed while a take is put away.
static void a_kill_at_any_point_leaves_every_frame(void)
{
    static const char *const leftovers[] = {"take.mkv.part", ".take.mkv.part.0123abcd.media"};
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = in(folder, "take.mkv");
    g_autofree char *bytes = NULL;
    gsize length;

    write_raw(folder);
    for (guint i = 0; i < G_N_ELEMENTS(leftovers); i++) { // while it was written, before the proof
        g_autofree char *leftover = in(folder, leftovers[i]);
        g_assert_true(g_file_set_contents(leftover, "half of it", -1, NULL));
    }
    write_master(folder);
    for (guint i = 0; i < G_N_ELEMENTS(leftovers); i++)
        g_assert_false(has(folder, leftovers[i]));

    // After the rename, before the raw frames went: proved, not written again.
    g_assert_true(rushes_take_master_is_due(folder));
    GStatBuf before, after;
    g_assert_cmpint(g_stat(path, &before), ==, 0);
    write_master(folder);
    g_assert_cmpint(g_stat(path, &after), ==, 0);
    g_assert_cmpuint(before.st_ino, ==, after.st_ino);

    // A copy that was damaged meanwhile is replaced while the raw frames are there.
    g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
    for (gsize at = length / 2; at < length / 2 + 64; at++)
        bytes[at] = (char)~bytes[at];
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    write_master(folder);
    rushes_take_master_release_raw(folder);
    g_autoptr(RushesFrameStore) store = rushes_frame_store_new(folder, &format);
    check_frames(RUSHES_FRAME_SOURCE(store), 300);
}

static void a_damaged_take_mkv_is_an_error_and_not_a_wrong_picture(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = in(folder, "take.mkv");
    g_autoptr(GError) error = NULL;
    RushesFrameFormat other = format;

    g_assert_true(g_file_set_contents(path, "no clip", -1, NULL));
    g_autoptr(RushesFrameStore) store = rushes_frame_store_new(folder, &format);
    g_assert_null(rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(store), 3, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);

    g_unlink(path);
    write_raw(folder);
    write_master(folder);
    rushes_take_master_release_raw(folder);
    other.height = HEIGHT * 2; // a take.mkv that belongs to another take
    g_autoptr(RushesFrameStore) wrong = rushes_frame_store_new(folder, &other);
    g_assert_null(rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(wrong), 0, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);

    other = format;
    other.frames = FRAMES + 1; // one more than was ever written
    g_autoptr(RushesFrameStore) longer = rushes_frame_store_new(folder, &other);
    g_assert_null(rushes_frame_source_read_frame(RUSHES_FRAME_SOURCE(longer), FRAMES, &error));
    g_assert_nonnull(error);
}

// Otherwise the change would become the lasting copy, and the raw frames that could tell of it would go.
static void raw_frames_that_were_changed_are_not_put_away(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *path = in(folder, "frames.rgb");
    g_autofree guint8 *frames = make_frames();
    g_autoptr(GError) error = NULL;
    const gsize bytes = WIDTH * HEIGHT * 3 * FRAMES;
    g_autofree char *sha256 = g_compute_checksum_for_data(G_CHECKSUM_SHA256, frames, bytes);

    write_raw(folder);
    frames[bytes / 2] ^= 1;
    g_assert_true(g_file_set_contents(path, (char *)frames, (gssize)bytes, NULL));
    g_assert_false(rushes_take_master_write(folder, &format, sha256, NULL, &error));
    g_assert_nonnull(error);
    g_assert_nonnull(strstr(error->message, "frames.rgb is not what was generated"));
    g_assert_true(has(folder, "frames.rgb"));
    g_assert_false(has(folder, "take.mkv"));
    g_assert_false(has(folder, "thumb.png"));
    write_raw(folder); // put back
    g_assert_true(rushes_take_master_write(folder, &format, sha256, NULL, NULL));
    g_assert_true(has(folder, "take.mkv"));
}

static void finished_takes_of_an_open_project_are_put_away(void)
{
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *place = in(folder, "Film.rushes");
    g_autoptr(RushesProject) project = rushes_project_create(place, NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();

    recipe->width = WIDTH;
    recipe->height = HEIGHT;
    recipe->frames = FRAMES;
    recipe->fps = FPS;
    RushesTake *early = rushes_project_add_take(project, recipe, NULL, NULL);
    write_raw(rushes_take_get_folder(early));
    rushes_take_sound_ready(early, RATE, 1, RATE * FRAMES / FPS);
    rushes_take_frames_ready(early, FRAMES);
    rushes_take_set_state(early, RUSHES_TAKE_DONE, NULL);

    g_autoptr(RushesArchivist) archivist = rushes_archivist_new(project);
    RushesTake *late = rushes_project_add_take(project, recipe, NULL, NULL);
    write_raw(rushes_take_get_folder(late));
    rushes_take_sound_ready(late, RATE, 1, RATE * FRAMES / FPS);
    rushes_take_frames_ready(late, FRAMES);
    g_assert_cmpuint(rushes_archivist_get_pending(archivist), ==, 1);
    rushes_take_set_state(late, RUSHES_TAKE_DONE, NULL);
    g_assert_cmpuint(rushes_archivist_get_pending(archivist), ==, 2);
    while (rushes_archivist_get_pending(archivist) > 0)
        g_main_context_iteration(NULL, TRUE);

    RushesTake *const both[] = {early, late};
    for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
        g_autofree char *thumbnail = rushes_take_find_thumbnail(both[i]);
        g_assert_nonnull(thumbnail);
        g_assert_false(has(rushes_take_get_folder(both[i]), "frames.rgb"));
        check_frames(rushes_take_get_source(both[i]), 300);
        check_sound(rushes_take_get_source(both[i]), 0);
    }
    g_autofree char *master = in(rushes_take_get_folder(early), "take.mkv");
    g_autofree char *sha256 = rushes_steady_file_checksum(master, NULL);
    g_autofree char *id = g_strdup(rushes_take_get_id(early));
    g_clear_object(&archivist);
    g_clear_object(&project);
    // What the lasting copy is known by lasts as well.
    g_autoptr(RushesProject) again = rushes_project_open(place, RUSHES_PROJECT_READ_ONLY, NULL);
    RushesTake *kept = rushes_project_find_take(again, id);
    g_assert_cmpstr(rushes_take_get_file_hash(kept, "take.mkv"), ==, sha256);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    scratch_begin();
    g_setenv("XDG_CACHE_HOME", scratch_root, TRUE);
    g_test_add_func("/master/complete", take_mkv_holds_every_frame_and_sample);
    g_test_add_func("/master/changes-over",
                    who_reads_a_take_notices_nothing_when_its_raw_frames_go);
    g_test_add_func("/master/killed", a_kill_at_any_point_leaves_every_frame);
    g_test_add_func("/master/damaged", a_damaged_take_mkv_is_an_error_and_not_a_wrong_picture);
    g_test_add_func("/master/changed-raw", raw_frames_that_were_changed_are_not_put_away);
    g_test_add_func("/master/archivist", finished_takes_of_an_open_project_are_put_away);
    return scratch_end(g_test_run());
}
