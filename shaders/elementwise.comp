#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// elementwise: y = clamp(act(x * factor + term), low, high); binary, unary and channel_affine.
//
//   binding 0  in   x       f32 [rows, C] texels
//   binding 1  in   factor  f32 [rows or 1, C]; read with ELEMENTWISE_FACTOR
//   binding 2  in   term    f32 [rows or 1, C]; read with ELEMENTWISE_TERM
//   binding 3  out  y       f32 [rows, C] texels, dense
//   push            ElementwisePush, shared/elementwise.h
//   constants  0 WIDTH  invocations a workgroup
//              1 ACT    enum Activation
//              2 FLAGS  ELEMENTWISE_*
//              3 TAIL   channels of a row's last texel, 1 to 4
//   dispatch        flat, one texel an invocation
//   precision       f32; activations as in activation.glsl
#extension GL_GOOGLE_include_directive : require
#include "shared/elementwise.h"
#include "include/activation.glsl"

#define Y_BINDING 3
#include "include/grid.glsl"

layout(constant_id = 1) const int ACT = 0;
layout(constant_id = 2) const uint FLAGS = 0;
layout(constant_id = 3) const uint TAIL = 4;

layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1) uniform samplerBuffer factor_texels;
layout(binding = 2) uniform samplerBuffer term_texels;
layout(push_constant) uniform Push { ElementwisePush p; };

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(p.row, i), c = i - r * p.row.divisor;
    vec4 v = texelFetch(x_texels, int(p.x_offset + r * p.x_stride + c));
    if ((FLAGS & ELEMENTWISE_FACTOR) != 0)
        v *= texelFetch(factor_texels, int(p.factor_offset + r * p.factor_stride + c));
    if ((FLAGS & ELEMENTWISE_TERM) != 0)
        v += texelFetch(term_texels, int(p.term_offset + r * p.term_stride + c));
    v = activate(ACT, v);
    if ((FLAGS & ELEMENTWISE_CLAMP) != 0)
        v = clamp(v, p.low, p.high);
    if (TAIL != 4 && c + 1 == p.row.divisor)
        v = keep_lanes(v, TAIL);
    STORE(i, v);
}
