// SPDX-License-Identifier: GPL-3.0-or-later
// dtype.h - the element types a model file can hold, and how many bytes they take.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum DType {
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_F64,
    DTYPE_I8,
    DTYPE_U8,
    DTYPE_I16,
    DTYPE_U16,
    DTYPE_I32,
    DTYPE_U32,
    DTYPE_I64,
    DTYPE_U64,
    DTYPE_BOOL,    // one byte, 0 or 1
    DTYPE_F8_E4M3, // the "fn" kind: no infinities, 0x7f and 0xff are NaN, largest value 448
    DTYPE_F8_E5M2, // IEEE-like: infinities and NaNs
    // ggml's block types. A block runs along the last dimension and never crosses a row.
    DTYPE_Q4_0,
    DTYPE_Q4_1,
    DTYPE_Q5_0,
    DTYPE_Q5_1,
    DTYPE_Q8_0,
    DTYPE_Q2_K,
    DTYPE_Q3_K,
    DTYPE_Q4_K,
    DTYPE_Q5_K,
    DTYPE_Q6_K,
    DTYPE_IQ4_NL,
    DTYPE_IQ4_XS,
    DTYPE_COUNT,
} DType;

enum { DTYPE_MAX_BLOCK = 256 }; // elements in the largest block

const char *dtype_name(DType dtype);            // as the file format spells it: "F32", "Q4_K"
uint32_t dtype_block_elements(DType dtype);     // 1 for everything that is not a block type
uint32_t dtype_block_bytes(DType dtype);        // bytes of one block, so of one element where 1
bool dtype_is_quantised(DType dtype);           // true for the block types
DType dtype_from_safetensors(const char *name); // DTYPE_COUNT when unknown
DType dtype_from_ggml(uint32_t type);           // DTYPE_COUNT when unknown or not supported

// Says how ggml calls a type this engine does not read, or NULL when ggml has no such type.
const char *dtype_ggml_unsupported_name(uint32_t type);

// Stores the bytes of `elements` elements. False when the count is not a whole number of blocks
// or the product does not fit in 64 bits.
bool dtype_bytes(DType dtype, uint64_t elements, uint64_t *bytes);
