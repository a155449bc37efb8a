// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-crop.h - a shot's picture with the part that the film's aspect keeps; dragging or the arrow keys move that
// part. Signal "moved" (double x, double y, boolean last): 0 is left or top, 1 right or bottom.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_TIMELINE_CROP (rushes_timeline_crop_get_type())
G_DECLARE_FINAL_TYPE(RushesTimelineCrop, rushes_timeline_crop, RUSHES, TIMELINE_CROP, GtkWidget)

// A picture of the take and the film's canvas.
RushesTimelineCrop *rushes_timeline_crop_new(GdkTexture *picture, int width, int height,
                                             int canvas_width, int canvas_height);
void rushes_timeline_crop_set_position(RushesTimelineCrop *self, double x, double y);

G_END_DECLS
