// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>

#include "base/error.h"
#include "gpu/buffer.h"

#define FIRST_SLOTS 16

static VkFormat view_format(GpuView view)
{
    switch (view) {
    case GPU_VIEW_RGBA32F:
        return VK_FORMAT_R32G32B32A32_SFLOAT;
    case GPU_VIEW_RGBA16F:
        return VK_FORMAT_R16G16B16A16_SFLOAT;
    case GPU_VIEW_R32F:
        return VK_FORMAT_R32_SFLOAT;
    case GPU_VIEW_R32I:
        return VK_FORMAT_R32_SINT;
    case GPU_VIEW_R32UI:
        return VK_FORMAT_R32_UINT;
    case GPU_VIEW_RGBA32UI:
        return VK_FORMAT_R32G32B32A32_UINT;
    case GPU_VIEW_RGBA8I:
        return VK_FORMAT_R8G8B8A8_SINT;
    case GPU_VIEW_RGBA8UI:
        return VK_FORMAT_R8G8B8A8_UINT;
    case GPU_VIEW_STORAGE:
        break;
    }
    return VK_FORMAT_UNDEFINED;
}

uint32_t view_texel_bytes(GpuView view)
{
    switch (view) {
    case GPU_VIEW_RGBA32F:
    case GPU_VIEW_RGBA32UI:
        return 16;
    case GPU_VIEW_RGBA16F:
        return 8;
    case GPU_VIEW_R32F:
    case GPU_VIEW_R32I:
    case GPU_VIEW_R32UI:
    case GPU_VIEW_RGBA8I:
    case GPU_VIEW_RGBA8UI:
    case GPU_VIEW_STORAGE:
        break;
    }
    return 4;
}

static GpuTexelView *find_slot(GpuTexelView *views, size_t slots, uint64_t offset, uint64_t bytes,
                               VkFormat format)
{
    uint64_t hash =
        (offset * 0x9e3779b97f4a7c15u) ^ (bytes * 0xc2b2ae3d27d4eb4fu) ^ (uint64_t)format;
    hash ^= hash >> 29;
    for (size_t i = (size_t)hash & (slots - 1);; i = (i + 1) & (slots - 1)) {
        GpuTexelView *view = &views[i];
        if (!view->handle ||
            (view->offset == offset && view->bytes == bytes && view->format == format))
            return view;
    }
}

static bool grow(GpuBuffer *buffer)
{
    const size_t slots = buffer->view_slots ? buffer->view_slots * 2 : FIRST_SLOTS;
    GpuTexelView *views = calloc(slots, sizeof(*views));
    if (!views)
        return false;
    for (size_t i = 0; i < buffer->view_slots; i++) {
        const GpuTexelView *old = &buffer->views[i];
        if (old->handle)
            *find_slot(views, slots, old->offset, old->bytes, old->format) = *old;
    }
    free(buffer->views);
    buffer->views = views;
    buffer->view_slots = slots;
    return true;
}

RshStatus buffer_view(GpuBuffer *buffer, uint64_t offset, uint64_t bytes, GpuView view,
                      VkBufferView *out, RshError *error)
{
    Gpu *gpu = buffer->gpu;
    const VkFormat format = view_format(view);
    // Half full at most: a search then always meets a free slot.
    if (buffer->view_count * 2 >= buffer->view_slots && !grow(buffer))
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a buffer view");
    GpuTexelView *slot = find_slot(buffer->views, buffer->view_slots, offset, bytes, format);
    if (!slot->handle) {
        const VkBufferViewCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_VIEW_CREATE_INFO,
                                             .buffer = buffer->handle,
                                             .format = format,
                                             .offset = offset,
                                             .range = bytes};
        VkBufferView handle = VK_NULL_HANDLE;
        VkResult result = vkCreateBufferView(gpu->device, &info, NULL, &handle);
        if (result != VK_SUCCESS)
            return gpu_fail(gpu, result, "creating a buffer view", error);
        *slot = (GpuTexelView){offset, bytes, format, handle};
        buffer->view_count++;
    }
    *out = slot->handle;
    return RSH_OK;
}

void buffer_views_destroy(GpuBuffer *buffer)
{
    for (size_t i = 0; i < buffer->view_slots; i++)
        if (buffer->views[i].handle)
            vkDestroyBufferView(buffer->gpu->device, buffer->views[i].handle, NULL);
    free(buffer->views);
    buffer->views = NULL;
    buffer->view_slots = buffer->view_count = 0;
}
