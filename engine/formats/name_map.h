// SPDX-License-Identifier: GPL-3.0-or-later
//
// name_map.h - a file's tensors under the original names of their model family, whatever names
// the file uses. The rest of the engine asks for original names only.
#pragma once
#include "formats/recognise.h"

// One tensor of the network. `parts` are stored tensors to be joined along the first dimension:
// nearly always one, three where q, k and v are stored apart but belong together.
typedef struct NamedTensor {
    const char *name; // original, without prefix
    const ModelTensor *parts[3];
    uint32_t part_count;
    // As the original has it: joined, and with a flattened patch embedding unfolded.
    uint32_t n_dims;
    uint64_t dims[MODEL_MAX_DIMS];
} NamedTensor;

typedef struct NameMap NameMap; // borrows the file, which must outlive it

// The part `part` (or whatever is there) among the tensors that start with `prefix`. Where that
// recognises nothing, `prefix` may also be the start of the original names of a part: "visual." of
// CLIP, "video_model." of Ovi; names are then given without it. Failing both, MODEL_PART_ANY gives
// the names as they are, without the prefix.
RSH_MUST_USE RshStatus name_map_open(const ModelFile *file, const char *prefix, ModelPart part,
                                     NameMap **out, RshError *error);
// The same for a part that was recognised before.
RSH_MUST_USE RshStatus name_map_build(const ModelFile *file, const RecognisedPart *part,
                                      NameMap **out, RshError *error);
void name_map_close(NameMap **map); // NULL-safe; stores NULL

const NamedTensor *name_map_find(const NameMap *map, const char *name); // NULL when missing
size_t name_map_count(const NameMap *map);
const NamedTensor *name_map_at(const NameMap *map, size_t index); // in order of the names
// What was recognised; part is MODEL_PART_ANY when nothing was.
const RecognisedPart *name_map_part(const NameMap *map);
