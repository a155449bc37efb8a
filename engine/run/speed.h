// SPDX-License-Identifier: GPL-3.0-or-later
//
// speed.h - how fast a device is while no job has told yet: a matrix product is built and run on a thread of
// its own. Most of a clip's time is such products, and what building this one took stands in the kernel log,
// from which the others are told (gpu/kernel_log.h).
//
// Threads   The calls are one thread's. The device whose options are given is only read; the product runs on a
//           handle of its own.
#pragma once
#include "gpu/gpu.h"

typedef struct Speed Speed;

// Starts measuring. `options` and what they point to must outlive the Speed.
RSH_MUST_USE RshStatus speed_start(const GpuOptions *options, Speed **out, RshError *error);
// False while it is being measured. *flops: operations a second, of everything that the machine does meanwhile,
// too; 0 when the product could not be run.
bool speed_get(const Speed *speed, double *flops);
void speed_stop(
    Speed **speed); // waits for the kernel being built, not for the whole; NULL-safe; stores NULL
