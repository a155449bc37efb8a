#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// norm: one row at a time: statistics over its channels, weight and bias, modulation, activation, rotation.
//
//   n = x * factor - mean * factor              KIND 0 layer, 1 RMS, 2 L2, 3 pixel, 4 none (see graph/ops.h)
//   y = rope(act((n * weight + bias) * (1 + scale) + shift))
//
//   binding 0  in   x       f32 [rows, C] texels
//   binding 1  in   weight  f32 [C] texels
//   binding 2  in   bias    f32 [C] texels
//   binding 3  in   shift   f32 [table rows, C] texels: a slice of a table
//   binding 4  in   scale   the same
//   binding 5  in   index   i32 [rows]: the table row of every row, else row 0
//   binding 6  in   rope    f32 [rows, rotated] texels: cosine, sine of each pair of a head
//   binding 7  out  y       f32 [rows, C] texels, dense
//   push            NormPush, shared/norm.h
//   constants  0 WIDTH  invocations a workgroup; ROW_PER_SUBGROUP: the subgroup size
//              1 KIND   2 ACT   3 FLAGS (NORM_*)   4 TAIL channels of a row's last texel, 1 to 4
//   dispatch        flat, one row an invocation; with ROW_PER_SUBGROUP one row a workgroup
//   precision       f32 sums of four lanes, layer norm in two passes; within 1e-6 of ref_norm()
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "shared/norm.h"
#include "include/activation.glsl"

#define Y_BINDING 7
#include "include/grid.glsl"

layout(constant_id = 1) const int KIND = 0;
layout(constant_id = 2) const int ACT = 0;
layout(constant_id = 3) const uint FLAGS = 0;
layout(constant_id = 4) const uint TAIL = 4;

layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1) uniform samplerBuffer weight_texels;
layout(binding = 2) uniform samplerBuffer bias_texels;
layout(binding = 3) uniform samplerBuffer shift_texels;
layout(binding = 4) uniform samplerBuffer scale_texels;
layout(binding = 5) uniform isamplerBuffer index_elements;
layout(binding = 6) uniform samplerBuffer rope_texels;
layout(push_constant) uniform Push { NormPush p; };

float sum_lanes(vec4 v)
{
    const float sum = (v.x + v.y) + (v.z + v.w);
#ifdef ROW_PER_SUBGROUP
    return subgroupAdd(sum);
#else
    return sum;
#endif
}

// Factor and negated mean times factor of the row whose texels start at `at`.
vec2 statistics(uint at, uint first, uint step)
{
    float mean = 0.0;
    vec4 sum = vec4(0.0);
    if (KIND == 0) {
        for (uint c = first; c < p.row; c += step)
            sum += texelFetch(x_texels, int(at + c));
        mean = sum_lanes(sum) / float(p.channels);
        sum = vec4(0.0);
    }
    for (uint c = first; c < p.row; c += step) {
        vec4 d = texelFetch(x_texels, int(at + c)) - mean;
        if (KIND == 0 && TAIL != 4 && c + 1 == p.row)
            d = keep_lanes(d, TAIL);
        sum += d * d;
    }
    const float squares = sum_lanes(sum), n = float(p.channels);
    float factor;
    if (KIND == 2)
        factor = sqrt(n) / max(sqrt(squares), p.eps);
    else if (KIND == 3)
        factor = 1.0 / (p.eps + sqrt(squares / n));
    else
        factor = 1.0 / sqrt(squares / n + p.eps);
    return vec2(factor, -mean * factor);
}

// Cosine and sine of the pair that starts at `channel`.
vec2 rotation(uint row, uint channel)
{
    const uint in_head = channel - quotient(p.head, channel) * p.head.divisor;
    if (in_head >= p.rotated)
        return vec2(1.0, 0.0);
    const vec4 t = texelFetch(rope_texels, int(p.rope_offset + row * p.rope_stride + in_head / 4));
    return (in_head & 2) != 0 ? t.zw : t.xy;
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

    const uint x_at = p.x_offset + r * p.x_stride;
    const vec2 normal = KIND == 4 ? vec2(1.0, 0.0) : statistics(x_at, first, step);
    uint table_row = 0;
    if ((FLAGS & NORM_INDEX) != 0)
        table_row = uint(texelFetch(index_elements, int(p.index_offset + r * p.index_stride)).x);
    const uint shift_at = p.shift_offset + table_row * p.shift_stride;
    const uint scale_at = p.scale_offset + table_row * p.scale_stride;

    for (uint c = first; c < p.row; c += step) {
        vec4 v = texelFetch(x_texels, int(x_at + c)) * normal.x + normal.y;
        if ((FLAGS & NORM_WEIGHT) != 0)
            v *= texelFetch(weight_texels, int(c));
        if ((FLAGS & NORM_BIAS) != 0)
            v += texelFetch(bias_texels, int(c));
        if ((FLAGS & NORM_SCALE) != 0)
            v *= 1.0 + texelFetch(scale_texels, int(scale_at + c));
        if ((FLAGS & NORM_SHIFT) != 0)
            v += texelFetch(shift_texels, int(shift_at + c));
        v = activate(ACT, v);
        if ((FLAGS & NORM_ROPE) != 0) {
            const vec2 a = rotation(r, 4 * c), b = rotation(r, 4 * c + 2);
            v = vec4(v.x * a.x - v.y * a.y, v.x * a.y + v.y * a.x, v.z * b.x - v.w * b.y,
                     v.z * b.y + v.w * b.x);
        }
        if (TAIL != 4 && c + 1 == p.row)
            v = keep_lanes(v, TAIL);
        STORE(r * p.row + c, v);
    }
}
