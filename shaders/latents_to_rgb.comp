#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// latents_to_rgb: y = round(255 * clamp(map[C] + sum over c of x[c] * map[c], 0, 1)), alpha 255.
//
//   binding 0  in   x    f32 [pixels, C] texels
//   binding 1  in   map  f32 [C + 1, 3] texels, a colour a row
//   binding 2  out  y    u8 [pixels, 4]
//   push            LatentsToRgbPush, shared/latents_to_rgb.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat, one pixel an invocation
//   precision       sums in f32; a byte may be one step off where the sum lies near a tie
#extension GL_GOOGLE_include_directive : require
#include "shared/latents_to_rgb.h"

#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1) uniform samplerBuffer map_texels;
layout(binding = 2, std430) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { LatentsToRgbPush p; };

// Beyond the last channel: its lane of x is 0, so that any row will do.
vec3 map_row(uint c)
{
    return texelFetch(map_texels, int(p.map_offset + min(c, p.channels) * p.map_stride)).rgb;
}

void main()
{
    const uint r = grid_index();
    if (r >= p.rows)
        return;
    vec3 colour = map_row(p.channels);
    for (uint c = 0; c < p.channels; c += 4) {
        const vec4 x = texelFetch(x_texels, int(p.x_offset + r * p.x_stride + c / 4));
        colour += x.x * map_row(c) + x.y * map_row(c + 1) + x.z * map_row(c + 2) + x.w * map_row(c + 3);
    }
    y[r] = packUnorm4x8(vec4(colour, 1.0));
}
