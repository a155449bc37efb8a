// SPDX-License-Identifier: GPL-3.0-or-later
// latents_to_rgb.h - push constants of latents_to_rgb.comp. Offsets and strides are texels of four channels.
#ifndef RUSHES_SHARED_LATENTS_TO_RGB_H
#define RUSHES_SHARED_LATENTS_TO_RGB_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct LatentsToRgbPush {
    uint rows;     // pixels
    uint channels; // of the latents
    uint x_offset, x_stride;
    uint map_offset, map_stride;
};
#endif
