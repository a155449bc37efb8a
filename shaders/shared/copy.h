// SPDX-License-Identifier: GPL-3.0-or-later
// copy.h - push constants of copy.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_COPY_H
#define RUSHES_SHARED_COPY_H
#include "shared/divider.h"

struct CopyPush {
    uint items;         // texels to write
    Divider row; // texels of an output row
    uint a_rows, a_channels, b_channels;
    uint a_offset, a_stride;
    uint b_offset, b_stride;
    uint y_offset, y_stride;
};
#endif
