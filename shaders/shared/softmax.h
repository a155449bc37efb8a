// SPDX-License-Identifier: GPL-3.0-or-later
// softmax.h - push constants of softmax.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_SOFTMAX_H
#define RUSHES_SHARED_SOFTMAX_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct SoftmaxPush {
    uint rows, row; // row: texels of an output row
    uint columns;   // the softmax runs over these, the others become 0
    uint x_offset, x_stride;
};
#endif
