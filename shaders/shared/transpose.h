// SPDX-License-Identifier: GPL-3.0-or-later
// transpose.h - push constants of transpose.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_TRANSPOSE_H
#define RUSHES_SHARED_TRANSPOSE_H
#include "shared/divider.h"

struct TransposePush {
    uint items;              // blocks of 4 x 4 of all frames
    uint rows, channels;     // of a frame of x
    Divider row4;     // blocks along the rows of x
    Divider channel4; // blocks along its channels
    uint x_offset, x_stride;
};
#endif
