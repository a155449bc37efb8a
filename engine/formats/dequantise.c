// SPDX-License-Identifier: GPL-3.0-or-later
// Layouts: ggml's block structs (github.com/ggml-org/ggml, docs of the GGUF format). In a Q4
// type the low nibbles are the first half of a group, the high nibbles the second half.
#include "formats/dequantise.h"

#include <assert.h>

#include "formats/number_types.h"

enum { SUPER = 256 }; // elements in a "K" block

static float load_f16(const uint8_t *bytes)
{
    return f16_to_f32(load_u16(bytes));
}

// 16 bytes of nibbles to 32 values, each minus `bias`.
static void nibbles(const uint8_t *packed, int bias, int8_t *q)
{
    for (int i = 0; i < 16; i++) {
        q[i] = (int8_t)((packed[i] & 15) - bias);
        q[i + 16] = (int8_t)((packed[i] >> 4) - bias);
    }
}

// The fifth bits: bit i of `high` belongs to value i.
static void add_fifth_bits(uint32_t high, int8_t *q)
{
    for (int i = 0; i < 32; i++)
        q[i] = (int8_t)(q[i] + (int)((high >> i & 1) << 4));
}

static void decode_q4_0(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    nibbles(block + 2, 8, out->q);
}

static void decode_q4_1(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    out->offset[0] = load_f16(block + 2);
    nibbles(block + 4, 0, out->q);
}

static void decode_q5_0(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    nibbles(block + 6, 16, out->q);
    add_fifth_bits(load_u32(block + 2), out->q);
}

static void decode_q5_1(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    out->offset[0] = load_f16(block + 2);
    nibbles(block + 8, 0, out->q);
    add_fifth_bits(load_u32(block + 4), out->q);
}

static void decode_q8_0(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    memcpy(out->q, block + 2, 32);
}

// Two bits a value: element 128 n + 32 j + l is bits 2j of byte 32 n + l.
static int two_bits(const uint8_t *packed, int element)
{
    return packed[element / 128 * 32 + element % 32] >> (element % 128 / 32 * 2) & 3;
}

static void decode_q2_k(const uint8_t *block, Q8Block *out)
{
    const uint8_t *scales = block, *packed = block + 16;
    float d = load_f16(block + 80), least = load_f16(block + 82);
    for (int i = 0; i < SUPER; i++)
        out->q[i] = (int8_t)two_bits(packed, i);
    for (int group = 0; group < 16; group++) {
        out->scale[group] = d * (float)(scales[group] & 15);
        out->offset[group] = -(least * (float)(scales[group] >> 4));
    }
}

static void decode_q3_k(const uint8_t *block, Q8Block *out)
{
    const uint8_t *high = block, *packed = block + 32, *scales = block + 96;
    float d = load_f16(block + 108);
    for (int i = 0; i < SUPER; i++) { // a cleared third bit means minus 4
        int third = high[i % 32] >> (i / 32) & 1;
        out->q[i] = (int8_t)(two_bits(packed, i) - (third ? 0 : 4));
    }
    for (int group = 0; group < 16; group++) { // 6-bit scales: 4 low bits, then 2 high bits
        int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
        int top = scales[8 + group % 4] >> (group / 4 * 2) & 3;
        out->scale[group] = d * (float)((low | top << 4) - 32);
    }
}

// Scales and minima of Q4_K and Q5_K: eight pairs of 6 bits in 12 bytes.
static void decode_k_scales(const uint8_t *block, Q8Block *out)
{
    const uint8_t *packed = block + 4;
    float d = load_f16(block), least = load_f16(block + 2);
    for (int group = 0; group < 8; group++) {
        int scale, minimum;
        if (group < 4) {
            scale = packed[group] & 63;
            minimum = packed[group + 4] & 63;
        } else {
            scale = (packed[group + 4] & 15) | (packed[group - 4] >> 6) << 4;
            minimum = packed[group + 4] >> 4 | (packed[group] >> 6) << 4;
        }
        out->scale[group] = d * (float)scale;
        out->offset[group] = -(least * (float)minimum);
    }
}

// Element 64 j + l is the low nibble, 64 j + 32 + l the high nibble of byte 32 j + l.
static int k_nibble(const uint8_t *packed, int element)
{
    uint8_t byte = packed[element / 64 * 32 + element % 32];
    return element % 64 < 32 ? byte & 15 : byte >> 4;
}

