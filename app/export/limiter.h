// SPDX-License-Identifier: GPL-3.0-or-later
//
// limiter.h - a source's sound made louder without its peaks passing RUSHES_TRUE_PEAK: where one would, the sound is
// turned down just before it, smoothly, and comes back after it. Peaks are those between the samples too, at four times
// the rate (ITU-R BS.1770-4, annex 2).
#pragma once
#include "playback/frame-source.h"

G_BEGIN_DECLS

#define RUSHES_TRUE_PEAK 1.0 // dB below full scale that no peak passes

typedef struct RushesLimiter RushesLimiter;

// From the source's beginning on, times `gain`. Keeps a reference to the source. While no peak passes the limit the
// samples are the source's times gain, exactly.
RushesLimiter *rushes_limiter_new(RushesFrameSource *source, double gain);
// The next `count` samples a channel, interleaved; silence past the source's end. FALSE with an error when the source
// cannot be read. Any one thread.
gboolean rushes_limiter_read(RushesLimiter *self, gsize count, float *out, GError **error);
void rushes_limiter_free(RushesLimiter *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesLimiter, rushes_limiter_free)

G_END_DECLS
