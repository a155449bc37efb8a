#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// time_embedding: y[r, i] = cos(t[r] * f[i]), y[r, half_count + i] = sin(t[r] * f[i]).
//
//   binding 0  in   times  i32 [rows, 2]        units and 2^-32ths
//   binding 1  in   waves  i32 [half_count, 2]  turns a unit of time in 2^-64ths, high word first
//   binding 2  out  y      f32 [rows, 2 * half_count] texels, dense
//   push            TimeEmbeddingPush, shared/time_embedding.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat, one texel an invocation
//   precision       the angle is a whole number of 2^-64ths of a turn, so that a long time loses nothing and every
//                   device has the same one; sine and cosine of at most an eighth turn follow, within 1.3e-7.
//                   The built-in ones may be off by 5e-4
#extension GL_GOOGLE_include_directive : require
#include "shared/time_embedding.h"

#define Y_BINDING 2
#include "include/grid.glsl"

layout(binding = 0) uniform isamplerBuffer times;
layout(binding = 1) uniform isamplerBuffer waves;
layout(push_constant) uniform Push { TimeEmbeddingPush p; };

uvec2 fetch_pair(isamplerBuffer from, uint at)
{
    return uvec2(texelFetch(from, int(at)).x, texelFetch(from, int(at + 1)).x);
}

// The part of time * wave behind the point, in 2^-32ths and 2^-64ths of a turn; what is smaller is dropped.
uvec2 turns(uvec2 time, uvec2 wave)
{
    uint whole_high, whole_low, part_high, part_low, least_high, least_low, low, carry, more;
    umulExtended(time.x, wave.y, whole_high, whole_low);
    umulExtended(time.y, wave.x, part_high, part_low);
    umulExtended(time.y, wave.y, least_high, least_low);
    low = uaddCarry(whole_low, part_low, carry);
    low = uaddCarry(low, least_high, more);
    return uvec2(time.x * wave.x + whole_high + part_high + carry + more, low);
}

float sine(uvec2 turn)
{
    const uint quarter = (turn.x + 0x20000000u) >> 30; // the nearest; 4 is 0 again
    const int rest = int(turn.x - (quarter << 30));    // an eighth turn at most, either way
    const float x = (float(rest) * 2.3283064365386963e-10 + float(turn.y) * 5.421010862427522e-20) * 6.28318530717958648;
    const float s = x * x;
    // Their series, to where the next term is below half of the last bit.
    const float sin_x = x + x * s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5040.0 + s / 362880.0)));
    const float cos_x =
        1.0 + s * (-0.5 + s * (1.0 / 24.0 + s * (-1.0 / 720.0 + s * (1.0 / 40320.0 - s / 3628800.0))));
    const float v = (quarter & 1u) != 0u ? cos_x : sin_x;
    return (quarter & 2u) != 0u ? -v : v;
}

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(p.row, i), first = 4 * (i - r * p.row.divisor);
    const uvec2 time = fetch_pair(times, p.time_offset + r * p.time_stride);
    vec4 v = vec4(0.0);
    for (uint j = 0; j < 4 && first + j < 2 * p.half_count; j++) {
        const bool is_sine = first + j >= p.half_count;
        const uint wave = is_sine ? first + j - p.half_count : first + j;
        uvec2 turn = turns(time, fetch_pair(waves, p.wave_offset + wave * p.wave_stride));
        turn.x += is_sine ? 0u : 0x40000000u; // cosine: a quarter turn ahead
        v[j] = sine(turn);
    }
    STORE(i, v);
}
