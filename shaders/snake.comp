#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// snake: y = down(v + sin^2(alpha v) / beta), v = up(x) along the width: BigVGAN's anti-aliased activation.
// Up-sampling by 2 with 12 taps, the function, down-sampling with 12 taps, edges repeated, in one pass: an
// invocation computes SNAKE_RUN outputs of four channels from 2 * SNAKE_RUN + 10 doubled samples.
//
//   binding 0  in   x        f32 [lines, width, C] texels
//   binding 1  in   channel  f32 texels [2][C / 4]: alpha, then 1 / (beta + 1e-9)
//   binding 2  in   taps     f32 texels [6]: up-filter times 2, then down-filter
//   binding 3  out  y        f32 [lines, width, C] texels, dense
//   push            SnakePush, shared/snake.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat: lines * runs * C / 4, channels fastest
//   precision       f32; sine by reduction to +-pi/2 and a polynomial (6e-8), the same on every device
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/snake.h"

#define Y_BINDING 3
#include "include/grid.glsl"

layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1) uniform samplerBuffer channel_texels;
layout(binding = 2) uniform samplerBuffer tap_texels;
layout(push_constant) uniform Push { SnakePush p; };

const int RUN = SNAKE_RUN;
const int DOUBLED = 2 * RUN + 10; // samples 2 w - 5 .. 2 (w + RUN - 1) + 6
const int SAMPLES = RUN + 10;     // x[w - 5] .. x[w + RUN + 4]

// sin(z)^2. z - k pi with pi in two parts; Taylor to the eleventh power.
vec4 sine_squared(vec4 z)
{
    const vec4 k = roundEven(z * 0.31830988618);
    const vec4 r = (z - k * 3.140625) - k * 9.67653589793e-4;
    const vec4 q = r * r;
    const vec4 s =
        r + r * q *
                (-1.0 / 6.0 +
                 q * (1.0 / 120.0 +
                      q * (-1.0 / 5040.0 + q * (1.0 / 362880.0 - q * (1.0 / 39916800.0)))));
    return s * s;
}

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint at = quotient(p.row, i), c = i - at * p.row.divisor;
    const uint line = quotient(p.runs, at);
    const int w = int(at - line * p.runs.divisor) * RUN, width = int(p.width);

    float up[12], down[12];
    [[unroll]] for (int j = 0; j < 3; j++) {
        const vec4 a = texelFetch(tap_texels, j), b = texelFetch(tap_texels, 3 + j);
        [[unroll]] for (int k = 0; k < 4; k++) {
            up[4 * j + k] = a[k];
            down[4 * j + k] = b[k];
        }
    }
    const vec4 alpha = texelFetch(channel_texels, int(c));
    const vec4 beta = texelFetch(channel_texels, int(p.row.divisor + c));

    vec4 x[SAMPLES];
    [[unroll]] for (int j = 0; j < SAMPLES; j++) {
        const uint from = line * p.width + uint(clamp(w - 5 + j, 0, width - 1));
        x[j] = texelFetch(x_texels, int(p.x_offset + from * p.x_stride + c));
    }

    // Doubled sample n = 2 w - 5 + j is the sum over taps k = n + 1 (mod 2) of x[(n + 15 - k) / 2 - 5].
    vec4 v[DOUBLED];
    [[unroll]] for (int j = 0; j < DOUBLED; j++) {
        vec4 sum = vec4(0.0);
        [[unroll]] for (int t = 0; t < 6; t++) // a count that does not depend on j: it unrolls first
            sum += x[j / 2 + 5 - t] * up[2 * t + j % 2];
        v[j] = sum + sine_squared(alpha * sum) * beta;
    }
    // Samples before the first and after the last repeat them.
    [[unroll]] for (int j = 4; j >= 0; j--)
        v[j] = w == 0 ? v[j + 1] : v[j];
    [[unroll]] for (int j = 1; j < DOUBLED; j++)
        v[j] = 2 * w - 5 + j > 2 * width - 1 ? v[j - 1] : v[j];

    [[unroll]] for (int o = 0; o < RUN; o++) {
        vec4 sum = vec4(0.0);
        [[unroll]] for (int k = 0; k < 12; k++)
            sum += v[2 * o + k] * down[k];
        if (w + o < width)
            STORE((line * p.width + uint(w + o)) * p.row.divisor + c, sum);
    }
}
