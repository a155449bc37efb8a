// SPDX-License-Identifier: GPL-3.0-or-later
//
// condition.h - a picture or a clip from anywhere, made into what a job can start from: condition.rgb
// and condition.f32 in the take's folder, at the job's size and rates (docs/protocol.md, "The job").
// Pictures are cropped at the centre to the job's shape, never stretched.
#pragma once
#include <cjson/cJSON.h>
#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct RushesConditionFormat {
    int width, height; // of the job
    double fps;
    int rate; // samples a second; 0: the model makes no sound
} RushesConditionFormat;

// A picture as picture-file.h reads it, or the first frame of anything else that GStreamer decodes. Returns the
// job's "conditioning" object, owned by the caller. Blocks.
cJSON *rushes_condition_from_picture(const char *file, const RushesConditionFormat *format,
                                     const char *take, GError **error);
// The last `frames` frames of a clip, with their sound if it has any.
cJSON *rushes_condition_from_clip(const char *file, int frames, const RushesConditionFormat *format,
                                  const char *take, GError **error);

// Packed RGB of any size as packed RGB of width x height: cropped at the centre, then resampled with a
// triangle filter as wide as the step. Owned by the caller.
guint8 *rushes_picture_cover(const guint8 *rgb, int from_width, int from_height, gsize from_stride,
                             int width, int height);

G_END_DECLS
