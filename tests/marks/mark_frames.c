// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark_frames.c - the imperceptible mark on raw pictures, for evaluate.py and unmarked.py:
//   mark_frames mark WIDTHxHEIGHT FPS ID     packed RGB from stdin, marked, to stdout
//   mark_frames find WIDTHxHEIGHT FPS KEYS [FRAMES]
//       luminance from stdin; prints "KEY SCORE ID" for each of so many keys, anew after every FRAMES pictures
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks/watermark-detect.h"
#include "marks/watermark.h"

static int mark(int width, int height, double fps, guint32 id)
{
    g_autoptr(RushesWatermarker) marker = rushes_watermarker_new(width, height, fps);
    gsize bytes = (gsize)width * (gsize)height * 3;
    g_autofree guint8 *rgb = g_malloc(bytes);
    RushesMarkPayload payload = {.version = RUSHES_MARK_VERSION, .id = id};

    for (int frame = 0; fread(rgb, 1, bytes, stdin) == bytes; frame++) {
        rushes_watermarker_apply(marker, payload, frame, rgb);
        fwrite(rgb, 1, bytes, stdout);
    }
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

// One clip of at most `frames` pictures. FALSE when there is none left, or nothing can be searched at this size.
static gboolean find_next(int width, int height, double fps, guint keys, int frames)
{
    gsize bytes = (gsize)width * (gsize)height;
    g_autofree guint8 *luma = g_malloc(bytes);
    g_autoptr(RushesMarkDetector) detector = rushes_mark_detector_new(width, height, fps, keys);
    int added = 0;

    for (; detector && added < frames && fread(luma, 1, bytes, stdin) == bytes; added++)
        rushes_mark_detector_add(detector, luma, (gsize)width);
    for (guint key = 0; added > 0 && key < keys; key++) {
        double best;
        g_autoptr(GArray) found = rushes_mark_detector_find(detector, key, &best);
        guint32 id = found->len > 0 ? g_array_index(found, RushesFoundMark, 0).payload.id : 0;
        printf("%u %.3f %08x\n", key, best, id);
    }
    return added > 0;
}

static int find(int width, int height, double fps, guint keys, int frames)
{
    int clips = 0;

    while (find_next(width, height, fps, keys, frames))
        clips++;
    return clips > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    int width, height;

    if (argc < 5 || sscanf(argv[2], "%dx%d", &width, &height) != 2 || width < 1 || height < 1) {
        fputs("usage: mark_frames mark|find WIDTHxHEIGHT FPS ID|KEYS [FRAMES]\n", stderr);
        return EXIT_FAILURE;
    }
    double fps = atof(argv[3]);
    if (strcmp(argv[1], "mark") == 0)
        return mark(width, height, fps, (guint32)strtoul(argv[4], NULL, 16));
    return find(width, height, fps, (guint)MAX(1, atoi(argv[4])),
                argc > 5 ? MAX(1, atoi(argv[5])) : G_MAXINT);
}
