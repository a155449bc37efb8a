// SPDX-License-Identifier: GPL-3.0-or-later
//
// mixer.h - the film's sound over any range of samples: the shots' own sound with gain, fades and cross-fades in
// dissolves, and the second lane. A sample depends on its position alone, so a range cut in any way gives the
// same bits. Any thread.
#pragma once
#include "timeline/timeline.h"

G_BEGIN_DECLS

// Fills out[count * RUSHES_TIMELINE_CHANNELS] with samples [first, first + count) at RUSHES_TIMELINE_RATE. FALSE with an
// error when some of it cannot be read any more; it is silent then, and all else sounds.
gboolean rushes_mixer_run(const RushesTimeline *timeline, gint64 first, gsize count, float *out,
                          GError **error);

G_END_DECLS
