// SPDX-License-Identifier: GPL-3.0-or-later
//
// gif-reader.h - the pictures of a GIF, one after another. GStreamer 1.22 reads GIFs through FFmpeg's demuxer, which never
// comes to the end of one. The file may be hostile.
//
// Source: GIF89a (CompuServe, 1990).
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct RushesGifReader RushesGifReader;

// TRUE when the file begins as a GIF does.
gboolean rushes_gif_reader_can_read(const char *path);
// NULL with one sentence when it is no GIF, or has no picture.
RushesGifReader *rushes_gif_reader_new(const char *path, GError **error);
void rushes_gif_reader_free(RushesGifReader *self); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesGifReader, rushes_gif_reader_free)

// Pixels, and pictures a second as a fraction: how many there are, over how long they are shown together.
void rushes_gif_reader_get_format(RushesGifReader *self, int *width, int *height, int *fps_num,
                                  int *fps_den);
// The next picture as it is seen, packed RGB, owned by the caller; what is transparent in the first is black. NULL at the
// end, or where the file is damaged.
GBytes *rushes_gif_reader_next(RushesGifReader *self);

G_END_DECLS
