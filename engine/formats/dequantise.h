// SPDX-License-Identifier: GPL-3.0-or-later
//
// dequantise.h - ggml's block types, all in one form: groups of 16 or 32 signed bytes q with an
// f32 scale and offset, w = scale * q + offset.
//
// The form loses nothing: q, scale and offset are the numbers ggml's own dequantiser multiplies
// and adds, in the same order and rounding, so evaluating scale * q + offset in f32 without
// fusing gives ggml's value bit for bit (a zero may differ in sign where the offset is 0).
#pragma once
#include "formats/dtype.h"

typedef struct Q8Block {
    int8_t q[DTYPE_MAX_BLOCK];
    float scale[DTYPE_MAX_BLOCK / 16]; // one a group
    float offset[DTYPE_MAX_BLOCK / 16];
} Q8Block;

// Elements that share a scale: 16 or 32. `dtype` is a block type here and below.
uint32_t dtype_group_elements(DType dtype);

// True for the types whose offset is not always 0: Q4_1, Q5_1, Q2_K, Q4_K, Q5_K.
bool dtype_has_offset(DType dtype);

// `block` is dtype_block_bytes() bytes at any alignment. Fills the first dtype_block_elements()
// of q and one scale and offset a group.
void block_to_q8(DType dtype, const uint8_t *block, Q8Block *out);

// The same block as f32: dtype_block_elements() values, equal to ggml's bit for bit.
void block_to_f32(DType dtype, const uint8_t *block, float *out);
