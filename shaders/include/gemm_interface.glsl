// SPDX-License-Identifier: GPL-3.0-or-later
//
// gemm_interface.glsl - what all matrix-product kernels share: bindings, where a row of the input
// lies, and what happens to a sum before it is stored.
//
//   y[r, n] = residual[r, n] + gate[index[r], n] * multiply[r, n] * act(scale * sum + bias[n])
//
// CONV      rows are output positions (t, y, x); the sum runs over taps and channels
// LAYERS    with CONV: layer z of the input times layer z of the weight gives layer z of the output
// NATURAL   the weight is another activation, row-major; z is the frame
// Q8        weights are int8 with a scale and an offset a block of 16 or 32 values of k

layout(constant_id = 4) const int ACT = 0;
layout(constant_id = 5) const int FLAGS = 0;
layout(constant_id = 6) const int K4 = 0;          // k4 when the kernel is compiled for one, else 0
layout(constant_id = 7) const int N_LAST = 4;      // channels of the last texel of an output row
layout(constant_id = 8) const int Q_SHIFT = 3;     // Q8: log2 of the texels of k that share a scale

layout(binding = 0) uniform samplerBuffer x_texels;
#ifdef Q8
layout(binding = 1) uniform isamplerBuffer w_texels;
#else
layout(binding = 1) uniform samplerBuffer w_texels;
#endif
layout(binding = 2) uniform samplerBuffer bias_texels;
layout(binding = 3) uniform samplerBuffer residual_texels;
layout(binding = 4) uniform samplerBuffer gate_texels;
layout(binding = 5) uniform isamplerBuffer row_index;
layout(binding = 6) uniform samplerBuffer multiply_texels;
layout(binding = 7) uniform samplerBuffer w_scales; // Q8: (scale, offset) of two blocks
#ifdef STORE_IMAGE
layout(binding = 8, rgba32f) uniform writeonly imageBuffer y_texels;
#else
layout(binding = 8) writeonly buffer Y { vec4 y_texels[]; };
#endif

layout(push_constant) uniform Push { GemmParams p; };

// Row tile and output tile of this workgroup.
ivec2 tile_of_group(int out_tile)
{
    int out_tiles = (int(p.out4) * 4 + out_tile - 1) / out_tile;
    int y = int(gl_WorkGroupID.y);
    return ivec2(int(gl_WorkGroupID.x) + y / out_tiles * int(p.row_tiles), y % out_tiles);
}

#ifdef CONV
ivec2 phase_of_layer()
{
    int count_x = int(p.phases & 255u);
    int layer = int(gl_WorkGroupID.z);
    return ivec2(layer % count_x, layer / count_x);
}

// First input position (t, y, x; in up-sampled coordinates) of the output at grid position `row`. A
// phase starts (phase + shift) / phases positions later than the first: this serves the transposed
// convolution as well as the convolution of an up-sampled picture.
ivec3 conv_origin(int row, ivec2 phase)
{
    int x = row % int(p.grid_width);
    int rest = row / int(p.grid_width);
    int y = rest % int(p.grid_height);
    int t = rest / int(p.grid_height);
    ivec2 count = ivec2(int(p.phases & 255u), int(p.phases >> 8 & 255u));
    ivec2 shift = ivec2(int(p.phases >> 16 & 255u), int(p.phases >> 24));
    ivec2 later = (phase + shift) / count;
    ivec3 stride = ivec3(p.axis_t >> 8 & 255u, p.axis_y >> 8 & 255u, p.axis_x >> 8 & 255u);
    return ivec3(t, y, x) * stride - ivec3(p.pad_t, p.pad_y - later.y, p.pad_x - later.x);
}

// Texel where the input row of this position starts; false outside, where the input is zero.
bool conv_texel(ivec3 position, out int texel)
{
    ivec3 up = ivec3(p.axis_t >> 24, p.axis_y >> 24, p.axis_x >> 24);
    ivec3 size = ivec3(p.in_frames, p.in_height, p.in_width);
    bool inside = all(greaterThanEqual(position, ivec3(0))) && all(lessThan(position, size << up));
    ivec3 at = clamp(position >> up, ivec3(0), size - 1);
    texel = int(p.x_offset) + ((at.x * size.y + at.y) * size.z + at.z) * int(p.x_stride);
    return inside;
}

// Output row of grid position `row` in this phase, or -1 when the grid goes past the output.
int conv_output_row(int row, ivec2 phase)
{
    int x = row % int(p.grid_width) * int(p.phases & 255u) + phase.x;
    int rest = row / int(p.grid_width);
    int y = rest % int(p.grid_height) * int(p.phases >> 8 & 255u) + phase.y;
    int t = rest / int(p.grid_height);
    if (row >= int(p.rows) || x >= int(p.out_width) || y >= int(p.out_height))
        return -1;
    return (t * int(p.out_height) + y) * int(p.out_width) + x;
}
#endif

int gate_texel(int row)
{
    int at = 0;
    if ((FLAGS & GEMM_ROW_INDEX) != 0)
        at = texelFetch(row_index, int(p.index_offset) + row * int(p.index_stride)).x;
    return int(p.gate_offset) + at * int(p.gate_stride);
}

// `n4` is the texel within the row; `gate` comes from gate_texel(row).
void store_output(int row, int n4, int gate, vec4 sum)
{
    vec4 v = sum;
#ifdef NATURAL
    v *= p.scale;
    if (n4 == int(p.out4) - 1) // the pad lanes hold products with a repeated row
        v = mix(vec4(0.0), v, lessThan(ivec4(0, 1, 2, 3), ivec4(N_LAST)));
#endif
    if ((FLAGS & GEMM_BIAS) != 0)
        v += texelFetch(bias_texels, n4);
    v = activate(ACT, v);
    if ((FLAGS & GEMM_MULTIPLY) != 0)
        v *= texelFetch(multiply_texels,
                        int(p.multiply_offset) + row * int(p.multiply_stride) + n4);
    if ((FLAGS & GEMM_GATE) != 0)
        v *= texelFetch(gate_texels, gate + n4);
    if ((FLAGS & GEMM_RESIDUAL) != 0)
        v += texelFetch(residual_texels,
                        int(p.residual_offset) + row * int(p.residual_stride) + n4);
#ifdef STORE_IMAGE
    imageStore(y_texels, row * int(p.out4) + n4, v);
#else
    y_texels[row * int(p.out4) + n4] = v;
#endif
}
