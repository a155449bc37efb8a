// SPDX-License-Identifier: GPL-3.0-or-later
//
// watermark.h - the imperceptible mark of a clip, put into its pictures on their way to an encoder. It lies in
// luminance alone and keeps every picture within RUSHES_WATERMARK_PSNR of what it was. docs/marks.md tells the
// method and what it survives.
#pragma once
#include "marks/mark-payload.h"

G_BEGIN_DECLS

#define RUSHES_WATERMARK_PSNR 42.0 // dB, marked against unmarked, at least, in every picture

typedef struct RushesWatermarker RushesWatermarker;

// For pictures of this size and rate. One thread at a time.
RushesWatermarker *rushes_watermarker_new(int width, int height, double fps);
// Marks the packed RGB picture number `frame` of the file, [height, width, 3], in place. The payload may be another
// from one picture to the next: a film carries the mark of the take that is seen.
void rushes_watermarker_apply(RushesWatermarker *self, RushesMarkPayload payload, int frame,
                              guint8 *rgb);
void rushes_watermarker_free(RushesWatermarker *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesWatermarker, rushes_watermarker_free)

G_END_DECLS
