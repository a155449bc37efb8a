// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/dtype.h"

#include <stddef.h>
#include <string.h>

typedef struct DTypeInfo {
    const char *name;
    const char *safetensors; // NULL: GGUF only
    uint16_t block_elements, block_bytes;
} DTypeInfo;

static const DTypeInfo dtypes[DTYPE_COUNT] = {
    [DTYPE_F32] = {"F32", "F32", 1, 4},
    [DTYPE_F16] = {"F16", "F16", 1, 2},
    [DTYPE_BF16] = {"BF16", "BF16", 1, 2},
    [DTYPE_F64] = {"F64", "F64", 1, 8},
    [DTYPE_I8] = {"I8", "I8", 1, 1},
    [DTYPE_U8] = {"U8", "U8", 1, 1},
    [DTYPE_I16] = {"I16", "I16", 1, 2},
    [DTYPE_U16] = {"U16", "U16", 1, 2},
    [DTYPE_I32] = {"I32", "I32", 1, 4},
    [DTYPE_U32] = {"U32", "U32", 1, 4},
    [DTYPE_I64] = {"I64", "I64", 1, 8},
    [DTYPE_U64] = {"U64", "U64", 1, 8},
    [DTYPE_BOOL] = {"BOOL", "BOOL", 1, 1},
    [DTYPE_F8_E4M3] = {"F8_E4M3", "F8_E4M3", 1, 1},
    [DTYPE_F8_E5M2] = {"F8_E5M2", "F8_E5M2", 1, 1},
    [DTYPE_Q4_0] = {"Q4_0", NULL, 32, 18},
    [DTYPE_Q4_1] = {"Q4_1", NULL, 32, 20},
    [DTYPE_Q5_0] = {"Q5_0", NULL, 32, 22},
    [DTYPE_Q5_1] = {"Q5_1", NULL, 32, 24},
    [DTYPE_Q8_0] = {"Q8_0", NULL, 32, 34},
    [DTYPE_Q2_K] = {"Q2_K", NULL, 256, 84},
    [DTYPE_Q3_K] = {"Q3_K", NULL, 256, 110},
    [DTYPE_Q4_K] = {"Q4_K", NULL, 256, 144},
    [DTYPE_Q5_K] = {"Q5_K", NULL, 256, 176},
    [DTYPE_Q6_K] = {"Q6_K", NULL, 256, 210},
    [DTYPE_IQ4_NL] = {"IQ4_NL", NULL, 32, 18},
    [DTYPE_IQ4_XS] = {"IQ4_XS", NULL, 256, 136},
};

// ggml's type numbers. A type without a DType here is named so that the refusal can name it.
static const struct {
    const char *name;
    DType dtype;
} ggml_types[] = {
    [0] = {"F32", DTYPE_F32},        [1] = {"F16", DTYPE_F16},
    [2] = {"Q4_0", DTYPE_Q4_0},      [3] = {"Q4_1", DTYPE_Q4_1},
    [6] = {"Q5_0", DTYPE_Q5_0},      [7] = {"Q5_1", DTYPE_Q5_1},
    [8] = {"Q8_0", DTYPE_Q8_0},      [9] = {"Q8_1", DTYPE_COUNT},
    [10] = {"Q2_K", DTYPE_Q2_K},     [11] = {"Q3_K", DTYPE_Q3_K},
    [12] = {"Q4_K", DTYPE_Q4_K},     [13] = {"Q5_K", DTYPE_Q5_K},
    [14] = {"Q6_K", DTYPE_Q6_K},     [15] = {"Q8_K", DTYPE_COUNT},
    [16] = {"IQ2_XXS", DTYPE_COUNT}, [17] = {"IQ2_XS", DTYPE_COUNT},
    [18] = {"IQ3_XXS", DTYPE_COUNT}, [19] = {"IQ1_S", DTYPE_COUNT},
    [20] = {"IQ4_NL", DTYPE_IQ4_NL}, [21] = {"IQ3_S", DTYPE_COUNT},
    [22] = {"IQ2_S", DTYPE_COUNT},   [23] = {"IQ4_XS", DTYPE_IQ4_XS},
    [24] = {"I8", DTYPE_I8},         [25] = {"I16", DTYPE_I16},
    [26] = {"I32", DTYPE_I32},       [27] = {"I64", DTYPE_I64},
    [28] = {"F64", DTYPE_F64},       [29] = {"IQ1_M", DTYPE_COUNT},
    [30] = {"BF16", DTYPE_BF16},     [34] = {"TQ1_0", DTYPE_COUNT},
    [35] = {"TQ2_0", DTYPE_COUNT},   [39] = {"MXFP4", DTYPE_COUNT},
};

enum { GGML_TYPE_COUNT = sizeof(ggml_types) / sizeof(ggml_types[0]) };

const char *dtype_name(DType dtype)
{
    return (unsigned)dtype < DTYPE_COUNT ? dtypes[dtype].name : "unknown";
}

uint32_t dtype_block_elements(DType dtype)
{
    return dtypes[dtype].block_elements;
}

uint32_t dtype_block_bytes(DType dtype)
{
    return dtypes[dtype].block_bytes;
}

bool dtype_is_quantised(DType dtype)
{
    return dtypes[dtype].block_elements > 1;
}

DType dtype_from_safetensors(const char *name)
{
    for (unsigned i = 0; i < DTYPE_COUNT; i++)
        if (dtypes[i].safetensors && strcmp(dtypes[i].safetensors, name) == 0)
            return (DType)i;
    return DTYPE_COUNT;
}

DType dtype_from_ggml(uint32_t type)
{
    return type < GGML_TYPE_COUNT && ggml_types[type].name ? ggml_types[type].dtype : DTYPE_COUNT;
}

const char *dtype_ggml_unsupported_name(uint32_t type)
{
    if (type >= GGML_TYPE_COUNT || ggml_types[type].dtype != DTYPE_COUNT)
        return NULL;
    return ggml_types[type].name;
}

bool dtype_bytes(DType dtype, uint64_t elements, uint64_t *bytes)
{
    uint64_t block = dtypes[dtype].block_elements;
    if (elements % block != 0)
        return false;
    return !__builtin_mul_overflow(elements / block, (uint64_t)dtypes[dtype].block_bytes, bytes);
}
