// SPDX-License-Identifier: GPL-3.0-or-later
//
// loudness.h - how loud a source is as people hear it (EBU R 128, by libebur128), and the factor that brings it to a
// target. Any thread.
#pragma once
#include <gio/gio.h>

#include "playback/frame-source.h"

G_BEGIN_DECLS

#define RUSHES_LOUDNESS_TARGET 14.0 // LUFS below full scale: what the large platforms play at
#define RUSHES_TRUE_PEAK       1.0  // dB below full scale that no peak passes

// The factor for the whole source; 1 for silence. Less than the target asks for when a peak would pass the
// limit; `reached` is the loudness in LUFS that the sound has then. 0 with an error when it is cancelled or the sound
// cannot be read.
double rushes_loudness_gain(RushesFrameSource *source, GCancellable *cancellable, double *reached,
                            GError **error);

G_END_DECLS
