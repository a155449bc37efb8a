// SPDX-License-Identifier: GPL-3.0-or-later
// variants.h - the kernels for products and attention, and which of them a device gets.
#pragma once
#include "gpu/calibrate.h"
#include "ops/record.h"

// NULL when `family` has no choice to make.
const VariantFamily *op_variants(const char *family);

// Texel kernels for CPU drivers, where they are twenty times as fast; for GPUs shared-memory kernels, with
// 16-bit operands where the graph allows them and the device was found to be faster with them.
typedef enum KernelKind { KERNEL_TEXEL, KERNEL_TILED, KERNEL_TILED16 } KernelKind;
KernelKind kernel_kind(Recorder *recorder, const char *family); // "matmul" or "attention"
