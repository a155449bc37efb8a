// SPDX-License-Identifier: GPL-3.0-or-later
//
// gemm.h - the matrix-product kernels behind linear, conv, conv_transpose1d and matmul: which
// kernel and tile fits a shape, how weights are packed for it, how a product with its epilogue is
// recorded. See shaders/gemm_texel.comp (CPU drivers) and shaders/gemm_tiled.comp (GPUs).
#pragma once
#include "ops/record.h"
#include "shared/gemm.h"

typedef struct GemmShape {
    uint32_t rows;    // of one layer
    uint32_t outputs; // channels of an output row
    uint32_t k4;      // texels a tap sums over
    uint32_t taps;    // 1 for linear
    uint32_t layers;  // phases of a convolution, frames of a matmul
} GemmShape;

typedef struct GemmKernel {
    bool tiled;          // gemm_tiled.comp instead of gemm_texel.comp
    bool half;           // tiled, with 16-bit operands
    uint32_t lanes;      // outputs a packed block holds
    uint32_t out_tile;   // outputs a workgroup computes
    uint32_t row_groups; // texel: rows / lanes a workgroup computes; tiled: rows a workgroup
    uint32_t unroll;     // texels of k an iteration
    uint32_t max_invocations;
} GemmKernel;

// Kernel family and pack order depend on the device and on whether the graph allows 16-bit operands; the
// tile depends on the shape.
GemmKernel gemm_kernel(Recorder *recorder);
// Threads that a CPU driver deals workgroups to in equal shares: an odd one out costs a whole
// round.
uint32_t cpu_shares(void);
void gemm_choose_tile(GemmKernel *kernel, const GemmShape *shape);

// What the kernel reads as its weight.
typedef struct GemmWeight {
    GpuBinding texels;
    GpuBinding scales; // int8 only
    bool quantised;
    uint32_t scale_shift; // int8: log2 of the texels of k that share a scale
} GemmWeight;

// [out, in] with in = product of the other dims. f16 stays f16, block types become int8 with scale
// and offset a block, everything else is f32.
RSH_MUST_USE RshStatus gemm_pack_linear(Recorder *recorder, const GemmKernel *kernel,
                                        const Weight *weight, GemmWeight *out, RshError *error);

// How a convolution reads its weight. The layers of a transposed convolution, and of a convolution
// after nearest up-sampling, are small convolutions of their own.
typedef enum GemmTaps {
    GEMM_TAPS_PLAIN, // [out, in, t, y, x]
    // [in, out, k]: layer p has the taps k with (p + pad) % stride == k % stride
    GEMM_TAPS_TRANSPOSED,
    GEMM_TAPS_UPSAMPLED, // [out, in, t, 3, 3]: four layers (y, x) of 2 x 2 taps, f32
    GEMM_TAPS_WINOGRAD   // [out, in, t, 3, 3]: sixteen layers of t taps, f32, see winograd.c
} GemmTaps;
typedef struct GemmConvPack {
    GemmTaps kind;
    uint32_t outputs, channels;
    uint32_t taps, layers;
    uint32_t kernel, stride, pad; // GEMM_TAPS_TRANSPOSED
} GemmConvPack;
RSH_MUST_USE RshStatus gemm_pack_conv(Recorder *recorder, const GemmKernel *kernel,
                                      const Weight *weight, const GemmConvPack *pack,
                                      GemmWeight *out, RshError *error);

// One product with its epilogue; see shaders/include/gemm_interface.glsl.
typedef struct GemmCall {
    const char *family; // "linear", "conv" or "matmul": the blob is gemm_<family>[_q8][_tiled[16]]
    GemmShape shape;
    GemmWeight weight;
    const Weight *bias;
    const Tensor *x, *y;
    const GpuBinding *x_layers, *y_layers;         // LAYERS: dense scratch in place of x and y
    const Tensor *residual, *multiply, *row_index; // NULL when absent
    RowTable gate;
    Activation act;
    struct GemmParams push; // the caller fills the parts for NATURAL and CONV
} GemmCall;
RSH_MUST_USE RshStatus gemm_record(Recorder *recorder, const GemmKernel *kernel, GemmCall *call,
                                   RshError *error);
