#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// winograd_input: the first part of a 3 x 3 convolution by F(2 x 2, 3 x 3) of Winograd (Lavin and
// Gray, Fast Algorithms for Convolutional Neural Networks, 2015). Every 4 x 4 patch d, two apart,
// becomes B^T d B: sixteen layers, each multiplied by a matrix of its own afterwards.
//
//   binding 0  in   x  [frames, height, width, texels]
//   binding 1  out  v  [16, frames, tiles_y, tiles_x, texels]
//   push       WinogradPush, shared/winograd.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch   (ceil(tiles_x * texels / WIDTH), tiles_y, frames): an invocation a patch and texel
//   precision  f32; sums of four
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/winograd.h"

layout(local_size_x_id = 0) in;
layout(binding = 0) uniform samplerBuffer x_texels;
layout(binding = 1) writeonly buffer V { vec4 v_texels[]; };
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
    int x0 = tile_x * 2 - p.pad_x, y0 = tile_y * 2 - p.pad_y;
    int width = int(p.width), height = int(p.height);

    vec4 d[4][4];
    [[unroll]] for (int i = 0; i < 4; i++)
        [[unroll]] for (int j = 0; j < 4; j++) {
            int y = y0 + i, x = x0 + j;
            bool inside = uint(y) < uint(height) && uint(x) < uint(width);
            int row = (frame * height + clamp(y, 0, height - 1)) * width + clamp(x, 0, width - 1);
            vec4 value = texelFetch(x_texels, int(p.offset) + row * int(p.stride) + c);
            d[i][j] = inside ? value : vec4(0.0);
        }
    vec4 b[4][4]; // B^T d
    [[unroll]] for (int j = 0; j < 4; j++) {
        b[0][j] = d[0][j] - d[2][j];
        b[1][j] = d[1][j] + d[2][j];
        b[2][j] = d[2][j] - d[1][j];
        b[3][j] = d[1][j] - d[3][j];
    }
    [[unroll]] for (int i = 0; i < 4; i++) {
        v_texels[(i * 4 + 0) * count + at] = b[i][0] - b[i][2];
        v_texels[(i * 4 + 1) * count + at] = b[i][1] + b[i][2];
        v_texels[(i * 4 + 2) * count + at] = b[i][2] - b[i][1];
        v_texels[(i * 4 + 3) * count + at] = b[i][1] - b[i][3];
    }
}
