// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-evidence.h - from the pictures of a few seconds to one picture of what could be the mark: wherever the mark
// would change its sign, what comes after less what came before. What stands still cancels; where something moves
// across a change, that change counts little there and the others count more.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Where in the mark's third of a second a cut clip may begin; also how many slots it is divided into.
#define RUSHES_MARK_PHASES 4

// Pictures summed by slots of PERIOD / PHASES seconds. Borrowed.
typedef struct RushesMarkStretch {
    int width, height;  // of the pictures
    guint first, count; // slots, numbered from the beginning of the file
    float *const *sums; // [count][height, width]
    const int *frames;  // [count]: pictures in each sum, possibly none
} RushesMarkStretch;

typedef struct RushesMarkEvidence RushesMarkEvidence;

RushesMarkEvidence *rushes_mark_evidence_new(const RushesMarkStretch *stretch);
// The picture for one phase, [height, width] of canonical pixels (mark-tiles.h), overwritten by the next call; NULL
// when there is no change of sign in the stretch, or nothing to be seen.
const float *rushes_mark_evidence_at(RushesMarkEvidence *self, guint phase, int *width,
                                     int *height);
void rushes_mark_evidence_free(RushesMarkEvidence *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMarkEvidence, rushes_mark_evidence_free)

G_END_DECLS
