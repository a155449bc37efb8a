#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// transpose: y[f, c, r] = x[f, r, c], a block of four rows and four channels an invocation.
//
//   binding 0  in   x  f32 [frames, R, C] texels
//   binding 1  out  y  f32 [frames, C, R] texels, dense
//   push            TransposePush, shared/transpose.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat: frames * ceil(C / 4) * ceil(R / 4), blocks along R fastest
//   precision       exact
#extension GL_GOOGLE_include_directive : require
#include "shared/transpose.h"

#define Y_BINDING 1
#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer x_texels;
layout(push_constant) uniform Push { TransposePush p; };

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint line = quotient(p.row4, i), r4 = i - line * p.row4.divisor;
    const uint frame = quotient(p.channel4, line), c4 = line - frame * p.channel4.divisor;

    mat4 block;
    for (uint j = 0; j < 4; j++) {
        const uint r = 4 * r4 + j;
        const uint at = p.x_offset + (frame * p.rows + min(r, p.rows - 1)) * p.x_stride + c4;
        block[j] = r < p.rows ? texelFetch(x_texels, int(at)) : vec4(0.0);
    }
    block = transpose(block);
    for (uint j = 0; j < 4; j++) {
        const uint c = 4 * c4 + j;
        if (c < p.channels)
            STORE((frame * p.channels + c) * p.row4.divisor + r4, block[j]);
    }
}
