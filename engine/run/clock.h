// SPDX-License-Identifier: GPL-3.0-or-later
//
// clock.h - how long a job will take, said honestly: what the units of work cost in this run where they
// were measured, what they cost in earlier runs on this device elsewhere, scaled by how this run goes
// compared with them. Without any earlier run the end is unknown until two steps are measured.
//
// Units of work are not alike: the first step uploads weights and compiles kernels, the later ones do
// not; the same holds for the first decoded pictures.
#pragma once
#include "rsh.h"

typedef enum ClockUnit {
    CLOCK_LOAD,
    CLOCK_TEXT,
    CLOCK_CONDITION,
    CLOCK_FIRST_STEP,
    CLOCK_STEP,
    CLOCK_FIRST_FRAME,
    CLOCK_FRAME,
    CLOCK_AUDIO,
    CLOCK_UNITS,
} ClockUnit;

typedef struct Clock {
    uint32_t planned[CLOCK_UNITS], done[CLOCK_UNITS];
    double spent[CLOCK_UNITS];    // seconds in this run
    double expected[CLOCK_UNITS]; // seconds a unit, from earlier runs or from rough proportions
    bool calibrated;              // `expected` comes from earlier runs
    double started, lap;
    double fraction; // last one told
} Clock;

// What the costs depend on. Earlier runs of another size are scaled.
typedef struct ClockKey {
    const char *device, *driver, *model;
    uint32_t width, height, frames;
    bool guided; // guidance doubles a step
} ClockKey;

// `cache_dir` may be NULL: nothing is known then, and nothing kept.
void clock_start(Clock *clock, const ClockKey *key, const char *cache_dir);
// `count` units that began at the last lap (or at the start) are done now.
void clock_lap(Clock *clock, ClockUnit unit, uint32_t count);
double clock_fraction(Clock *clock);        // of the whole job, never falling, below 1
double clock_remaining(const Clock *clock); // seconds; negative while unknown
double clock_total(const Clock *clock);   // seconds of the whole plan; negative when never measured
double clock_elapsed(const Clock *clock); // seconds since the start
// After a whole run: what was measured becomes the expectation of the next one.
void clock_keep(const Clock *clock, const ClockKey *key, const char *cache_dir);
