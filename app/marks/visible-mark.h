// SPDX-License-Identifier: GPL-3.0-or-later
//
// visible-mark.h - the label people see: "MADE WITH AI", white on a dark plate, wandering over the picture so that no
// crop takes it away. Drawn from its own letters: the same pixels on every machine.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RushesVisibleMark {
    int x, y, width, height; // of the plate, pixels
    int dot;                 // side of a letter's smallest square
} RushesVisibleMark;

// Where the label is at this time in a picture of this size. A dot of 0 stands for a picture too small to hold it.
RushesVisibleMark rushes_visible_mark_place(int width, int height, double seconds);
// Draws it into packed RGB [height, width, 3].
void rushes_visible_mark_draw(guint8 *rgb, int width, int height, double seconds);

G_END_DECLS
