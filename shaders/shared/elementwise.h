// SPDX-License-Identifier: GPL-3.0-or-later
// elementwise.h - push constants of elementwise.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_ELEMENTWISE_H
#define RUSHES_SHARED_ELEMENTWISE_H
#include "shared/divider.h"

struct ElementwisePush {
    uint items;       // texels of the output
    Divider row; // texels of an output row
    uint x_offset, x_stride;
    uint factor_offset, factor_stride; // a stride of 0 uses one row for all
    uint term_offset, term_stride;
    float low, high;
};

// Bits of the constant FLAGS.
#define ELEMENTWISE_FACTOR 1
#define ELEMENTWISE_TERM   2
#define ELEMENTWISE_CLAMP  4
#endif
