// SPDX-License-Identifier: GPL-3.0-or-later
#include "stored_weight.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 96 // of the file below, and a multiple of its alignment, 32

// ggml's number of a type, and where its blocks hold f16 numbers, which random bits would make huge.
typedef struct StoredType {
    DType dtype;
    uint32_t ggml;
    int32_t halves[2]; // byte offsets, -1 for none
} StoredType;

static const StoredType types[] = {
    {DTYPE_F16, 1, {0, -1}},     {DTYPE_BF16, 30, {-1, -1}}, {DTYPE_Q4_0, 2, {0, -1}},
    {DTYPE_Q4_1, 3, {0, 2}},     {DTYPE_Q5_0, 6, {0, -1}},   {DTYPE_Q5_1, 7, {0, 2}},
    {DTYPE_Q8_0, 8, {0, -1}},    {DTYPE_Q4_K, 12, {0, 2}},   {DTYPE_Q5_K, 13, {0, 2}},
    {DTYPE_Q6_K, 14, {208, -1}},
};

static void put(uint8_t **at, const void *data, size_t bytes)
{
    memcpy(*at, data, bytes);
    *at += bytes;
}

static void put_u32(uint8_t **at, uint32_t value)
{
    put(at, &value, sizeof(value));
}

static void put_u64(uint8_t **at, uint64_t value)
{
    put(at, &value, sizeof(value));
}

// Blocks of random bits with small scales: sign and mantissa are free, the exponent is 2^-6 or 2^-5.
static void fill_blocks(const StoredType *type, uint8_t *data, uint64_t bytes)
{
    uint32_t block = dtype_block_bytes(type->dtype), random = 12345;
    for (uint64_t i = 0; i < bytes; i++) {
        random = random * 1664525 + 1013904223;
        data[i] = (uint8_t)(random >> 24);
    }
    for (uint64_t at = 0; at < bytes; at += block) {
        for (int i = 0; i < 2; i++)
            if (type->halves[i] >= 0) {
                uint8_t *high = data + at + type->halves[i] + 1;
                *high = (uint8_t)((*high & 0x87) | 0x20);
            }
        if (type->dtype == DTYPE_BF16)
            data[at + 1] = (uint8_t)((data[at + 1] & 0x80) | 0x3d);
    }
}

bool stored_weight_create(DType dtype, uint32_t out, uint32_t in, StoredWeight *stored,
                          RshError *error)
{
    *stored = (StoredWeight){0};
    const StoredType *type = types;
    while (type->dtype != dtype)
        type++;
    uint64_t bytes = 0;
    if (!dtype_bytes(dtype, (uint64_t)out * in, &bytes))
        return false;
    stored->bytes = calloc(1, HEADER_BYTES + bytes);
    if (!stored->bytes)
        return false;
    uint8_t *at = stored->bytes;
    put(&at, "GGUF", 4);
    put_u32(&at, 3); // version
    put_u64(&at, 1); // tensors
    put_u64(&at, 0); // keys
    put_u64(&at, 1); // the name's length
    put(&at, "w", 1);
    put_u32(&at, 2); // dimensions, the contiguous one first
    put_u64(&at, in);
    put_u64(&at, out);
    put_u32(&at, type->ggml);
    put_u64(&at, 0); // offset in the data
    fill_blocks(type, stored->bytes + HEADER_BYTES, bytes);
    if (model_file_open_bytes(stored->bytes, HEADER_BYTES + bytes, "stored weight", &stored->file,
                              error) != RSH_OK ||
        weight_set_open(stored->file, "", &stored->set, error) != RSH_OK)
        return false;
    stored->weight = weight_set_find(stored->set, "w");
    return stored->weight != NULL;
}

void stored_weight_destroy(StoredWeight *stored)
{
    weight_set_close(&stored->set);
    model_file_close(&stored->file);
    free(stored->bytes);
    *stored = (StoredWeight){0};
}
