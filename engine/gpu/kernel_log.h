// SPDX-License-Identifier: GPL-3.0-or-later
//
// kernel_log.h - what building kernels costs on a device. A kernel is built when it is created and, on CPU
// drivers, when it first runs; drivers keep what they built, so that the next process gets it cheaper. The
// log knows which kernels were ever built, here or in an earlier process, and what each took: from that the
// price of kernels that were not built yet is told before they are.
//
// Threads   A log may be shared by the devices of one process that are the same one; it locks itself.
#pragma once
#include "gpu/gpu.h"
#include "gpu/shader_blob.h"

typedef struct KernelLog KernelLog;

// A kernel is its code and its constants.
typedef struct KernelKey {
    const ShaderBlob *blob;
    uint32_t constants[GPU_MAX_CONSTANTS], constant_count;
} KernelKey;
bool kernel_key_equal(const KernelKey *a, const KernelKey *b);

// Reads what earlier processes wrote into the cache folder. NULL: out of memory.
KernelLog *kernel_log_open(const Gpu *gpu);
void kernel_log_save(KernelLog *log, const Gpu *gpu); // when there is news and a cache folder
void kernel_log_close(KernelLog **log);               // NULL-safe; stores NULL

// Was built already, by an earlier process or on another handle of this one: the driver keeps its code.
bool kernel_log_built_before(KernelLog *log, const KernelKey *key);
// It is built now and took one thread so long; `before`: an earlier process had built it.
void kernel_log_add(KernelLog *log, const KernelKey *key, bool before, double seconds);
// Seconds that one thread will take to build it: what it took last, else what kernels of shaders alike
// let expect (kernel_guess.h), else what all others
// took, by weight; 0 when this process has built it, or when none ever was built.
double kernel_log_expect(KernelLog *log, const KernelKey *key);
