// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/tensor_values.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/dequantise.h"
#include "formats/number_types.h"

// Elements that are not in blocks. `bytes` may be unaligned.
static void plain_to_f32(DType dtype, const uint8_t *bytes, uint64_t count, float *out)
{
    uint64_t i;
    double real;
    switch (dtype) {
    case DTYPE_F32:
        memcpy(out, bytes, count * sizeof(out[0]));
        break;
    case DTYPE_F16:
        for (i = 0; i < count; i++)
            out[i] = f16_to_f32(load_u16(bytes + 2 * i));
        break;
    case DTYPE_BF16:
        for (i = 0; i < count; i++)
            out[i] = bf16_to_f32(load_u16(bytes + 2 * i));
        break;
    case DTYPE_F8_E4M3:
        for (i = 0; i < count; i++)
            out[i] = f8_e4m3_to_f32(bytes[i]);
        break;
    case DTYPE_F8_E5M2:
        for (i = 0; i < count; i++)
            out[i] = f8_e5m2_to_f32(bytes[i]);
        break;
    case DTYPE_F64:
        for (i = 0; i < count; i++) {
            memcpy(&real, bytes + 8 * i, sizeof(real));
            out[i] = (float)real;
        }
        break;
    case DTYPE_I8:
        for (i = 0; i < count; i++)
            out[i] = (int8_t)bytes[i];
        break;
    case DTYPE_U8:
    case DTYPE_BOOL:
        for (i = 0; i < count; i++)
            out[i] = bytes[i];
        break;
    case DTYPE_I16:
        for (i = 0; i < count; i++)
            out[i] = (int16_t)load_u16(bytes + 2 * i);
        break;
    case DTYPE_U16:
        for (i = 0; i < count; i++)
            out[i] = load_u16(bytes + 2 * i);
        break;
    case DTYPE_I32:
        for (i = 0; i < count; i++)
            out[i] = (float)(int32_t)load_u32(bytes + 4 * i);
        break;
    case DTYPE_U32:
        for (i = 0; i < count; i++)
            out[i] = (float)load_u32(bytes + 4 * i);
        break;
    case DTYPE_I64:
        for (i = 0; i < count; i++)
            out[i] = (float)(int64_t)load_u64(bytes + 8 * i);
        break;
    case DTYPE_U64:
        for (i = 0; i < count; i++)
            out[i] = (float)load_u64(bytes + 8 * i);
        break;
    case DTYPE_Q4_0:
    case DTYPE_Q4_1:
    case DTYPE_Q5_0:
    case DTYPE_Q5_1:
    case DTYPE_Q8_0:
    case DTYPE_Q2_K:
    case DTYPE_Q3_K:
    case DTYPE_Q4_K:
    case DTYPE_Q5_K:
    case DTYPE_Q6_K:
    case DTYPE_IQ4_NL:
    case DTYPE_IQ4_XS:
    case DTYPE_COUNT:
        break; // blocks_to_f32() has them
    }
}

// Blocks: whole ones go straight to `out`, the cut ones at both ends through `block`.
static void blocks_to_f32(DType dtype, const uint8_t *bytes, uint64_t first, uint64_t count,
                          float *out)
{
    float block[DTYPE_MAX_BLOCK];
    uint64_t size = dtype_block_elements(dtype), block_bytes = dtype_block_bytes(dtype);
    while (count > 0) {
        const uint8_t *at = bytes + first / size * block_bytes;
        uint64_t skip = first % size;
        uint64_t taken = size - skip < count ? size - skip : count;
        if (taken == size) {
            block_to_f32(dtype, at, out);
        } else {
            block_to_f32(dtype, at, block);
            memcpy(out, block + skip, taken * sizeof(out[0]));
        }
        first += taken;
        out += taken;
        count -= taken;
    }
}

static RshStatus check_range(const ModelFile *file, const ModelTensor *tensor,
                             uint64_t first_element, uint64_t count, RshError *error)
{
    if (first_element <= tensor->elements && count <= tensor->elements - first_element)
        return RSH_OK;
    return error_set(error, RSH_ERROR_ARGUMENT,
                     "%s: tensor \"%.80s\" has %llu elements, not %llu from %llu on",
                     model_file_label(file), tensor->name, (unsigned long long)tensor->elements,
                     (unsigned long long)count, (unsigned long long)first_element);
}

