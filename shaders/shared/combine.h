// SPDX-License-Identifier: GPL-3.0-or-later
// combine.h - push constants of combine.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_COMBINE_H
#define RUSHES_SHARED_COMBINE_H
#include "shared/divider.h"

#define COMBINE_INPUTS 8

struct CombinePush {
    uint items; // texels of the output
    uint row;   // texels of an output row
    uint offset[COMBINE_INPUTS];
    uint stride[COMBINE_INPUTS];
    float c[COMBINE_INPUTS];
    uint multiplier, shift; // of the Divider by `row`
    float limit;
    uint coefficient_offset;
};
#endif
