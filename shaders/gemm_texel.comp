#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// gemm_texel: matrix product for CPU drivers. Lanes are input rows, output channels are scalars
// that every lane gets by shuffle, so that a lane ends with four channels of its row and writes a
// vec4. Everything is read through texel buffers, the only loads that such a driver does a vector
// at a time.
//
//   bindings, push   include/gemm_interface.glsl, shared/gemm.h
//   weights          [layer][block of LANES outputs][tap][k4][LANES] texels of four values of k,
//                    zero padded
//   constants  0 LANES       invocations a workgroup = subgroup size
//              1 OUT_TILE    output channels a workgroup: a multiple of LANES, or 4 where there are
//                            no more
//              2 ROW_GROUPS  the workgroup does LANES * ROW_GROUPS rows
//              3 K_UNROLL    texels of k an iteration; divides k4
//   dispatch   (row tiles, output tiles, phases or frames), see tile_of_group()
//   precision  f32 sums in ascending k, whatever the storage type and the tile
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/gemm.h"
#include "include/activation.glsl"
#include "include/gemm_interface.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LANES = 8;
layout(constant_id = 1) const int OUT_TILE = 32;
layout(constant_id = 2) const int ROW_GROUPS = 4;
layout(constant_id = 3) const int K_UNROLL = 2;

const int BLOCKS = (OUT_TILE + LANES - 1) / LANES;
const int BLOCK_OUTPUTS = OUT_TILE < LANES ? OUT_TILE : LANES;

float sums[OUT_TILE][ROW_GROUPS];
int w_at[BLOCKS]; // next weight texel of this lane
#ifdef Q8
int scale_at[BLOCKS]; // first scale texel of this lane
#endif

vec4 weight(int block, int unrolled, int k)
{
#ifdef Q8
    vec4 pair = texelFetch(w_scales, scale_at[block] + (k >> (Q_SHIFT + 1)) * LANES);
    vec2 s = (k >> Q_SHIFT & 1) != 0 ? pair.zw : pair.xy;
    return vec4(texelFetch(w_texels, w_at[block] + unrolled * LANES)) * s.x + s.y;
#elif defined(NATURAL)
    return texelFetch(w_texels, w_at[block] + unrolled);
#else
    return texelFetch(w_texels, w_at[block] + unrolled * LANES);
#endif
}

// Adds k4 texels of every row, from texel x_at[j] on; rows with inside[j] false count as zeros.
void accumulate(int x_at[ROW_GROUPS], bool inside[ROW_GROUPS])
{
    const int count = K4 > 0 ? K4 : int(p.k4);
    for (int k = 0; k < count; k += K_UNROLL) {
        vec4 x[K_UNROLL][ROW_GROUPS];
        [[unroll]] for (int u = 0; u < K_UNROLL; u++)
            [[unroll]] for (int j = 0; j < ROW_GROUPS; j++) {
                x[u][j] = texelFetch(x_texels, x_at[j] + k + u);
#ifdef CONV
                x[u][j] = inside[j] ? x[u][j] : vec4(0.0);
#endif
            }
        [[unroll]] for (int i = 0; i < BLOCKS; i++) {
            vec4 w[K_UNROLL];
            [[unroll]] for (int u = 0; u < K_UNROLL; u++)
                w[u] = weight(i, u, k);
            [[unroll]] for (int r = 0; r < BLOCK_OUTPUTS; r++) {
                if (i * LANES + r >= OUT_TILE)
                    break;
                float one[K_UNROLL][4]; // this output's weights, the same in every lane
                [[unroll]] for (int u = 0; u < K_UNROLL; u++)
                    [[unroll]] for (int c = 0; c < 4; c++)
                        one[u][c] = subgroupShuffle(w[u][c], r);
                // A sum takes all its products at once: most sums live in memory, not in registers.
                [[unroll]] for (int j = 0; j < ROW_GROUPS; j++) {
                    float s = sums[i * LANES + r][j];
                    [[unroll]] for (int u = 0; u < K_UNROLL; u++)
                        [[unroll]] for (int c = 0; c < 4; c++)
                            s = fma(one[u][c], x[u][j][c], s);
                    sums[i * LANES + r][j] = s;
                }
            }
        }
#ifdef NATURAL
        [[unroll]] for (int i = 0; i < BLOCKS; i++)
            w_at[i] += K_UNROLL;
#else
        [[unroll]] for (int i = 0; i < BLOCKS; i++)
            w_at[i] += K_UNROLL * LANES;
#endif
    }
}

