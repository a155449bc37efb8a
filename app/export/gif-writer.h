// SPDX-License-Identifier: GPL-3.0-or-later
//
// gif-writer.h - frames in, one looping GIF out. Each frame gets the 256 colours that suit it best (gif-palette.h)
// and its rounding error is spread to its neighbours (Floyd and Steinberg, 1976). GIF counts time in hundredths of a second: frame times
// are rounded so that the whole keeps its length.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct RushesGifWriter RushesGifWriter;

// Nothing is seen under `path` before finish has succeeded; freeing an unfinished writer leaves nothing.
RushesGifWriter *rushes_gif_writer_new(const char *path, int width, int height, double fps,
                                       GError **error);
gboolean rushes_gif_writer_add_frame(RushesGifWriter *self, const guint8 *rgb, GError **error);
gboolean rushes_gif_writer_finish(RushesGifWriter *self, GError **error);
void rushes_gif_writer_free(RushesGifWriter *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesGifWriter, rushes_gif_writer_free)

G_END_DECLS
