#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// t5_bias: y[h, i, j] = table[h, j - i + queries - 1]; the buckets are resolved when the table is packed.
//
//   binding 0  in   table  f32 [heads, queries + keys - 1]
//   binding 1  out  y      f32 [heads, queries, keys] texels, dense
//   push            T5BiasPush, shared/t5_bias.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat, one texel an invocation
//   precision       exact
#extension GL_GOOGLE_include_directive : require
#include "shared/t5_bias.h"

#define Y_BINDING 1
#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer table;
layout(push_constant) uniform Push { T5BiasPush p; };

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint line = quotient(p.row, i), key = 4 * (i - line * p.row.divisor);
    const uint head = quotient(p.queries, line), query = line - head * p.queries.divisor;
    const uint at = head * p.distances + p.queries.divisor - 1 - query + key;
    vec4 v;
    for (uint j = 0; j < 4; j++)
        v[j] = key + j < p.keys ? texelFetch(table, int(at + j)).x : 0.0;
    STORE(i, v);
}
