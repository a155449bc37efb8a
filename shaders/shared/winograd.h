// SPDX-License-Identifier: GPL-3.0-or-later
//
// winograd.h - push constants of winograd_input.comp and winograd_output.comp. A texel is four f32
// channels; offsets count from the start of the binding.
#ifndef RUSHES_SHARED_WINOGRAD_H
#define RUSHES_SHARED_WINOGRAD_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct WinogradPush {
    uint frames, tiles_y, tiles_x; // tiles of 2 x 2 outputs
    uint texels;                   // of a row: input channels, or output channels
    uint height, width;            // of the picture: input, or output
    int pad_y, pad_x;              // input: zeros before the picture
    uint offset, stride;           // input: x; output: the residual
};

#endif