static void decode_q4_k(const uint8_t *block, Q8Block *out)
{
    decode_k_scales(block, out);
    for (int i = 0; i < SUPER; i++)
        out->q[i] = (int8_t)k_nibble(block + 16, i);
}

static void decode_q5_k(const uint8_t *block, Q8Block *out)
{
    const uint8_t *high = block + 16;
    decode_k_scales(block, out);
    for (int i = 0; i < SUPER; i++) {
        int fifth = high[i % 32] >> (i / 32) & 1;
        out->q[i] = (int8_t)(k_nibble(block + 48, i) + (fifth << 4));
    }
}

static void decode_q6_k(const uint8_t *block, Q8Block *out)
{
    const uint8_t *low = block, *high = block + 128;
    const int8_t *scales = (const int8_t *)block + 192;
    float d = load_f16(block + 208);
    for (int half = 0; half < 2; half++) {
        for (int i = 0; i < 128; i++) {
            uint8_t byte = low[half * 64 + i % 64];
            int four = i < 64 ? byte & 15 : byte >> 4;
            int two = high[half * 32 + i % 32] >> (i / 32 * 2) & 3;
            out->q[half * 128 + i] = (int8_t)((four | two << 4) - 32);
        }
    }
    for (int group = 0; group < 16; group++)
        out->scale[group] = d * (float)scales[group];
}

// The 16 levels of the non-linear 4-bit types.
static const int8_t iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                      1,    13,   25,  38,  53,  69,  89,  113};

static void iq4_lookup(const uint8_t *packed, int8_t *q)
{
    for (int i = 0; i < 16; i++) {
        q[i] = iq4_levels[packed[i] & 15];
        q[i + 16] = iq4_levels[packed[i] >> 4];
    }
}

static void decode_iq4_nl(const uint8_t *block, Q8Block *out)
{
    out->scale[0] = load_f16(block);
    iq4_lookup(block + 2, out->q);
}

static void decode_iq4_xs(const uint8_t *block, Q8Block *out)
{
    float d = load_f16(block);
    unsigned high = load_u16(block + 2);
    const uint8_t *low = block + 4;
    for (int group = 0; group < 8; group++) {
        int scale = (low[group / 2] >> (group % 2 * 4) & 15) | (int)(high >> (2 * group) & 3) << 4;
        out->scale[group] = d * (float)(scale - 32);
        iq4_lookup(block + 8 + group * 16, out->q + group * 32);
    }
}

static const struct {
    void (*decode)(const uint8_t *block, Q8Block *out);
    uint8_t group_elements;
    bool has_offset;
} decoders[DTYPE_COUNT] = {
    [DTYPE_Q4_0] = {decode_q4_0, 32, false},     [DTYPE_Q4_1] = {decode_q4_1, 32, true},
    [DTYPE_Q5_0] = {decode_q5_0, 32, false},     [DTYPE_Q5_1] = {decode_q5_1, 32, true},
    [DTYPE_Q8_0] = {decode_q8_0, 32, false},     [DTYPE_Q2_K] = {decode_q2_k, 16, true},
    [DTYPE_Q3_K] = {decode_q3_k, 16, false},     [DTYPE_Q4_K] = {decode_q4_k, 32, true},
    [DTYPE_Q5_K] = {decode_q5_k, 32, true},      [DTYPE_Q6_K] = {decode_q6_k, 16, false},
    [DTYPE_IQ4_NL] = {decode_iq4_nl, 32, false}, [DTYPE_IQ4_XS] = {decode_iq4_xs, 32, false},
};

uint32_t dtype_group_elements(DType dtype)
{
    assert(dtype_is_quantised(dtype));
    return decoders[dtype].group_elements;
}

bool dtype_has_offset(DType dtype)
{
    assert(dtype_is_quantised(dtype));
    return decoders[dtype].has_offset;
}

void block_to_q8(DType dtype, const uint8_t *block, Q8Block *out)
{
    assert(dtype_is_quantised(dtype));
    memset(out->offset, 0, sizeof(out->offset));
    decoders[dtype].decode(block, out);
}

void block_to_f32(DType dtype, const uint8_t *block, float *out)
{
    Q8Block q8;
    block_to_q8(dtype, block, &q8);
    uint32_t group_size = dtype_group_elements(dtype), size = dtype_block_elements(dtype);
    for (uint32_t i = 0; i < size; i++) {
        uint32_t group = i / group_size;
        float product = q8.scale[group] * (float)q8.q[i];
        out[i] = dtype_has_offset(dtype) ? product + q8.offset[group] : product;
    }
}
