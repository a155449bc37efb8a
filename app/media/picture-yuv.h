// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-yuv.h - packed RGB to what lossy encoders take: BT.709, limited range, 4:2:0, every value rounded to the
// nearest. GStreamer 1.22's converter truncates: white comes out with U 127, and colour bars up to 4 code values wrong.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// One plane's rows and the bytes from one to the next.
typedef struct RushesPlane {
    guint8 *rows;
    gsize stride;
} RushesPlane;

// `pixels` are rows of pixels, `row` bytes from one to the next; red, green and blue come first. Both sides are even.
// Planes are Y
// (width x height), U and V (half of both). Chroma is sited left, as H.264, VP9 and AV1 have it unless they say
// otherwise: [1 2 1]/4 along the row, the mean of two rows.
void rushes_picture_to_yuv(const guint8 *pixels, int pixel_bytes, gsize row, int width, int height,
                           const RushesPlane planes[3]);

G_END_DECLS
