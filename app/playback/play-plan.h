// SPDX-License-Identifier: GPL-3.0-or-later
//
// play-plan.h - which frame of the source is shown at which moment of a playing: a row of segments,
// added as the moments come, so that a loop over a clip that still grows has no gap and picture and
// sound agree on every turn. Any thread.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct RushesPlayPlan RushesPlayPlan;

// Starts at frame `start`, advancing `step` frames a shown frame (negative: backwards).
RushesPlayPlan *rushes_play_plan_new(double start, double step);
void rushes_play_plan_free(RushesPlayPlan *self);

// What may be shown from now on: frames first to last, both included; `again` when the end leads
// back to the beginning. Segments that are planned already stay.
void rushes_play_plan_set_range(RushesPlayPlan *self, int first, int last, gboolean again);

// The position in the source, in frames, at `moment`, counted in shown frames from the start of the
// playing. FALSE past the end. `turn` (may be NULL) gets how many times it began again.
gboolean rushes_play_plan_locate(RushesPlayPlan *self, double moment, double *position,
                                 guint *turn);

G_END_DECLS
