// SPDX-License-Identifier: GPL-3.0-or-later
// embedding.h - push constants of embedding.comp.
#ifndef RUSHES_SHARED_EMBEDDING_H
#define RUSHES_SHARED_EMBEDDING_H
#include "shared/divider.h"

struct EmbeddingPush {
    uint items;         // texels of the output
    Divider row; // texels of an output row
    uint id_offset, id_stride; // elements
    uint vocabulary;
};
#endif
