// SPDX-License-Identifier: GPL-3.0-or-later
//
// kernel_guess.h - what it takes to build a kernel that was never built, from what others took. The time grows with
// the code, and the code with the constants that loops are unrolled by: its logarithm is taken as linear in theirs
// (a Bayesian linear regression, whose slopes kernels of one family share).
#pragma once
#include "gpu/gpu.h"
#include "gpu/shader_blob.h"

typedef struct KernelSample {
    const ShaderBlob *blob;
    const uint32_t *constants; // as many as those of the kernel that is asked about
    double seconds;            // above 0
} KernelSample;

// Shaders whose constants mean the same: gemm_linear and gemm_conv, norm and norm_subgroup.
bool kernel_guess_alike(const ShaderBlob *one, const ShaderBlob *other);

// What shaders cost beside each other where none of a family was built yet: matrix products 1.
double kernel_guess_weight(const ShaderBlob *blob);

#define KERNEL_GUESS_MOST 64 // samples; more tell nothing new
// Seconds; `samples` are of shaders alike, 1 to KERNEL_GUESS_MOST of them.
double kernel_guess(const ShaderBlob *blob, const uint32_t *constants, uint32_t constant_count,
                    const KernelSample *samples, size_t count);
