// SPDX-License-Identifier: GPL-3.0-or-later
// to_rgba8.h - push constants of to_rgba8.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_TO_RGBA8_H
#define RUSHES_SHARED_TO_RGBA8_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct ToRgba8Push {
    uint rows; // pixels
    uint x_offset, x_stride;
};
#endif
