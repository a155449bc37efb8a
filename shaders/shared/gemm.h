// SPDX-License-Identifier: GPL-3.0-or-later
//
// gemm.h - push constants of the matrix-product kernels, read by C and GLSL alike. A "texel" is
// four consecutive f32 channels. Offsets count from the start of the binding.
#ifndef RUSHES_SHARED_GEMM_H
#define RUSHES_SHARED_GEMM_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct GemmParams {
    uint rows;      // output rows of one layer z of the dispatch
    uint row_tiles; // in x; those beyond it go on in y, after all output tiles
    uint out4; // texels of an output row
    uint k4;   // texels of the input that one tap sums over
    uint x_offset, x_stride;
    uint w_stride; // NATURAL: texels between rows of b; LAYERS: between layers of x
    uint w_offset; // NATURAL only
    uint w_rows;   // NATURAL only: rows of b a frame
    uint multiply_offset, multiply_stride;
    uint residual_offset, residual_stride;
    uint gate_offset, gate_stride;
    uint index_offset, index_stride; // elements
    float scale;
    // CONV only. The grid is what one phase enumerates; the output is `phases` times finer.
    uint in_frames, in_height, in_width;
    uint grid_height, grid_width;
    uint out_height, out_width;
    uint axis_t, axis_y, axis_x; // kernel | stride << 8 | dilation << 16 | log2(upsample) << 24
    int pad_t, pad_y, pad_x;
    uint phases; // x | y << 8 | shift of the start in x << 16 | in y << 24, see conv_origin()
};

// Bits of the constant FLAGS: which parts of the epilogue exist.
#define GEMM_BIAS      1
#define GEMM_MULTIPLY  2
#define GEMM_GATE      4
#define GEMM_ROW_INDEX 8
#define GEMM_RESIDUAL  16

#endif
