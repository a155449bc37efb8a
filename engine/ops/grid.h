// SPDX-License-Identifier: GPL-3.0-or-later
//
// grid.h - what the small operations share on the device: tensors bound as texels of four channels, and
// dispatches in which every invocation works alone (shaders/include/grid.glsl).
#pragma once
#include "ops/record.h"
#include "shared/divider.h"

// Texels of a row of channels.
static inline uint32_t row_texels(uint32_t channels)
{
    return channel_stride(channels) / 4;
}

// Channels of a row's last texel, 1 to 4: the constant TAIL.
static inline uint32_t tail_channels(uint32_t channels)
{
    return channels - 4 * (row_texels(channels) - 1);
}

// A f32 tensor as read-only texels; `offset` (from the start of the binding) and `stride` are texels. An
// absent tensor is bound as zeros.
GpuBinding grid_input(Recorder *recorder, const Tensor *tensor, uint32_t *offset, uint32_t *stride);
// An i32 tensor; `offset` and `stride` are elements.
GpuBinding grid_indices(Recorder *recorder, const Tensor *tensor, uint32_t *offset,
                        uint32_t *stride);
// The output, as a storage buffer or, beyond the range of one, as a texel buffer. `offset` in texels;
// NULL for outputs that are never views.
GpuBinding grid_output(Recorder *recorder, const Tensor *tensor, uint32_t *offset);

// One number a channel as f32 texels, or zeros when `weight` is NULL.
RSH_MUST_USE RshStatus grid_vector(Recorder *recorder, const Weight *weight, GpuBinding *out,
                                   RshError *error);

// Dispatches `items` invocations. The last binding is the output: where it is a texel buffer, the blob
// `shader`_image is taken. constants[0] is set here (workgroup size). Fails when there are 2^31 or more.
RSH_MUST_USE RshStatus grid_dispatch(Recorder *recorder, const char *shader, uint32_t *constants,
                                     uint32_t constant_count, const GpuBinding *bindings,
                                     uint32_t binding_count, const void *push, uint32_t push_bytes,
                                     uint64_t items, RshError *error);

// The same for kernels that treat a row at once: one an invocation where there are enough of them on a CPU
// driver, else one a subgroup (blob `shader`_subgroup).
RSH_MUST_USE RshStatus grid_dispatch_rows(Recorder *recorder, const char *shader,
                                          uint32_t *constants, uint32_t constant_count,
                                          const GpuBinding *bindings, uint32_t binding_count,
                                          const void *push, uint32_t push_bytes, uint64_t rows,
                                          RshError *error);
