#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// copy: y = a, or a followed by b along rows or along channels.
//
//   binding 0  in   a  f32 [rows, C] texels
//   binding 1  in   b  f32 texels
//   binding 2  out  y  f32 texels: a whole tensor or a view of one
//   push            CopyPush, shared/copy.h
//   constants  0 WIDTH  1 CHANNELS  b follows along channels  2 SHIFT  channels of a's last texel modulo 4
//   dispatch        flat, one texel an invocation
//   precision       exact; pad lanes are copied, or joined, as zeros
#extension GL_GOOGLE_include_directive : require
#include "shared/copy.h"

#define Y_BINDING 2
#include "include/grid.glsl"

layout(constant_id = 1) const bool CHANNELS = false;
layout(constant_id = 2) const uint SHIFT = 0;

layout(binding = 0) uniform samplerBuffer a_texels;
layout(binding = 1) uniform samplerBuffer b_texels;
layout(push_constant) uniform Push { CopyPush p; };

vec4 a_texel(uint row, uint c)
{
    return texelFetch(a_texels, int(p.a_offset + row * p.a_stride + c));
}

// Texel c of row `row` of b; zero outside of its channels.
vec4 b_texel(uint row, int c)
{
    const bool inside = c >= 0 && 4 * c < int(p.b_channels);
    const vec4 v = texelFetch(b_texels, int(p.b_offset + row * p.b_stride) + (inside ? c : 0));
    return inside ? v : vec4(0.0);
}

// Channels 4 c .. of [a | b]. Pad lanes are zero, so that two neighbours can be added.
vec4 joined(uint row, uint c)
{
    const int from_b = int(c) - int(p.a_channels / 4);
    vec4 v = 4 * c < p.a_channels ? a_texel(row, c) : vec4(0.0);
    const vec4 here = b_texel(row, from_b);
    if (SHIFT == 0)
        return v + here;
    const vec4 before = b_texel(row, from_b - 1);
    if (SHIFT == 1)
        return v + vec4(before.w, here.xyz);
    if (SHIFT == 2)
        return v + vec4(before.zw, here.xy);
    return v + vec4(before.yzw, here.x);
}

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(p.row, i), c = i - r * p.row.divisor;
    vec4 v;
    if (CHANNELS)
        v = joined(r, c);
    else if (r < p.a_rows)
        v = a_texel(r, c);
    else
        v = texelFetch(b_texels, int(p.b_offset + (r - p.a_rows) * p.b_stride + c));
    STORE(p.y_offset + r * p.y_stride + c, v);
}
