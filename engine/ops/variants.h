// SPDX-License-Identifier: GPL-3.0-or-later
// variants.h - the families of kernels among which a calibration chooses.
#pragma once
#include "gpu/calibrate.h"

// NULL when `family` has no choice to make.
const VariantFamily *op_variants(const char *family);
