// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-marks.h - what an export adds to the composer's pictures before they are encoded: the label that people
// see, and the mark that they do not. Previews and stored takes never pass here.
#pragma once
#include "marks/mark-payload.h"

G_BEGIN_DECLS

// From this picture on, up to the next span's, the invisible mark says this.
typedef struct RushesMarkSpan {
    int frame;
    RushesMarkPayload payload;
} RushesMarkSpan;

typedef struct RushesPictureMarks RushesPictureMarks;

// `spans` (copied) in order of their frames; none leaves the invisible mark out.
RushesPictureMarks *rushes_picture_marks_new(int width, int height, double fps,
                                             const RushesMarkSpan *spans, gsize count,
                                             gboolean is_visible);
// Packed RGB number `frame` with its marks. Takes the picture over and returns it, or another; NULL stays NULL.
GBytes *rushes_picture_marks_apply(RushesPictureMarks *self, int frame, GBytes *picture);
void rushes_picture_marks_free(RushesPictureMarks *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesPictureMarks, rushes_picture_marks_free)

G_END_DECLS
