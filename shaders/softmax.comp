#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// softmax: y[r, c] = exp(x[r, c] - max) / sum over the first `columns` channels of a row; 0 beyond them.
//
//   binding 0  in   x  f32 [rows, C] texels
//   binding 1  out  y  f32 [rows, C] texels, dense
//   push            SoftmaxPush, shared/softmax.h
//   constants  0 WIDTH  invocations a workgroup; ROW_PER_SUBGROUP: the subgroup size
//   dispatch        flat, one row an invocation; with ROW_PER_SUBGROUP one row a workgroup
//   precision       f32; the sum is taken of the same exponentials that are written
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "shared/softmax.h"

#define Y_BINDING 1
#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer x_texels;
layout(push_constant) uniform Push { SoftmaxPush p; };

// Texel c of the row, with -infinity where no column is.
vec4 scores(uint at, uint c)
{
    const vec4 v = texelFetch(x_texels, int(at + c));
    const uvec4 column = 4 * c + uvec4(0, 1, 2, 3);
    return mix(vec4(uintBitsToFloat(0xff800000u)), v, lessThan(column, uvec4(p.columns)));
}

void main()
{
#ifdef ROW_PER_SUBGROUP
    const uint r = grid_group();
    // A driver may cut the workgroup into several subgroups, smaller than it says: one of them does the row.
    if (gl_SubgroupID > 0)
        return;
    const uint first = gl_SubgroupInvocationID, step = subgroupAdd(1);
#else
    const uint r = grid_index(), first = 0, step = 1;
#endif
    if (r >= p.rows)
        return;
    const uint at = p.x_offset + r * p.x_stride, used = (p.columns + 3) / 4;

    vec4 largest = vec4(-3.402823466e38);
    for (uint c = first; c < used; c += step)
        largest = max(largest, scores(at, c));
    float top = max(max(largest.x, largest.y), max(largest.z, largest.w));
#ifdef ROW_PER_SUBGROUP
    top = subgroupMax(top);
#endif
    vec4 sums = vec4(0.0);
    for (uint c = first; c < used; c += step)
        sums += exp(scores(at, c) - top);
    float sum = (sums.x + sums.y) + (sums.z + sums.w);
#ifdef ROW_PER_SUBGROUP
    sum = subgroupAdd(sum);
#endif
    const float factor = 1.0 / sum;
    for (uint c = first; c < p.row; c += step)
        STORE(r * p.row + c, c < used ? exp(scores(at, c) - top) * factor : vec4(0.0));
}
