// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-motion.h - one picture carried on to where its parts lie in the next, so that what moves cancels in their
// difference nearly as what stands still does. The mark does not move with the picture, so most of it stays.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RushesMarkMotion RushesMarkMotion;

// For pictures [height, width] of canonical pixels (mark-tiles.h).
RushesMarkMotion *rushes_mark_motion_new(int width, int height);
// difference[y, x] = b - a where nothing moves. Where something does: the average of b less a moved forward and b moved
// backward less a. All [height, width].
void rushes_mark_motion_subtract(RushesMarkMotion *self, const float *a, const float *b,
                                 float *difference);
void rushes_mark_motion_free(RushesMarkMotion *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMarkMotion, rushes_mark_motion_free)

G_END_DECLS
