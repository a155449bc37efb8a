// SPDX-License-Identifier: GPL-3.0-or-later
//
// loudness.h - how loud a source is as people hear it (EBU R 128, by libebur128), and how the limiter has to be set to
// bring it to a target. Any thread.
#pragma once
#include <gio/gio.h>

#include "export/limiter.h"

G_BEGIN_DECLS

#define RUSHES_LOUDNESS_TARGET 14.0 // LUFS below full scale: what the large platforms play at
#define RUSHES_LIMIT_MOST      15.0 // dB that a peak is turned down at most: more is heard as distortion

typedef struct RushesLoudnessPlan {
    double gain;    // factor for rushes_limiter_new()
    double reached; // LUFS that the limited sound then has
} RushesLoudnessPlan;

// Reads the whole source, several times when peaks are in the way. Silence stays as it is. FALSE with an error when it is
// cancelled or the sound cannot be read.
gboolean rushes_loudness_plan(RushesFrameSource *source, RushesLoudnessPlan *plan,
                              GCancellable *cancellable, GError **error);

G_END_DECLS
