// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-scaler.h - brings a picture onto a canvas of another size or aspect: the largest part of the canvas'
// aspect is cut out and scaled by GStreamer's video converter. The same input gives the same bytes every
// time. Any thread; converters are kept and shared under a lock.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RushesPictureScaler RushesPictureScaler;

RushesPictureScaler *rushes_picture_scaler_new(void);
void rushes_picture_scaler_free(RushesPictureScaler *scaler);

// Packed RGB in and out. crop_x and crop_y (0 to 1) choose the part that stays: 0 left or top, 1 right or bottom.
// A picture of the canvas' size is copied unchanged. FALSE when the converter cannot be made.
gboolean rushes_picture_scaler_run(RushesPictureScaler *scaler, const guint8 *rgb, int width,
                                   int height, double crop_x, double crop_y, guint8 *out,
                                   int out_width, int out_height);

// The part of a width x height picture that a canvas of the other size shows.
typedef struct RushesCropArea {
    int x, y, width, height;
} RushesCropArea;
RushesCropArea rushes_crop_area(int width, int height, double crop_x, double crop_y, int out_width,
                                int out_height);

G_END_DECLS
