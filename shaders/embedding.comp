#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// embedding: y[r] = table[ids[r]].
//
//   binding 0  in   ids    i32 [rows]
//   binding 1  in   table  [vocabulary, C] texels, as f32 or f16
//   binding 2  out  y      f32 [rows, C] texels, dense
//   push            EmbeddingPush, shared/embedding.h
//   constants  0 WIDTH  invocations a workgroup
//   dispatch        flat, one texel an invocation
//   precision       exact; ids outside the vocabulary read its nearest row
#extension GL_GOOGLE_include_directive : require
#include "shared/embedding.h"

#define Y_BINDING 2
#include "include/grid.glsl"

layout(binding = 0) uniform isamplerBuffer ids;
layout(binding = 1) uniform samplerBuffer table_texels;
layout(push_constant) uniform Push { EmbeddingPush p; };

void main()
{
    const uint i = grid_index();
    if (i >= p.items)
        return;
    const uint r = quotient(p.row, i), c = i - r * p.row.divisor;
    const int id = texelFetch(ids, int(p.id_offset + r * p.id_stride)).x;
    const uint row = uint(clamp(id, 0, int(p.vocabulary) - 1));
    STORE(i, texelFetch(table_texels, int(row * p.row.divisor + c)));
}
