// SPDX-License-Identifier: GPL-3.0-or-later
// time_embedding.h - push constants of time_embedding.comp. Offsets and strides are elements.
#ifndef RUSHES_SHARED_TIME_EMBEDDING_H
#define RUSHES_SHARED_TIME_EMBEDDING_H
#include "shared/divider.h"

struct TimeEmbeddingPush {
    uint items;      // texels of the output
    Divider row;     // texels of an output row
    uint half_count; // waves; the output has twice as many channels
    uint time_offset, time_stride;
    uint wave_offset, wave_stride;
};
#endif
