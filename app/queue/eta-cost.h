// SPDX-License-Identifier: GPL-3.0-or-later
//
// eta-cost.h - what one unit of each kind of work costs on a device, learned from finished jobs of any size.
#pragma once
#include "project/library.h"

G_BEGIN_DECLS

// The first step and the first frames are apart: they upload weights and build kernels.
typedef enum RushesWork {
    RUSHES_WORK_LOAD,
    RUSHES_WORK_TEXT,
    RUSHES_WORK_FIRST_STEP,
    RUSHES_WORK_STEP,
    RUSHES_WORK_OPENING, // what comes with the first two of the decoder's announcements
    RUSHES_WORK_FRAME,   // each frame after these
    RUSHES_WORK_AUDIO,
    RUSHES_N_WORK,
} RushesWork;

#define RUSHES_OPENING_FRAMES 5 // of a causal decoder: one, then four

// How many units of it the whole job has.
double rushes_work_units(RushesWork work, const RushesRecipe *recipe);

// Seconds a unit in a job of this shape: a power law through the costs of earlier jobs, of which the near
// in size and the recent count most. What builds kernels costs more in the first job of a size than in
// later ones, so the two are kept apart. Negative when no job had such work yet.
double rushes_work_cost(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                        RushesWork work);
// `seconds` a unit of each work, negative where none was done.
void rushes_work_learn(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                       const double seconds[RUSHES_N_WORK]);

G_END_DECLS
