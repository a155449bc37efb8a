// SPDX-License-Identifier: GPL-3.0-or-later
#version 460
#extension GL_GOOGLE_include_directive : require

// test_chain: y[i] = x[i] * scale + offset; the work that the tests of engine/gpu/ record.
//
//   binding 0  in   x   f32 [4 * count] (vec4 texels with TEXEL)
//   binding 1  out  y   f32 [4 * count]
//   push            TestChainParams, shared/test_chain.h
//   constants  0    WIDTH  invocations a workgroup
//   dispatch        (ceil(count / WIDTH), 1, 1)

#include "shared/test_chain.h"

layout(local_size_x_id = 0) in;

#ifdef TEXEL
layout(binding = 0) uniform samplerBuffer x;
#define LOAD(i) texelFetch(x, int(i))
#else
layout(binding = 0, std430) readonly buffer X { vec4 x[]; };
#define LOAD(i) x[i]
#endif
layout(binding = 1, std430) writeonly buffer Y { vec4 y[]; };
layout(push_constant) uniform Push { TestChainParams p; };

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i < p.count)
        y[i] = LOAD(i) * p.scale + p.offset;
}
