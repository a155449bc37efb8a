#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// winograd_output: the last part of a 3 x 3 convolution by F(2 x 2, 3 x 3), see
// winograd_input.comp. The sixteen products m of a tile become its 2 x 2 outputs A^T m A, then
// y = act(that + bias) + residual.
//
//   binding 0  in   m         [16, frames, tiles_y, tiles_x, texels]
//   binding 1  in   bias      [texels], zeros when there is none
//   binding 2  in   residual  [frames, height, width, stride] texels, with RESIDUAL
//   binding 3  out  y         [frames, height, width, texels]
//   push       WinogradPush, shared/winograd.h
//   constants  0 WIDTH  invocations a workgroup   1 ACT   2 RESIDUAL (0 or 1)
//   dispatch   (ceil(tiles_x * texels / WIDTH), tiles_y, frames): an invocation a tile and texel
//   precision  f32; sums of nine
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/winograd.h"
#include "include/activation.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 1) const int ACT = 0;
layout(constant_id = 2) const int RESIDUAL = 0;
layout(binding = 0) uniform samplerBuffer m_texels;
layout(binding = 1) uniform samplerBuffer bias_texels;
layout(binding = 2) uniform samplerBuffer residual_texels;
layout(binding = 3) writeonly buffer Y { vec4 y_texels[]; };
layout(push_constant) uniform Push { WinogradPush p; };

void main()
{
    int across = int(gl_GlobalInvocationID.x), texels = int(p.texels);
    int row_texels = int(p.tiles_x) * texels; // of a row of tiles
    if (across >= row_texels)
        return;
    int frame = int(gl_WorkGroupID.z), tile_y = int(gl_WorkGroupID.y), tile_x = across / texels;
    int c = across - tile_x * texels;
    int at = (frame * int(p.tiles_y) + tile_y) * row_texels + across;
    int count = int(p.frames) * int(p.tiles_y) * row_texels; // of a layer
    int x0 = tile_x * 2, y0 = tile_y * 2;

    vec4 a[2][4]; // A^T m
    [[unroll]] for (int j = 0; j < 4; j++) {
        vec4 m0 = texelFetch(m_texels, j * count + at);
        vec4 m1 = texelFetch(m_texels, (4 + j) * count + at);
        vec4 m2 = texelFetch(m_texels, (8 + j) * count + at);
        vec4 m3 = texelFetch(m_texels, (12 + j) * count + at);
        a[0][j] = m0 + m1 + m2;
        a[1][j] = m1 - m2 - m3;
    }
    vec4 bias = texelFetch(bias_texels, c);
    [[unroll]] for (int i = 0; i < 2; i++) {
        vec4 y[2] = vec4[2](a[i][0] + a[i][1] + a[i][2], a[i][1] - a[i][2] - a[i][3]);
        [[unroll]] for (int j = 0; j < 2; j++) {
            int row = (frame * int(p.height) + y0 + i) * int(p.width) + x0 + j;
            vec4 value = activate(ACT, y[j] + bias);
            if (y0 + i < int(p.height) && x0 + j < int(p.width)) {
                if (RESIDUAL != 0)
                    value += texelFetch(residual_texels, int(p.offset) + row * int(p.stride) + c);
                y_texels[row * texels + c] = value;
            }
        }
    }
}
