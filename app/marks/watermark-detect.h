// SPDX-License-Identifier: GPL-3.0-or-later
//
// watermark-detect.h - finds the imperceptible mark in pictures of any size, cut or scaled, and says how sure that
// is. Needs neither the unmarked clip nor a list of takes.
#pragma once
#include <gio/gio.h>

#include "marks/mark-payload.h"

G_BEGIN_DECLS

typedef struct RushesFoundMark {
    RushesMarkPayload payload;
    double score;      // sum of the agreement with the five tiles, each in standard deviations
    double odds;       // one in this many unmarked clips would score as much, all searches counted
    double start, end; // seconds of the first stretch that carries it, and of the last one's end
} RushesFoundMark;

// Odds below this are taken for chance.
#define RUSHES_WATERMARK_ODDS 1e6

typedef struct RushesMarkDetector RushesMarkDetector;

// For pictures of this size and rate; NULL when they are too small, too narrow or too large, or the rate is none.
// Looks for keys 0 to `keys` - 1 (mark-tiles.h), which is 1 but for measuring. Memory does not grow with the clip.
RushesMarkDetector *rushes_mark_detector_new(int width, int height, double fps, guint keys);
// Luminance, one byte a pixel, rows `stride` bytes apart.
void rushes_mark_detector_add(RushesMarkDetector *self, const guint8 *luma, gsize stride);
// Call once, after the last picture. The marks of one key, best first: array of RushesFoundMark, owned by the caller.
// `best` (may be NULL) receives the best score, found or not.
GArray *rushes_mark_detector_find(RushesMarkDetector *self, guint key, double *best);
void rushes_mark_detector_free(RushesMarkDetector *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMarkDetector, rushes_mark_detector_free)

// The same of a file's pictures, decoded by GStreamer. An empty array when it carries no mark; NULL with an error
// when there is no picture to be read. Blocks; any thread.
GArray *rushes_watermark_read(const char *path, GError **error);

// Whether a folder holds numbered pictures as an export makes them, from frame-000000.png on.
gboolean rushes_watermark_is_picture_folder(const char *folder);
// The same of such a folder, at each of the usual rates. Start and end are numbers of pictures, not seconds.
GArray *rushes_watermark_read_pictures(const char *folder, GError **error);

// One in how many unmarked stretches scores this much (docs/marks.md has the fit).
double rushes_watermark_score_odds(double score);

G_END_DECLS
