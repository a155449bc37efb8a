// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-pictures.h - the small pictures and the waveforms of the timeline, made by one thread of their own and kept,
// so that drawing never waits for a file. Main thread only.
#pragma once
#include <gtk/gtk.h>

#include "project/take.h"
#include "timeline/media.h"

G_BEGIN_DECLS

#define RUSHES_PEAKS_A_SECOND 100

typedef struct RushesPeaks {
    float *values; // loudest absolute sample of each hundredth of a second
    gsize count;
} RushesPeaks;

// Signal "changed": something that was asked for is there now.
#define RUSHES_TYPE_TIMELINE_PICTURES (rushes_timeline_pictures_get_type())
G_DECLARE_FINAL_TYPE(RushesTimelinePictures, rushes_timeline_pictures, RUSHES, TIMELINE_PICTURES,
                     GObject)

RushesTimelinePictures *rushes_timeline_pictures_new(void);
// All three belong to the cache, for as long as the caller does not return to the main loop. NULL: being made, or
// there is none.
GdkTexture *rushes_timeline_pictures_get_frame(RushesTimelinePictures *self, RushesTake *take,
                                               int frame, int height);
const RushesPeaks *rushes_timeline_pictures_get_take_peaks(RushesTimelinePictures *self,
                                                           RushesTake *take);
// `name` is the media's; `samples` may be NULL.
const RushesPeaks *rushes_timeline_pictures_get_media_peaks(RushesTimelinePictures *self,
                                                            const char *name, RushesMedia *samples);

G_END_DECLS
