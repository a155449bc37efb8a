#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// to_rgba8: y = round((clamp(x, -1, 1) + 1) * 127.5), alpha 255.
//
//   binding 0  in   x  f32 [pixels, 3] texels
//   binding 1  out  y  u8 [pixels, 4]
//   push            ToRgba8Push, shared/to_rgba8.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat, one pixel an invocation
//   precision       exact but for ties, which may fall to either side
#extension GL_GOOGLE_include_directive : require
#include "shared/to_rgba8.h"

#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1, std430) writeonly buffer Y { uint y[]; };
layout(push_constant) uniform Push { ToRgba8Push p; };

void main()
{
    const uint r = grid_index();
    if (r >= p.rows)
        return;
    const vec4 x = texelFetch(x_texels, int(p.x_offset + r * p.x_stride));
    const uvec3 v = uvec3(roundEven((clamp(x.xyz, -1.0, 1.0) + 1.0) * 127.5));
    y[r] = v.x | v.y << 8 | v.z << 16 | 0xff000000u;
}
