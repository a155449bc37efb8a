// SPDX-License-Identifier: GPL-3.0-or-later
// buffer.h - a buffer as engine/gpu/ sees it, and the texel-buffer views that are kept with it.
#pragma once
#include "gpu/device.h"

// On CPU drivers a buffer is this much longer than asked for, so that every view of it can be.
#define BUFFER_SLACK 256

typedef struct GpuTexelView {
    uint64_t offset, bytes;
    VkFormat format;
    VkBufferView handle; // VK_NULL_HANDLE marks a free slot
} GpuTexelView;

struct GpuBuffer {
    Gpu *gpu;
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t bytes;      // asked for
    uint64_t allocated;  // taken
    bool counted;        // in gpu_memory_in_use()
    void *mapped;        // or NULL
    GpuTexelView *views; // open addressing, a power of two of slots
    size_t view_slots, view_count;
};

// view.c: the view of [offset, offset + bytes) in `format`, made on first use and kept with the buffer.
RSH_MUST_USE RshStatus buffer_view(GpuBuffer *buffer, uint64_t offset, uint64_t bytes, GpuView view,
                                   VkBufferView *out, RshError *error);
void buffer_views_destroy(GpuBuffer *buffer);
// Bytes of one element; 4 for storage buffers.
uint32_t view_texel_bytes(GpuView view);
