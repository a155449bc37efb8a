// SPDX-License-Identifier: GPL-3.0-or-later
// hazard.h - decides where recorded work needs a barrier, from the ranges that each step reads and writes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu/gpu.h"

typedef struct GpuAccess {
    const GpuBuffer *buffer;
    uint64_t begin, end; // bytes
    bool written;
} GpuAccess;

// What was touched since the last barrier. A barrier orders everything before it, so that is all that
// has to be remembered.
typedef struct HazardTracker {
    GpuAccess *items;
    size_t count, capacity;
} HazardTracker;

// Adds one step's accesses. *barrier is true when some range was written since the last barrier and is
// touched now, or was read and is written now; everything before is then forgotten. False: out of memory.
bool hazard_add(HazardTracker *tracker, const GpuAccess *accesses, size_t count, bool *barrier);
void hazard_clear(HazardTracker *tracker);
