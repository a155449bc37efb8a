// SPDX-License-Identifier: GPL-3.0-or-later
//
// eta-cost.h - what one unit of each kind of work costs on a device, learned from finished jobs of any size.
#pragma once
#include "project/library.h"

G_BEGIN_DECLS

// The first step and the first frames are apart: they upload weights. Building kernels is no part of any.
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
// in size and the recent count most. Work beside which kernels were built always takes something more than
// that, so it is kept apart and asked for only where there is no other. Negative when no job had such work.
double rushes_work_cost(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                        RushesWork work);

// What one job's units of a kind took.
typedef struct RushesWorkSeen {
    double seconds; // a unit; negative where none was done
    gboolean built; // kernels were built meanwhile, whose time is not counted
} RushesWorkSeen;
void rushes_work_learn(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                       const RushesWorkSeen seen[RUSHES_N_WORK]);

G_END_DECLS
