#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// gemm_tiled: matrix product for GPUs of any subgroup size. A workgroup holds K_STEP texels of k of
// its rows and outputs in shared memory; an invocation computes 4 rows by 4 outputs and writes
// vec4.
//
//   bindings, push   include/gemm_interface.glsl, shared/gemm.h
//   weights          as gemm_texel.comp with LANES = 8
//   constants  0 LANES     outputs of a packed block
//              1 OUT_TILE  outputs a workgroup: a multiple of LANES
//              2 ROW_TILE  rows a workgroup: a multiple of 4
//              3 K_STEP    texels of k in shared memory
//              9 INVOCATIONS = OUT_TILE / 4 * ROW_TILE / 4; divides OUT_TILE * K_STEP
//                            and ROW_TILE * K_STEP
//   dispatch   (row tiles, output tiles, phases or frames), see tile_of_group()
//   memory     16 K_STEP (OUT_TILE + ROW_TILE + 2) bytes shared; HALF: half of it
//   precision  f32 sums in ascending k, four at a time. HALF: both operands are rounded to f16 (weights
//              that are stored so are exact), their products are f32; what f16 cannot hold is clamped
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/gemm.h"
#include "include/half.glsl"
#include "include/activation.glsl"
#include "include/gemm_interface.glsl"

layout(local_size_x_id = 9) in;
layout(constant_id = 0) const int LANES = 8;
layout(constant_id = 1) const int OUT_TILE = 64;
layout(constant_id = 2) const int ROW_TILE = 64;
layout(constant_id = 3) const int K_STEP = 4;
layout(constant_id = 9) const int INVOCATIONS = 256;

const int X_LOADS = ROW_TILE * K_STEP / INVOCATIONS;
const int W_LOADS = OUT_TILE * K_STEP / INVOCATIONS;
const int X_PITCH = ROW_TILE + 1, W_PITCH = OUT_TILE + 1;

shared Texel x_tile[K_STEP * X_PITCH];
shared Texel w_tile[K_STEP * W_PITCH];

vec4 sums[4]; // of four rows; components are outputs
int w_at[W_LOADS]; // weight texel of k = 0 of the running tap
#ifdef Q8
int scale_at[W_LOADS];
#endif

int w_k(int load)
{
    int e = int(gl_LocalInvocationID.x) + load * INVOCATIONS;
#ifdef NATURAL
    return e % K_STEP;
#else
    return e / LANES % K_STEP;
#endif
}

int w_out(int load)
{
    int e = int(gl_LocalInvocationID.x) + load * INVOCATIONS;
#ifdef NATURAL
    return e / K_STEP;
#else
    return e / (LANES * K_STEP) * LANES + e % LANES;
#endif
}

vec4 weight(int load, int k)
{
#ifdef Q8
    vec4 pair = texelFetch(w_scales, scale_at[load] + (k >> (Q_SHIFT + 1)) * LANES);
    vec2 s = (k >> Q_SHIFT & 1) != 0 ? pair.zw : pair.xy;
    return vec4(texelFetch(w_texels, w_at[load] + k * LANES)) * s.x + s.y;
#elif defined(NATURAL)
    return texelFetch(w_texels, w_at[load] + k);
#else
    return texelFetch(w_texels, w_at[load] + k * LANES);
#endif
}

// Adds k4 texels of every row, from texel x_at[i] on; rows with inside[i] false count as zeros.
void accumulate(int x_at[X_LOADS], bool inside[X_LOADS])
{
    const int invocation = int(gl_LocalInvocationID.x);
    const int out_at = invocation % (OUT_TILE / 4) * 4, row_at = invocation / (OUT_TILE / 4) * 4;
    const int count = int(p.k4);
    for (int k0 = 0; k0 < count; k0 += K_STEP) {
        barrier();
        [[unroll]] for (int i = 0; i < X_LOADS; i++) {
            int e = invocation + i * INVOCATIONS;
            int k = k0 + e % K_STEP;
            bool live = inside[i] && k < count;
            vec4 value = texelFetch(x_texels, x_at[i] + min(k, count - 1));
            x_tile[e % K_STEP * X_PITCH + e / K_STEP] = to_texel(live ? value : vec4(0.0));
        }
        [[unroll]] for (int i = 0; i < W_LOADS; i++) {
            int k = k0 + w_k(i);
            vec4 value = weight(i, min(k, count - 1));
            w_tile[w_k(i) * W_PITCH + w_out(i)] = to_texel(k < count ? value : vec4(0.0));
        }
        barrier();
        [[unroll]] for (int k = 0; k < K_STEP; k++) {
            vec4 w[4];
            [[unroll]] for (int o = 0; o < 4; o++)
                w[o] = vec4(w_tile[k * W_PITCH + out_at + o]);
            [[unroll]] for (int r = 0; r < 4; r++) {
                vec4 x = vec4(x_tile[k * X_PITCH + row_at + r]);
                sums[r] += vec4(dot(x, w[0]), dot(x, w[1]), dot(x, w[2]), dot(x, w[3]));
            }
        }
    }
}

