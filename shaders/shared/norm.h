// SPDX-License-Identifier: GPL-3.0-or-later
// norm.h - push constants of norm.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_NORM_H
#define RUSHES_SHARED_NORM_H
#include "shared/divider.h"

struct NormPush {
    uint rows, row; // row: texels of an output row
    uint channels;
    float eps;
    uint x_offset, x_stride;
    uint shift_offset, shift_stride;
    uint scale_offset, scale_stride;
    uint index_offset, index_stride; // elements
    uint rope_offset, rope_stride;
    uint rotated; // channels of a head that are rotated
    Divider head;
};

// Bits of the constant FLAGS.
#define NORM_WEIGHT 1
#define NORM_BIAS   2
#define NORM_SHIFT  4
#define NORM_SCALE  8
#define NORM_INDEX  16
#define NORM_ROPE   32
#endif