void main()
{
    const int lane = int(gl_LocalInvocationID.x);
    const ivec2 tile = tile_of_group(OUT_TILE);
    const int row0 = tile.x * LANES * ROW_GROUPS;
    const int out0 = tile.y * OUT_TILE;
    const int layer = int(gl_WorkGroupID.z);
    const int last_row = int(p.rows) - 1;
    const int blocks = (int(p.out4) * 4 + LANES - 1) / LANES;

    [[unroll]] for (int i = 0; i < OUT_TILE; i++)
        [[unroll]] for (int j = 0; j < ROW_GROUPS; j++)
            sums[i][j] = 0.0;

    int x_at[ROW_GROUPS];
    bool inside[ROW_GROUPS];
#ifdef CONV
#ifdef LAYERS
    const ivec2 phase = ivec2(0);
    const int x_layer = layer * int(p.w_stride), y_layer = layer * int(p.rows);
#else
    const ivec2 phase = phase_of_layer();
    const int x_layer = 0, y_layer = 0;
#endif
    const ivec3 kernel = ivec3(p.axis_t & 255u, p.axis_y & 255u, p.axis_x & 255u);
    const ivec3 dilation =
        ivec3(p.axis_t >> 16 & 255u, p.axis_y >> 16 & 255u, p.axis_x >> 16 & 255u);
    const int block_texels = kernel.x * kernel.y * kernel.z * int(p.k4) * LANES;
    [[unroll]] for (int i = 0; i < BLOCKS; i++)
        w_at[i] = (layer * blocks + min(out0 / LANES + i, blocks - 1)) * block_texels + lane;
    ivec3 origin[ROW_GROUPS];
    [[unroll]] for (int j = 0; j < ROW_GROUPS; j++)
        origin[j] = conv_origin(min(row0 + j * LANES + lane, last_row), phase);
    for (int kt = 0; kt < kernel.x; kt++)
        for (int ky = 0; ky < kernel.y; ky++)
            for (int kx = 0; kx < kernel.z; kx++) {
                [[unroll]] for (int j = 0; j < ROW_GROUPS; j++) {
                    inside[j] = conv_texel(origin[j] + ivec3(kt, ky, kx) * dilation, x_at[j]);
                    x_at[j] += x_layer;
                }
                accumulate(x_at, inside);
            }
#else
#ifdef NATURAL
    const int last_out = int(p.w_rows) - 1;
    [[unroll]] for (int i = 0; i < BLOCKS; i++) {
        int b_row = layer * int(p.w_rows) + min(out0 + i * LANES + lane, last_out);
        w_at[i] = int(p.w_offset) + b_row * int(p.w_stride);
    }
    const int first_row = layer * int(p.rows);
#else
    [[unroll]] for (int i = 0; i < BLOCKS; i++) {
        const int block = min(out0 / LANES + i, blocks - 1);
        w_at[i] = block * int(p.k4) * LANES + lane;
#ifdef Q8
        const int pairs = ((int(p.k4) >> Q_SHIFT) + 1) >> 1;
        scale_at[i] = block * pairs * LANES + lane;
#endif
    }
    const int first_row = 0;
#endif
    [[unroll]] for (int j = 0; j < ROW_GROUPS; j++) {
        int row = first_row + min(row0 + j * LANES + lane, last_row);
        x_at[j] = int(p.x_offset) + row * int(p.x_stride);
        inside[j] = true;
    }
    accumulate(x_at, inside);
#endif

    [[unroll]] for (int j = 0; j < ROW_GROUPS; j++) {
        int row = row0 + j * LANES + lane;
#ifdef CONV
        row = conv_output_row(row, phase);
        bool live = row >= 0;
        row += y_layer;
#else
        bool live = row <= last_row;
        row += first_row;
#endif
        int gate = (FLAGS & GEMM_GATE) != 0 ? gate_texel(row) : 0;
        [[unroll]] for (int q = 0; q < OUT_TILE / 4; q++) {
            int n4 = out0 / 4 + q;
            if (live && n4 < int(p.out4))
                store_output(row, n4, gate,
                             vec4(sums[q * 4][j], sums[q * 4 + 1][j], sums[q * 4 + 2][j],
                                  sums[q * 4 + 3][j]));
        }
    }
}
