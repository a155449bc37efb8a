// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/mp4-boxes.h"

#include <glib/gstdio.h>
#include <string.h>

#include "media/clip-writer.h"

typedef struct Place {
    char *folder, *clip, *other;
} Place;

static void place_set_up(Place *place, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    RushesClipFormat format = {
        .width = 32, .height = 32, .fps_num = 10, .fps_den = 1, .rate = 16000, .channels = 1};
    guint8 pixels[32 * 32 * 3] = {0};
    float samples[1600] = {0};
    (void)data;

    place->folder = g_dir_make_tmp("rushes-mp4-XXXXXX", NULL);
    place->clip = g_build_filename(place->folder, "clip.mp4", NULL);
    place->other = g_build_filename(place->folder, "other.mp4", NULL);
    RushesClipWriter *writer = rushes_clip_writer_new(place->clip, &format, &error);
    g_assert_no_error(error);
    rushes_clip_writer_set_recipe(writer, "{\"prompt\":\"caf\xc3\xa9\"}");
    g_assert_true(rushes_clip_writer_add_frame(writer, pixels, &error));
    g_assert_true(rushes_clip_writer_add_samples(writer, samples, 1600, &error));
    g_assert_true(rushes_clip_writer_finish(writer, &error));
    g_assert_no_error(error);
    rushes_clip_writer_free(writer);
}

static void place_tear_down(Place *place, gconstpointer data)
{
    (void)data;
    g_unlink(place->clip);
    g_unlink(place->other);
    // Nothing else may be left: the folder is empty.
    g_assert_cmpint(g_rmdir(place->folder), ==, 0);
    g_free(place->clip);
    g_free(place->other);
    g_free(place->folder);
}

static void test_the_recipe_comes_back(Place *place, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    (void)data;
    g_autofree char *recipe = rushes_mp4_read_recipe(place->clip, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(recipe, ==, "{\"prompt\":\"caf\xc3\xa9\"}");
}

// A byte damaged anywhere in the headers, and a cut anywhere, is read or refused, never followed blindly.
static void test_damaged_files_are_refused_or_read(Place *place, gconstpointer data)
{
    g_autofree char *bytes = NULL;
    gsize size;
    (void)data;

    g_assert_true(g_file_get_contents(place->clip, &bytes, &size, NULL));
    for (gsize at = 0; at < size; at += at < 1500 ? 3 : 97) {
        RushesMp4Edit edit = {.audio_skip = 1024, .audio_samples = 4800, .audio_rate = 48000};
        g_autofree char *out = g_build_filename(place->folder, "out.mp4", NULL);
        char kept = bytes[at];
        bytes[at] = (char)(kept ^ 0xff);
        g_assert_true(g_file_set_contents(place->other, bytes, (gssize)size, NULL));
        bytes[at] = kept;
        g_autofree char *recipe = rushes_mp4_read_recipe(place->other, NULL);
        if (rushes_mp4_rewrite(place->other, out, &edit, NULL))
            g_unlink(out);
    }
    for (gsize cut = 0; cut < size; cut += 61) {
        g_assert_true(g_file_set_contents(place->other, bytes, (gssize)cut, NULL));
        g_autofree char *recipe = rushes_mp4_read_recipe(place->other, NULL);
    }
}

static void test_an_unfinished_clip_leaves_nothing(Place *place, gconstpointer data)
{
    RushesClipFormat format = {.width = 32, .height = 32, .fps_num = 10, .fps_den = 1};
    guint8 pixels[32 * 32 * 3] = {0};
    (void)data;

    RushesClipWriter *writer = rushes_clip_writer_new(place->other, &format, NULL);
    g_assert_nonnull(writer);
    g_assert_true(rushes_clip_writer_add_frame(writer, pixels, NULL));
    rushes_clip_writer_free(writer);
    g_assert_false(g_file_test(place->other, G_FILE_TEST_EXISTS));
}

static void test_a_place_that_cannot_be_written_is_told(Place *place, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    RushesClipFormat format = {.width = 32, .height = 32, .fps_num = 10, .fps_den = 1};
    (void)place;
    (void)data;

    RushesClipWriter *writer = rushes_clip_writer_new("/nonexistent/clip.mp4", &format, &error);
    gboolean written = writer && rushes_clip_writer_finish(writer, &error);
    g_assert_false(written);
    g_assert_nonnull(strstr(error->message, "/nonexistent/clip.mp4 cannot be written: "));
    rushes_clip_writer_free(writer);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
    g_test_add("/mp4-boxes/" #name, Place, NULL, place_set_up, test_##name, place_tear_down)
    ADD(the_recipe_comes_back);
    ADD(damaged_files_are_refused_or_read);
    ADD(an_unfinished_clip_leaves_nothing);
    ADD(a_place_that_cannot_be_written_is_told);
    return g_test_run();
}
