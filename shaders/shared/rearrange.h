// SPDX-License-Identifier: GPL-3.0-or-later
// rearrange.h - push constants of rearrange.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_REARRANGE_H
#define RUSHES_SHARED_REARRANGE_H
#include "shared/divider.h"

struct RearrangePush {
    uint items;         // texels of the output
    Divider row; // texels of an output row
    Divider width, height; // of the output
    uint channels;                // of the output
    uint in_frames, in_height, in_width;
    uint x_offset, x_stride;
    Divider deep;  // see the modes
    int frame_shift;      // added to an output frame (depth) or taken from an input frame (average)
};

// The constant MODE. `deep` divides by
#define REARRANGE_TO_DEPTH 0 // channels of the input (order T_Y_X_C)
#define REARRANGE_TO_SPACE 1 // how often an input channel is repeated
#define REARRANGE_NEAREST  2 // nothing
#define REARRANGE_AVERAGE  3 // nothing; its divisor is the size of a group
#define REARRANGE_POOL     4 // nothing

// The constant ORDER is enum BlockOrder (graph/ops.h).
#define ORDER_T_Y_X_C 0
#define ORDER_C_T_Y_X 1
#define ORDER_C_X_Y   2
#endif
