// SPDX-License-Identifier: GPL-3.0-or-later
// Writes a clip of black frames with a white one, and silence with a click at that very moment, for
// test_sync.py: write_flash_click OUT FPS RATE FRAMES FLASH [sound]. With "sound", samples are pushed
// before frames.
#include <stdlib.h>
#include <string.h>

#include "media/clip-writer.h"

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 6)
        return 2;
    int fps = atoi(argv[2]), rate = atoi(argv[3]), frames = atoi(argv[4]), flash = atoi(argv[5]);
    RushesClipFormat format = {.width = 250, .height = 160, .fps_num = fps, .fps_den = 1};
    gsize count = (gsize)frames * (gsize)rate / (gsize)fps;
    gsize click = (gsize)flash * (gsize)rate / (gsize)fps;
    g_autofree float *samples = g_new0(float, count);
    g_autofree guint8 *pixels = g_malloc(250 * 160 * 3);

    format.rate = rate;
    format.channels = 1;
    // A burst rather than one sample: a lossy codec keeps its onset.
    for (gsize i = 0; i < (gsize)rate / 100 && click + i < count; i++)
        samples[click + i] = i % 8 < 4 ? 0.8f : -0.8f;

    g_autoptr(RushesClipWriter) writer = rushes_clip_writer_new(argv[1], &format, &error);
    if (!writer)
        g_error("%s", error->message);
    rushes_clip_writer_set_recipe(writer, "{\"version\":1,\"prompt\":\"flash \xc3\xa9\"}");
    if (argc > 6 && !rushes_clip_writer_add_samples(writer, samples, count, &error))
        g_error("%s", error->message);
    for (int i = 0; i < frames; i++) {
        memset(pixels, i == flash ? 255 : 0, 250 * 160 * 3);
        if (!rushes_clip_writer_add_frame(writer, pixels, &error))
            g_error("%s", error->message);
    }
    if (argc <= 6 && !rushes_clip_writer_add_samples(writer, samples, count, &error))
        g_error("%s", error->message);
    if (!rushes_clip_writer_finish(writer, &error))
        g_error("%s", error->message);
    return 0;
}
