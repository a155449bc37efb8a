// SPDX-License-Identifier: GPL-3.0-or-later
//
// clip-writer.h - pictures and samples in, one file out, in sync to the sample. Headless generation and
// the timeline's export both write through it.
//
// Flow      new, then frames and samples in any order and amounts, then finish. Nothing is seen under
//           the final name before finish has succeeded; freeing an unfinished writer leaves nothing.
// Threads   one thread at a time; every call may block while encoders catch up, finish always does.
#pragma once
#include <gio/gio.h>

#include "export/clip-container.h"

G_BEGIN_DECLS

#define RUSHES_PICTURES_RECIPE "recipe.json"

typedef enum RushesPixels { RUSHES_PIXELS_RGB, RUSHES_PIXELS_RGBA } RushesPixels;

typedef struct RushesClipFormat {
    RushesContainer container; // 0: MP4
    int width, height;         // at least 2; MP4 and WebM leave an odd last column or row out
    RushesPixels pixels;       // packed rows, 8 bits a channel, sRGB
    int fps_num, fps_den;
    int rate;     // samples a second of what is pushed; 0: no sound
    int channels; // 1 or 2
    int quality;  // constant rate factor, 0 (best) to 51; 0 stands for 18
} RushesClipFormat;

typedef struct RushesClipWriter RushesClipWriter;

RushesClipWriter *rushes_clip_writer_new(const char *path, const RushesClipFormat *format,
                                         GError **error);
// JSON that finish puts into an MP4, or as RUSHES_PICTURES_RECIPE beside numbered pictures; copied. Other containers do
// not carry it.
void rushes_clip_writer_set_recipe(RushesClipWriter *self, const char *json);

// One frame, shown for den/num seconds after the one before. The pixels are copied.
gboolean rushes_clip_writer_add_frame(RushesClipWriter *self, const guint8 *pixels, GError **error);
// `count` samples a channel, interleaved, -1 to 1. They are copied.
gboolean rushes_clip_writer_add_samples(RushesClipWriter *self, const float *samples, gsize count,
                                        GError **error);

gboolean rushes_clip_writer_finish(RushesClipWriter *self, GError **error);
void rushes_clip_writer_free(RushesClipWriter *self); // NULL-safe; before finish: cancels

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesClipWriter, rushes_clip_writer_free)

G_END_DECLS
