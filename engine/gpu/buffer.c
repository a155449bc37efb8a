// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

// Whole texels and vectors to the last byte.
static uint64_t whole_vectors(uint64_t bytes)
{
    return (bytes + 15u) & ~(uint64_t)15u;
}

// llvmpipe generates other code for buffers whose size is a power
// of two than for all others: there is none.
static uint64_t buffer_size(const Gpu *gpu, uint64_t bytes)
{
    const uint64_t size = whole_vectors(bytes) + (gpu->caps.software ? BUFFER_SLACK : 0);
    return gpu->caps.software && (size & (size - 1)) == 0 ? size + 16 : size;
}

static RshStatus buffer_make(Gpu *gpu, uint64_t bytes, uint32_t type, bool counted, bool map,
                             GpuBuffer **out, RshError *error)
{
    RshStatus status = gpu_check(gpu, error);
    VkResult result = VK_SUCCESS;
    GpuBuffer *buffer = NULL;
    *out = NULL;
    if (status != RSH_OK)
        return status;
    if (bytes == 0 || bytes > UINT64_MAX - 65536)
        return error_set(error, RSH_ERROR_ARGUMENT, "a device buffer of %llu bytes was asked for",
                         (unsigned long long)bytes);
    buffer = calloc(1, sizeof(*buffer));
    if (!buffer)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a buffer's description");

    buffer->gpu = gpu;
    buffer->bytes = bytes;
    buffer->counted = counted;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = buffer_size(gpu, bytes),
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
                 VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    result = vkCreateBuffer(gpu->device, &info, NULL, &buffer->handle);
    if (result != VK_SUCCESS) {
        status = gpu_fail(gpu, result, "creating a buffer", error);
        goto done;
    }
    status = memory_allocate(gpu, buffer->handle, type, counted, info.size - whole_vectors(bytes),
                             &buffer->memory, &buffer->allocated, error);
    if (status != RSH_OK)
        goto done;
    if (map) {
        result = vkMapMemory(gpu->device, buffer->memory, 0, VK_WHOLE_SIZE, 0, &buffer->mapped);
        if (result != VK_SUCCESS) {
            status = gpu_fail(gpu, result, "mapping a buffer", error);
            goto done;
        }
    }
    *out = buffer;
    buffer = NULL;

done:
    gpu_buffer_destroy(&buffer);
    return status;
}

RshStatus gpu_buffer_create(Gpu *gpu, uint64_t bytes, bool zeroed, GpuBuffer **out, RshError *error)
{
    RshStatus status =
        buffer_make(gpu, bytes, gpu->buffer_type, true, gpu->caps.unified, out, error);
    if (status != RSH_OK || !zeroed)
        return status;
    if ((*out)->mapped)
        memset((*out)->mapped, 0, bytes);
    else
        status = transfer_zero(gpu, (*out)->handle, 0, whole_vectors(bytes), error);
    if (status != RSH_OK)
        gpu_buffer_destroy(out);
    return status;
}

RshStatus gpu_buffer_create_host(Gpu *gpu, uint64_t bytes, GpuBuffer **out, RshError *error)
{
    return buffer_make(gpu, bytes, gpu->staging_type, false, true, out, error);
}

void gpu_buffer_destroy(GpuBuffer **buffer)
{
    GpuBuffer *self = *buffer;
    *buffer = NULL;
    if (!self)
        return;
    buffer_views_destroy(self);
    if (self->handle)
        vkDestroyBuffer(self->gpu->device, self->handle, NULL);
    memory_free(self->gpu, self->memory, self->allocated, self->counted);
    free(self);
}

uint64_t gpu_buffer_bytes(const GpuBuffer *buffer)
{
    return buffer->bytes;
}

void *gpu_buffer_map(GpuBuffer *buffer)
{
    return buffer->mapped;
}

static RshStatus check_range(const GpuBuffer *buffer, uint64_t offset, uint64_t bytes,
                             RshError *error)
{
    if (offset > buffer->bytes || bytes > buffer->bytes - offset)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "bytes %llu to %llu are outside a device buffer of %llu bytes",
                         (unsigned long long)offset, (unsigned long long)(offset + bytes),
                         (unsigned long long)buffer->bytes);
    return gpu_check(buffer->gpu, error);
}

RshStatus gpu_buffer_write(GpuBuffer *buffer, uint64_t offset, const void *data, uint64_t bytes,
                           RshError *error)
{
    RshStatus status = check_range(buffer, offset, bytes, error);
    if (status != RSH_OK || bytes == 0)
        return status;
    if (!buffer->mapped)
        return transfer_write(buffer->gpu, buffer->handle, offset, data, bytes, error);
    memcpy((char *)buffer->mapped + offset, data, bytes);
    return RSH_OK;
}

RshStatus gpu_buffer_read(GpuBuffer *buffer, uint64_t offset, void *data, uint64_t bytes,
                          RshError *error)
{
    RshStatus status = check_range(buffer, offset, bytes, error);
    if (status != RSH_OK || bytes == 0)
        return status;
    if (!buffer->mapped)
        return transfer_read(buffer->gpu, buffer->handle, offset, data, bytes, error);
    memcpy(data, (const char *)buffer->mapped + offset, bytes);
    return RSH_OK;
}

RshStatus gpu_buffer_zero(GpuBuffer *buffer, uint64_t offset, uint64_t bytes, RshError *error)
{
    RshStatus status = check_range(buffer, offset, bytes, error);
    if (status != RSH_OK || bytes == 0)
        return status;
    if (!buffer->mapped)
        return transfer_zero(buffer->gpu, buffer->handle, offset, bytes, error);
    memset((char *)buffer->mapped + offset, 0, bytes);
    return RSH_OK;
}
