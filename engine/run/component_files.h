// SPDX-License-Identifier: GPL-3.0-or-later
//
// component_files.h - the files of a model folder, named by their content: what a recipe records and
// what a resumed job must find unchanged. Reading all of a file also finds weights that are not
// numbers, before they turn a clip into noise.
#pragma once
#include <stdatomic.h>

#include "rsh.h"

typedef struct ComponentFile {
    char name[32]; // of the component: "vae"
    char sha256[65];
} ComponentFile;

// Hashes every component that FOLDER/model.json names; model.json itself comes first. With `cache_dir`
// (may be NULL) a file whose size and time have not changed is not read again. Fails with
// RSH_ERROR_FORMAT and the tensor's name when a weight is NaN or infinite.
RSH_MUST_USE RshStatus component_files_read(const char *folder, const char *cache_dir,
                                            const atomic_bool *cancel,
                                            ComponentFile files[RSH_MAX_COMPONENTS],
                                            uint32_t *count, RshError *error);
