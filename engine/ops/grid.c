// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/grid.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "shared/grid.h"

// Invocations a workgroup. A CPU driver runs a workgroup on one thread and pays 0.08 us for it.
#define WIDTH_SOFTWARE 128u
#define WIDTH_GPU      64u
// Rows a workgroup where an invocation takes a whole row, and how many rows make that worth it.
#define ROWS_A_GROUP            16u
#define ROWS_AN_INVOCATION_FROM 64u

GpuBinding grid_input(Recorder *recorder, const Tensor *tensor, uint32_t *offset, uint32_t *stride)
{
    *offset = 0;
    *stride = 0;
    if (!tensor)
        return recorder_nothing(recorder, GPU_VIEW_RGBA32F);
    GpuBinding binding = recorder_tensor(recorder, tensor, GPU_VIEW_RGBA32F, false, offset);
    *offset /= 4;
    *stride = tensor->stride / 4;
    return binding;
}

GpuBinding grid_indices(Recorder *recorder, const Tensor *tensor, uint32_t *offset,
                        uint32_t *stride)
{
    *offset = 0;
    *stride = 0;
    if (!tensor)
        return recorder_nothing(recorder, GPU_VIEW_R32I);
    GpuBinding binding = recorder_tensor(recorder, tensor, GPU_VIEW_R32I, false, offset);
    *stride = tensor->stride;
    return binding;
}

GpuBinding grid_output(Recorder *recorder, const Tensor *tensor, uint32_t *offset)
{
    // A view's binding may begin up to one alignment earlier.
    bool fits = tensor_bytes(tensor) + 256 <= recorder_caps(recorder)->max_storage_bytes;
    GpuView view = fits || tensor->type == TENSOR_U8 ? GPU_VIEW_STORAGE : GPU_VIEW_RGBA32F;
    GpuBinding binding = recorder_tensor(recorder, tensor, view, true, offset);
    if (offset)
        *offset /= 4;
    return binding;
}

static RshStatus pack_vector(const Weight *weight, const void *params, void *out, uint64_t bytes,
                             RshError *error)
{
    memset(out, 0, bytes);
    return weight_read(weight, 0, weight_count(weight), out, error);
}

RshStatus grid_vector(Recorder *recorder, const Weight *weight, GpuBinding *out, RshError *error)
{
    if (!weight) {
        *out = recorder_nothing(recorder, GPU_VIEW_RGBA32F);
        return RSH_OK;
    }
    uint64_t bytes = (weight_count(weight) + 3) / 4 * 4 * sizeof(float);
    return recorder_pack(recorder, weight, "vector", bytes, pack_vector, NULL, GPU_VIEW_RGBA32F,
                         out, error);
}

static RshStatus dispatch_folded(Recorder *recorder, const char *shader, const uint32_t *constants,
                                 uint32_t constant_count, const GpuBinding *bindings,
                                 uint32_t binding_count, const void *push, uint32_t push_bytes,
                                 uint64_t groups, RshError *error)
{
    uint32_t x = groups > GRID_FOLD ? GRID_FOLD : (uint32_t)groups;
    uint32_t y = (uint32_t)((groups + GRID_FOLD - 1) / GRID_FOLD);
    char name[64];
    bool image = bindings[binding_count - 1].view == GPU_VIEW_RGBA32F;
    snprintf(name, sizeof(name), "%s%s", shader, image ? "_image" : "");
    return recorder_dispatch(recorder, name, constants, constant_count, bindings, binding_count,
                             push, push_bytes, x, y, 1, error);
}

static RshStatus count_fits(const char *shader, uint64_t items, RshError *error)
{
    if (items > 0 && items < UINT64_C(1) << 31)
        return RSH_OK;
    return error_set(error, RSH_ERROR_ARGUMENT,
                     "%s over %" PRIu64 " texels is beyond the 2^31 that one dispatch can count",
                     shader, items);
}

RshStatus grid_dispatch(Recorder *recorder, const char *shader, uint32_t *constants,
                        uint32_t constant_count, const GpuBinding *bindings, uint32_t binding_count,
                        const void *push, uint32_t push_bytes, uint64_t items, RshError *error)
{
    RshStatus status = count_fits(shader, items, error);
    if (status != RSH_OK)
        return status;
    constants[0] = recorder_caps(recorder)->texel_tiles ? WIDTH_SOFTWARE : WIDTH_GPU;
    return dispatch_folded(recorder, shader, constants, constant_count, bindings, binding_count,
                           push, push_bytes, (items + constants[0] - 1) / constants[0], error);
}

RshStatus grid_dispatch_rows(Recorder *recorder, const char *shader, uint32_t *constants,
                             uint32_t constant_count, const GpuBinding *bindings,
                             uint32_t binding_count, const void *push, uint32_t push_bytes,
                             uint64_t rows, RshError *error)
{
    RshStatus status = count_fits(shader, rows, error);
    if (status != RSH_OK)
        return status;
    const GpuCaps *caps = recorder_caps(recorder);
    if (caps->subgroup_arithmetic && (!caps->texel_tiles || rows < ROWS_AN_INVOCATION_FROM)) {
        char name[64];
        snprintf(name, sizeof(name), "%s_subgroup", shader);
        constants[0] = caps->subgroup_size;
        return dispatch_folded(recorder, name, constants, constant_count, bindings, binding_count,
                               push, push_bytes, rows, error);
    }
    constants[0] = ROWS_A_GROUP;
    return dispatch_folded(recorder, shader, constants, constant_count, bindings, binding_count,
                           push, push_bytes, (rows + constants[0] - 1) / constants[0], error);
}
