// SPDX-License-Identifier: GPL-3.0-or-later
//
// GIFs are read to their end, with the colours, the size and the speed that were written. (GStreamer's own way to read
// them never ends.)
#include <string.h>

#include "export/gif-writer.h"
#include "media/clip-decoder.h"
#include "media/gif-reader.h"
#include "scratch.h"
#include "tap.h"

#define WIDTH  61 // rows are no multiple of four bytes
#define HEIGHT 47
#define FRAMES 9
#define BYTES  (WIDTH * HEIGHT * 3)

// Few colours, so that a GIF keeps each.
static void paint(int frame, guint8 *rgb)
{
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        rgb[i * 3] = (guint8)((i % WIDTH) / 20 * 60);
        rgb[i * 3 + 1] = (guint8)((i / WIDTH) / 16 * 70);
        rgb[i * 3 + 2] = (guint8)(frame * 20);
    }
}

static char *write_gif(void)
{
    char *folder = g_dir_make_tmp(NULL, NULL);
    char *path = g_build_filename(folder, "a.gif", NULL);
    RushesGifWriter *writer = rushes_gif_writer_new(path, WIDTH, HEIGHT, 12.5, NULL);
    guint8 rgb[BYTES];

    for (int i = 0; i < FRAMES; i++) {
        paint(i, rgb);
        CHECK(rushes_gif_writer_add_frame(writer, rgb, NULL));
    }
    CHECK(rushes_gif_writer_finish(writer, NULL));
    rushes_gif_writer_free(writer);
    g_free(folder);
    return path;
}

static void what_was_written_is_read(void)
{
    g_autofree char *path = write_gif();
    g_autoptr(RushesGifReader) reader = rushes_gif_reader_new(path, NULL);
    int width, height, num, den;
    guint8 rgb[BYTES];

    rushes_gif_reader_get_format(reader, &width, &height, &num, &den);
    CHECK(width == WIDTH && height == HEIGHT && num * 2 == den * 25);
    for (int i = 0; i < FRAMES; i++) {
        g_autoptr(GBytes) picture = rushes_gif_reader_next(reader);
        paint(i, rgb);
        CHECK(picture && g_bytes_get_size(picture) == BYTES &&
              memcmp(g_bytes_get_data(picture, NULL), rgb, BYTES) == 0);
    }
    CHECK(rushes_gif_reader_next(reader) == NULL);
}

static void the_decoder_comes_to_the_end_of_a_gif(void)
{
    g_autofree char *path = write_gif();
    g_auto(RushesClipDecoder) decoder = {0};
    GError *error = NULL;
    GstVideoFrame frame;
    guint8 rgb[BYTES];
    int count = 0;

    CHECK(rushes_clip_decoder_open(&decoder, path,
                                   "decodebin ! videoconvert ! video/x-raw,format=RGB", &error));
    while (rushes_clip_decoder_pull_frame(&decoder, &frame, &error)) {
        paint(count++, rgb);
        for (int y = 0; y < HEIGHT; y++)
            CHECK(memcmp((guint8 *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
                             y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
                         rgb + y * WIDTH * 3, WIDTH * 3) == 0);
        gst_video_frame_unmap(&frame);
    }
    CHECK(count == FRAMES && !error);
}

static void a_damaged_gif_ends_where_the_damage_is(void)
{
    g_autofree char *path = write_gif();
    g_autofree char *bytes = NULL;
    gsize size;

    CHECK(g_file_get_contents(path, &bytes, &size, NULL));
    for (gsize keep = 0; keep < size; keep += 37) {
        CHECK(g_file_set_contents(path, bytes, (gssize)keep, NULL));
        g_autoptr(GError) error = NULL;
        g_autoptr(RushesGifReader) reader = rushes_gif_reader_new(path, &error);
        CHECK(!reader == !!error);
        int count = 0;
        for (GBytes *picture; reader && (picture = rushes_gif_reader_next(reader)); count++)
            g_bytes_unref(picture);
        CHECK(count < FRAMES || keep + 40 > size);
    }
}

int main(void)
{
    scratch_begin();
    TAP_RUN(what_was_written_is_read);
    TAP_RUN(the_decoder_comes_to_the_end_of_a_gif);
    TAP_RUN(a_damaged_gif_ends_where_the_damage_is);
    return scratch_end(tap_done());
}
