#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// rearrange: positions become channels and back, each output element read from where it comes.
//
//   MODE 0 to depth  y[f, h, w, deep(c, place)] = x[f * t + .., h * y + .., w * x + .., c]
//   MODE 1 to space  the inverse, every channel of x standing for `deep` channels, first frames left out
//   MODE 2 nearest   y[f, h, w] = x[f / t, h / y, w / x]
//   MODE 3 average   y[.., o] = mean of the to-depth channels o * group .. of x after zero frames
//   MODE 4 pool      y[.., w] = mean of x[.., w * x ..]
//
//   binding 0  in   x  f32 [frames, height, width, C] texels
//   binding 1  out  y  f32 texels, dense
//   push            RearrangePush, shared/rearrange.h
//   constants  0 WIDTH  1 MODE  2 ORDER  3 4 5 factor of t, y, x  6 TAIL channels of a row's last texel
//              7 WHOLE  four channels of y lie together in x
//   dispatch        flat, one texel an invocation
//   precision       exact; means are summed in order in f32
#extension GL_GOOGLE_include_directive : require
#include "shared/rearrange.h"

#define Y_BINDING 1
#include "include/grid.glsl"

layout(constant_id = 1) const int MODE = 0;
layout(constant_id = 2) const int ORDER = 0;
layout(constant_id = 3) const uint FACTOR_T = 1;
layout(constant_id = 4) const uint FACTOR_Y = 1;
layout(constant_id = 5) const uint FACTOR_X = 1;
layout(constant_id = 6) const uint TAIL = 4;
layout(constant_id = 7) const bool WHOLE = false;

const uint BLOCK = FACTOR_T * FACTOR_Y * FACTOR_X;

layout(binding = 0) uniform samplerBuffer x_texels;
layout(push_constant) uniform Push { RearrangePush p; };

// First texel of row (frame, y, x) of the input.
uint row_of(uvec3 at)
{
    return p.x_offset + ((at.x * p.in_height + at.y) * p.in_width + at.z) * p.x_stride;
}

float element(uint row, uint channel)
{
    const vec4 v = texelFetch(x_texels, int(row + channel / 4));
    const uint lane = channel & 3;
    return lane == 0 ? v.x : lane == 1 ? v.y : lane == 2 ? v.z : v.w;
}

// Where in its block the place-th position of the deep order lies: t, y, x.
uvec3 place_in_block(uint place)
{
    if (ORDER == ORDER_C_X_Y)
        return uvec3(0, place % FACTOR_Y, place / FACTOR_Y);
    return uvec3(place / (FACTOR_Y * FACTOR_X), place / FACTOR_X % FACTOR_Y, place % FACTOR_X);
}

uint place_of(uvec3 at)
{
    if (ORDER == ORDER_C_X_Y)
        return at.z * FACTOR_Y + at.y;
    return (at.x * FACTOR_Y + at.y) * FACTOR_X + at.z;
}

// Channel and place of a deep channel.
uvec2 split(uint deep)
{
    if (ORDER == ORDER_T_Y_X_C) {
        const uint place = quotient(p.deep, deep);
        return uvec2(deep - place * p.deep.divisor, place);
    }
    return uvec2(deep / BLOCK, deep % BLOCK);
}

vec4 to_depth(uvec3 block, uint first)
{
    const uvec3 origin = block * uvec3(FACTOR_T, FACTOR_Y, FACTOR_X);
    if (WHOLE) {
        const uvec2 from = split(first);
        return texelFetch(x_texels, int(row_of(origin + place_in_block(from.y)) + from.x / 4));
    }
    vec4 v = vec4(0.0);
    for (uint j = 0; j < 4; j++) {
        const uvec2 from = split(min(first + j, p.channels - 1));
        v[j] = element(row_of(origin + place_in_block(from.y)), from.x);
    }
    return v;
}

vec4 to_space(uvec3 at, uint first)
{
    const uvec3 factor = uvec3(FACTOR_T, FACTOR_Y, FACTOR_X);
    at.x += uint(p.frame_shift);
    const uvec3 block = at / factor;
    const uint row = row_of(block), place = place_of(at - block * factor);
    if (WHOLE)
        return texelFetch(x_texels, int(row + (place * p.channels + first) / 4));
    vec4 v = vec4(0.0);
    for (uint j = 0; j < 4; j++) {
        const uint c = min(first + j, p.channels - 1);
        const uint deep = ORDER == ORDER_T_Y_X_C ? place * p.channels + c : c * BLOCK + place;
        v[j] = element(row, quotient(p.deep, deep));
    }
    return v;
}

vec4 average(uvec3 block, uint first)
{
    const uvec3 origin = block * uvec3(FACTOR_T, FACTOR_Y, FACTOR_X);
    const uint group = p.deep.divisor;
    vec4 v = vec4(0.0);
    for (uint j = 0; j < 4; j++) {
        const uint o = min(first + j, p.channels - 1);
        float sum = 0.0;
        for (uint g = 0; g < group; g++) {
            const uint deep = o * group + g;
            uvec3 at = origin + place_in_block(deep % BLOCK);
            const bool inside = int(at.x) >= p.frame_shift;
            at.x = inside ? at.x - uint(p.frame_shift) : 0;
            const float one = element(row_of(at), deep / BLOCK);
            sum += inside ? one : 0.0;
        }
        v[j] = sum / float(group);
    }
    return v;
}

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(p.row, i), c = i - r * p.row.divisor;
    const uint line = quotient(p.width, r), frame = quotient(p.height, line);
    const uvec3 at = uvec3(frame, line - frame * p.height.divisor, r - line * p.width.divisor);

    vec4 v = vec4(0.0);
    if (MODE == REARRANGE_TO_DEPTH) {
        v = to_depth(at, 4 * c);
    } else if (MODE == REARRANGE_TO_SPACE) {
        v = to_space(at, 4 * c);
    } else if (MODE == REARRANGE_NEAREST) {
        v = texelFetch(x_texels, int(row_of(at / uvec3(FACTOR_T, FACTOR_Y, FACTOR_X)) + c));
    } else if (MODE == REARRANGE_AVERAGE) {
        v = average(at, 4 * c);
    } else {
        for (uint j = 0; j < FACTOR_X; j++)
            v += texelFetch(x_texels, int(row_of(uvec3(at.xy, at.z * FACTOR_X + j)) + c));
        v /= float(FACTOR_X);
    }
    if (TAIL != 4 && c + 1 == p.row.divisor)
        v = keep_lanes(v, TAIL);
    STORE(i, v);
}
