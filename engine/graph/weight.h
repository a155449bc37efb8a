// SPDX-License-Identifier: GPL-3.0-or-later
//
// weight.h - one component's weights as the graph sees them: found by canonical name, checked for
// shape when asked for, still in the file's own number format. Packing for a kernel happens later,
// once, when a runner uploads them.
#pragma once
#include "formats/model_file.h"
#include "rsh.h"

// Immutable after creation. Either `file` + `tensor` point into a mapped model file, or `values` holds
// f32 numbers computed at load (folded weight norm, normalised rows, concatenations).
typedef struct Weight {
    const char *name; // canonical
    DType dtype;      // DTYPE_F32 when `values` is set
    uint32_t n_dims;
    uint64_t dims[5]; // row-major, PyTorch order: linear [out, in], conv [out, in, t, y, x]
    const ModelFile *file;
    const ModelTensor *tensor;
    const float *values;
} Weight;

// The weights of one component (a text encoder, a tower, a VAE). Owns derived weights, borrows files.
typedef struct WeightSet WeightSet;

// `prefix` is put before every name looked up ("vae." in whole-run files), and may be "". The file must
// outlive the set; NULL makes a set that holds computed weights only. Canonical names are resolved through formats/name_map.h when the file uses others.
RSH_MUST_USE RshStatus weight_set_open(const ModelFile *file, const char *prefix, WeightSet **out,
                                       RshError *error);
void weight_set_close(WeightSet **set); // NULL-safe; stores NULL

// NULL when there is no such tensor: for optional ones (biases, image branch).
const Weight *weight_set_find(WeightSet *set, const char *name);

// The tensor `name` with exactly these dims; 0 in a dim accepts any size there. NULL on failure, with the
// error filled once (name, found and expected shape), so that a builder may go on and check at the end: an
// error that already holds a failure is kept, so it must start as zeros.
const Weight *weight_set_get(WeightSet *set, const char *name, uint32_t n_dims,
                             const uint64_t *dims, RshError *error);

// A weight computed at load. Takes ownership of `values` (malloc), product(dims) floats. NULL when `values` is
// NULL or memory is short; asked again for a name, it frees the new values and returns the first weight.
const Weight *weight_set_derive(WeightSet *set, const char *name, uint32_t n_dims,
                                const uint64_t *dims, float *values);

// Whether most of the set's numbers are stored in 16 bits or fewer. False without a file.
bool weight_set_is_half(const WeightSet *set);

bool weight_set_owns(const WeightSet *set, const Weight *weight);

// Elements [first, first + count) in row-major order as f32.
RSH_MUST_USE RshStatus weight_read(const Weight *weight, uint64_t first, uint64_t count, float *out,
                                   RshError *error);
uint64_t weight_count(const Weight *weight); // elements
