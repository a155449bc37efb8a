// SPDX-License-Identifier: GPL-3.0-or-later
// calibrate.h - which of several kernels for the same work is fastest on this device and driver: timed
// on first use, then remembered in the cache folder.
#pragma once
#include "gpu/gpu.h"

// Kernels that do the same work, for example "matmul". Static data of the caller.
typedef struct VariantFamily {
    const char *name; // also the key in the cache; at most 31 characters
    const char *const *variants;
    size_t variant_count; // at most 16; the first usable one wins ties
    bool (*usable)(const GpuCaps *caps, const char *variant);
    // Nanoseconds of one representative piece of work, a few milliseconds long. A variant that fails is out.
    RshStatus (*time)(Gpu *gpu, const char *variant, double *ns, RshError *error);
} VariantFamily;

// The chosen variant's name from family->variants, or NULL when none is usable or all fail. While a
// family is being timed this is the variant whose turn it is, so that a graph can be used for timing.
const char *gpu_calibrate(Gpu *gpu, const VariantFamily *family);

// Best wall-clock time in nanoseconds of several runs of a finished list, after one that warms up.
RSH_MUST_USE RshStatus gpu_time_commands(Gpu *gpu, GpuCommands *commands, uint32_t runs, double *ns,
                                         RshError *error);
