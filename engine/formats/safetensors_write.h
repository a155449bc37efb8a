// SPDX-License-Identifier: GPL-3.0-or-later
// safetensors_write.h - writing tensors so that a crash leaves the old file or the new one.
#pragma once
#include "formats/model_file.h"

typedef struct SafetensorsTensor {
    const char *name; // unique, UTF-8, at most MODEL_MAX_NAME_BYTES
    DType dtype;      // not a block type: the format has none
    uint32_t n_dims;
    uint64_t dims[MODEL_MAX_DIMS];
    const void *data; // row-major, little-endian, as many bytes as dtype and dims say
} SafetensorsTensor;

typedef struct SafetensorsText {
    const char *key, *value; // UTF-8
} SafetensorsText;

// Writes `path` under a temporary name beside it, flushes it to the disk and renames it. On
// failure (a full disk, say) the temporary file is gone and `path` is as it was.
RSH_MUST_USE RshStatus safetensors_write(const char *path, const SafetensorsTensor *tensors,
                                         size_t count, const SafetensorsText *metadata,
                                         size_t metadata_count, RshError *error);
