// SPDX-License-Identifier: GPL-3.0-or-later
// stored_weight.h - a weight as a model file holds it, for kernels that read f16 and quantised numbers.
#pragma once
#include "graph/weight.h"

// A GGUF file in memory with the one tensor "w" [out, in] of random numbers of `dtype`: F32, F16, BF16 or a
// block type; `in` must be whole blocks.
typedef struct StoredWeight {
    uint8_t *bytes;
    ModelFile *file;
    WeightSet *set;
    const Weight *weight;
} StoredWeight;

bool stored_weight_create(DType dtype, uint32_t out, uint32_t in, StoredWeight *stored,
                          RshError *error);
void stored_weight_destroy(StoredWeight *stored);
