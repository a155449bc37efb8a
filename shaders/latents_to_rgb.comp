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

vec3 map_row(uint c)
{
    return texelFetch(map_texels, int(p.map_offset + c * p.map_stride)).rgb;
}

void main()
{
    const uint r = grid_index();
    if (r >= p.rows)
        return;
    vec3 colour = map_row(p.channels);
    for (uint c = 0; c < p.channels; c += 4) {
        const vec4 x = texelFetch(x_texels, int(p.x_offset + r * p.x_stride + c / 4));
        for (uint j = 0; j < 4 && c + j < p.channels; j++)
            colour += x[j] * map_row(c + j);
    }
    y[r] = packUnorm4x8(vec4(colour, 1.0));
}
