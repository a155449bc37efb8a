#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// combine: y = sum_i c_i * x_i, clamped to +-limit when limit > 0; the sampler's update and guidance.
//
//   binding 0-7  in   x0..x7        f32 [rows, C] texels; the first COUNT are read
//   binding 8    in   coefficients  f32 [1, 8] texels; read with FROM_TENSOR
//   binding 9    out  y             f32 [rows, C] texels, dense
//   push              CombinePush, shared/combine.h
//   constants  0 WIDTH        invocations a workgroup
//              1 COUNT        1 to 8
//              2 FROM_TENSOR  factors from the coefficients, not from the push constants
//              3 CLAMP        limit > 0
//   dispatch          flat, one texel an invocation
//   precision         f32, summed in order; pad lanes stay zero because those of every input are
#extension GL_GOOGLE_include_directive : require
#include "shared/combine.h"

#define Y_BINDING 9
#include "include/grid.glsl"

layout(constant_id = 1) const int COUNT = 1;
layout(constant_id = 2) const bool FROM_TENSOR = false;
layout(constant_id = 3) const bool CLAMP = false;

layout(binding = 0) uniform samplerBuffer x0;
layout(binding = 1) uniform samplerBuffer x1;
layout(binding = 2) uniform samplerBuffer x2;
layout(binding = 3) uniform samplerBuffer x3;
layout(binding = 4) uniform samplerBuffer x4;
layout(binding = 5) uniform samplerBuffer x5;
layout(binding = 6) uniform samplerBuffer x6;
layout(binding = 7) uniform samplerBuffer x7;
layout(binding = 8) uniform samplerBuffer coefficients;
layout(push_constant) uniform Push { CombinePush p; };

float coefficient(int k)
{
    if (FROM_TENSOR)
        return texelFetch(coefficients, int(p.coefficient_offset) + k / 4)[k % 4];
    return p.c[k];
}

#define TERM(k)                                                                                    \
    if (COUNT > k)                                                                                 \
        v += coefficient(k) * texelFetch(x##k, int(p.offset[k] + r * p.stride[k] + c));

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(Divider(p.multiplier, p.shift, p.row), i), c = i - r * p.row;
    vec4 v = vec4(0.0);
    TERM(0) TERM(1) TERM(2) TERM(3) TERM(4) TERM(5) TERM(6) TERM(7)
    if (CLAMP)
        v = clamp(v, -p.limit, p.limit);
    STORE(i, v);
}
