// SPDX-License-Identifier: GPL-3.0-or-later
//
// gif-palette.h - the 256 colours that stand for a picture with the least error. A picture that has no more keeps
// each exactly.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RUSHES_GIF_COLOURS 256

typedef struct RushesGifPalette {
    int count;
    guint8 colours[RUSHES_GIF_COLOURS][3]; // red, green, blue
} RushesGifPalette;

// Packed RGB, at least one pixel.
void rushes_gif_palette_make(RushesGifPalette *self, const guint8 *rgb, gsize pixels);
// The nearest colour's index.
int rushes_gif_palette_nearest(const RushesGifPalette *self, int red, int green, int blue);

G_END_DECLS