void main()
{
    const int invocation = int(gl_LocalInvocationID.x);
    const ivec2 tile = tile_of_group(OUT_TILE);
    const int row0 = tile.x * ROW_TILE, out0 = tile.y * OUT_TILE;
    const int layer = int(gl_WorkGroupID.z);
    const int last_row = int(p.rows) - 1;
    const int blocks = (int(p.out4) * 4 + LANES - 1) / LANES;

    [[unroll]] for (int r = 0; r < 4; r++)
        sums[r] = vec4(0.0);

    int x_at[X_LOADS];
    bool inside[X_LOADS];
#ifdef CONV
    const ivec2 phase = phase_of_layer();
    const ivec3 kernel = ivec3(p.axis_t & 255u, p.axis_y & 255u, p.axis_x & 255u);
    const ivec3 dilation =
        ivec3(p.axis_t >> 16 & 255u, p.axis_y >> 16 & 255u, p.axis_x >> 16 & 255u);
    const int taps = kernel.x * kernel.y * kernel.z;
    [[unroll]] for (int i = 0; i < W_LOADS; i++) {
        int block = layer * blocks + min((out0 + w_out(i)) / LANES, blocks - 1);
        w_at[i] = block * taps * int(p.k4) * LANES + w_out(i) % LANES;
    }
    ivec3 origin[X_LOADS];
    [[unroll]] for (int i = 0; i < X_LOADS; i++) {
        int row = row0 + (invocation + i * INVOCATIONS) / K_STEP;
        origin[i] = conv_origin(min(row, last_row), phase);
    }
    for (int kt = 0; kt < kernel.x; kt++)
        for (int ky = 0; ky < kernel.y; ky++)
            for (int kx = 0; kx < kernel.z; kx++) {
                [[unroll]] for (int i = 0; i < X_LOADS; i++)
                    inside[i] = conv_texel(origin[i] + ivec3(kt, ky, kx) * dilation, x_at[i]);
                accumulate(x_at, inside);
                [[unroll]] for (int i = 0; i < W_LOADS; i++)
                    w_at[i] += int(p.k4) * LANES;
            }
#else
    [[unroll]] for (int i = 0; i < W_LOADS; i++) {
#ifdef NATURAL
        int b_row = layer * int(p.w_rows) + min(out0 + w_out(i), int(p.w_rows) - 1);
        w_at[i] = int(p.w_offset) + b_row * int(p.w_stride);
#else
        int block = min((out0 + w_out(i)) / LANES, blocks - 1);
        w_at[i] = block * int(p.k4) * LANES + w_out(i) % LANES;
#ifdef Q8
        scale_at[i] = block * (((int(p.k4) >> Q_SHIFT) + 1) >> 1) * LANES + w_out(i) % LANES;
#endif
#endif
    }
#ifdef NATURAL
    const int first_row = layer * int(p.rows);
#else
    const int first_row = 0;
#endif
    [[unroll]] for (int i = 0; i < X_LOADS; i++) {
        int row = min(row0 + (invocation + i * INVOCATIONS) / K_STEP, last_row);
        x_at[i] = int(p.x_offset) + (first_row + row) * int(p.x_stride);
        inside[i] = true;
    }
    accumulate(x_at, inside);
#endif

    const int n4 = out0 / 4 + invocation % (OUT_TILE / 4);
    [[unroll]] for (int r = 0; r < 4; r++) {
        int row = row0 + invocation / (OUT_TILE / 4) * 4 + r;
#ifdef CONV
        row = conv_output_row(row, phase);
        bool live = row >= 0;
#else
        bool live = row <= last_row;
        row += first_row;
#endif
        if (live && n4 < int(p.out4))
            store_output(row, n4, (FLAGS & GEMM_GATE) != 0 ? gate_texel(row) : 0, sums[r]);
    }
}