RshStatus tensor_to_f32(const ModelFile *file, const ModelTensor *tensor, uint64_t first_element,
                        uint64_t count, float *out, RshError *error)
{
    RshStatus status = check_range(file, tensor, first_element, count, error);
    if (status != RSH_OK)
        return status;
    const uint8_t *bytes = model_file_data(file, tensor);
    if (dtype_is_quantised(tensor->dtype))
        blocks_to_f32(tensor->dtype, bytes, first_element, count, out);
    else
        plain_to_f32(tensor->dtype, bytes + first_element * dtype_block_bytes(tensor->dtype), count,
                     out);
    return RSH_OK;
}

RshStatus tensor_find_scale(const ModelFile *file, const ModelTensor *tensor,
                            const ModelTensor **out, RshError *error)
{
    static const char *const endings[] = {"scale_weight", "weight_scale"};
    size_t length = strlen(tensor->name);
    const ModelTensor *scale = NULL;
    char name[MODEL_MAX_NAME_BYTES + 16];

    *out = NULL;
    bool fp8 = tensor->dtype == DTYPE_F8_E4M3 || tensor->dtype == DTYPE_F8_E5M2;
    if (!fp8 || length < 7 || strcmp(tensor->name + length - 7, ".weight") != 0)
        return RSH_OK;
    for (size_t i = 0; i < 2 && !scale; i++) {
        snprintf(name, sizeof(name), "%.*s%s", (int)(length - 6), tensor->name, endings[i]);
        scale = model_file_find(file, name);
    }
    if (!scale)
        return RSH_OK;

    bool floats = scale->dtype == DTYPE_F32 || scale->dtype == DTYPE_F16 ||
                  scale->dtype == DTYPE_BF16 || scale->dtype == DTYPE_F64;
    bool by_row = scale->n_dims >= 1 && tensor->n_dims >= 1 && scale->dims[0] == tensor->dims[0] &&
                  scale->elements == tensor->dims[0];
    if (!floats || (scale->elements != 1 && !by_row))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the scale \"%.80s\" has %llu values of type %s where 1 or one float "
                         "a row was expected",
                         model_file_label(file), scale->name, (unsigned long long)scale->elements,
                         dtype_name(scale->dtype));
    *out = scale;
    return RSH_OK;
}

RshStatus weight_to_f32(const ModelFile *file, const ModelTensor *tensor, uint64_t first_element,
                        uint64_t count, float *out, RshError *error)
{
    const ModelTensor *scale;
    RshStatus status = tensor_find_scale(file, tensor, &scale, error);
    if (status == RSH_OK)
        status = tensor_to_f32(file, tensor, first_element, count, out, error);
    if (status != RSH_OK || !scale)
        return status;

    // The scale changes once a row, or never.
    uint64_t row = scale->elements > 1 ? tensor->elements / scale->elements : tensor->elements;
    while (count > 0) {
        float factor;
        uint64_t left = row - first_element % row, taken = left < count ? left : count;
        status = tensor_to_f32(file, scale, first_element / row, 1, &factor, error);
        if (status != RSH_OK)
            return status;
        for (uint64_t i = 0; i < taken; i++)
            out[i] *= factor;
        first_element += taken;
        out += taken;
        count -= taken;
    }
    return RSH_OK;
}

RshStatus tensor_to_q8_affine(const ModelFile *file, const ModelTensor *tensor,
                              uint64_t first_element, uint64_t count, int8_t *q, float *scale,
                              float *offset, RshError *error)
{
    RshStatus status = check_range(file, tensor, first_element, count, error);
    if (status != RSH_OK)
        return status;
    uint32_t size = dtype_block_elements(tensor->dtype);
    if (!dtype_is_quantised(tensor->dtype) || first_element % size != 0 || count % size != 0)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "%s: elements %llu to %llu of tensor \"%.80s\" of type %s are not whole "
                         "quantised blocks",
                         model_file_label(file), (unsigned long long)first_element,
                         (unsigned long long)(first_element + count), tensor->name,
                         dtype_name(tensor->dtype));

    uint32_t groups = size / dtype_group_elements(tensor->dtype);
    const uint8_t *bytes = model_file_data(file, tensor);
    bytes += first_element / size * dtype_block_bytes(tensor->dtype);
    for (uint64_t done = 0; done < count; done += size) {
        Q8Block block;
        block_to_q8(tensor->dtype, bytes, &block);
        memcpy(q, block.q, size);
        memcpy(scale, block.scale, groups * sizeof(scale[0]));
        if (offset) {
            memcpy(offset, block.offset, groups * sizeof(offset[0]));
            offset += groups;
        }
        q += size;
        scale += groups;
        bytes += dtype_block_bytes(tensor->dtype);
    }
    return RSH_OK;
}
