// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "base/error.h"
#include "gpu/device.h"

// Copies go through one host-visible buffer a piece at a time: large enough that the fence per piece
// does not show, small enough to be nothing beside a model.
#define STAGING_BYTES (16u << 20)

RshStatus transfer_init(Gpu *gpu, RshError *error)
{
    GpuTransfer *transfer = &gpu->transfer;
    const VkCommandPoolCreateInfo pool = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
                                          .queueFamilyIndex = gpu->facts.queue_family};
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkCommandBufferAllocateInfo commands = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
                                            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
                                            .commandBufferCount = 1};
    VkResult result = vkCreateCommandPool(gpu->device, &pool, NULL, &transfer->pool);
    if (result == VK_SUCCESS)
        result = vkCreateFence(gpu->device, &fence, NULL, &transfer->fence);
    if (result == VK_SUCCESS) {
        commands.commandPool = transfer->pool;
        result = vkAllocateCommandBuffers(gpu->device, &commands, &transfer->commands);
    }
    return result == VK_SUCCESS ? RSH_OK : gpu_fail(gpu, result, "preparing transfers", error);
}

void transfer_destroy(Gpu *gpu)
{
    GpuTransfer *transfer = &gpu->transfer;
    if (transfer->buffer)
        vkDestroyBuffer(gpu->device, transfer->buffer, NULL);
    memory_free(gpu, transfer->memory, 0, false);
    if (transfer->fence)
        vkDestroyFence(gpu->device, transfer->fence, NULL);
    if (transfer->pool)
        vkDestroyCommandPool(gpu->device, transfer->pool, NULL);
    *transfer = (GpuTransfer){0};
}

static RshStatus make_staging(Gpu *gpu, RshError *error)
{
    GpuTransfer *transfer = &gpu->transfer;
    uint64_t bytes = 0;
    if (transfer->mapped)
        return RSH_OK;
    const VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                                     .size = STAGING_BYTES,
                                     .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                              VK_BUFFER_USAGE_TRANSFER_DST_BIT,
                                     .sharingMode = VK_SHARING_MODE_EXCLUSIVE};
    VkResult result = vkCreateBuffer(gpu->device, &info, NULL, &transfer->buffer);
    if (result != VK_SUCCESS)
        return gpu_fail(gpu, result, "creating the staging buffer", error);
    RshStatus status = memory_allocate(gpu, transfer->buffer, gpu->staging_type, false, 0,
                                       &transfer->memory, &bytes, error);
    if (status == RSH_OK) {
        result = vkMapMemory(gpu->device, transfer->memory, 0, VK_WHOLE_SIZE, 0, &transfer->mapped);
        if (result != VK_SUCCESS)
            status = gpu_fail(gpu, result, "mapping the staging buffer", error);
    }
    if (status != RSH_OK) {
        vkDestroyBuffer(gpu->device, transfer->buffer, NULL);
        memory_free(gpu, transfer->memory, 0, false);
        transfer->buffer = VK_NULL_HANDLE;
        transfer->memory = VK_NULL_HANDLE;
        transfer->mapped = NULL;
    }
    return status;
}

// Either a copy between two buffers or, without `from`, zeros.
static RshStatus submit_copy(Gpu *gpu, VkBuffer from, uint64_t from_offset, VkBuffer to,
                             uint64_t to_offset, uint64_t bytes, RshError *error)
{
    GpuTransfer *transfer = &gpu->transfer;
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
                                            .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    const VkMemoryBarrier before = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = VK_ACCESS_MEMORY_WRITE_BIT,
                                    .dstAccessMask =
                                        VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT};
    const VkMemoryBarrier after = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                   .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                                   .dstAccessMask =
                                       VK_ACCESS_HOST_READ_BIT | VK_ACCESS_MEMORY_READ_BIT};
    const VkSubmitInfo submit = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                                 .commandBufferCount = 1,
                                 .pCommandBuffers = &transfer->commands};
    VkResult result = vkBeginCommandBuffer(transfer->commands, &begin);
    if (result == VK_SUCCESS) {
        vkCmdPipelineBarrier(transfer->commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT,
                             VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &before, 0, NULL, 0, NULL);
        const VkBufferCopy region = {from_offset, to_offset, bytes};
        if (from)
            vkCmdCopyBuffer(transfer->commands, from, to, 1, &region);
        else
            vkCmdFillBuffer(transfer->commands, to, to_offset, bytes, 0);
        vkCmdPipelineBarrier(transfer->commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                             VK_PIPELINE_STAGE_HOST_BIT | VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, 0, 1,
                             &after, 0, NULL, 0, NULL);
        result = vkEndCommandBuffer(transfer->commands);
    }
    if (result == VK_SUCCESS)
        result = vkQueueSubmit(gpu->queue, 1, &submit, transfer->fence);
    if (result == VK_SUCCESS)
        result = vkWaitForFences(gpu->device, 1, &transfer->fence, VK_TRUE, UINT64_MAX);
    if (result == VK_SUCCESS)
        result = vkResetFences(gpu->device, 1, &transfer->fence);
    return result == VK_SUCCESS ? RSH_OK
                                : gpu_fail(gpu, result, "copying to or from the device", error);
}

RshStatus transfer_write(Gpu *gpu, VkBuffer buffer, uint64_t offset, const void *data,
                         uint64_t bytes, RshError *error)
{
    RshStatus status = make_staging(gpu, error);
    for (uint64_t done = 0; status == RSH_OK && done < bytes;) {
        const uint64_t piece = bytes - done < STAGING_BYTES ? bytes - done : STAGING_BYTES;
        memcpy(gpu->transfer.mapped, (const char *)data + done, piece);
        status = submit_copy(gpu, gpu->transfer.buffer, 0, buffer, offset + done, piece, error);
        done += piece;
    }
    return status;
}

RshStatus transfer_read(Gpu *gpu, VkBuffer buffer, uint64_t offset, void *data, uint64_t bytes,
                        RshError *error)
{
    RshStatus status = make_staging(gpu, error);
    for (uint64_t done = 0; status == RSH_OK && done < bytes;) {
        const uint64_t piece = bytes - done < STAGING_BYTES ? bytes - done : STAGING_BYTES;
        status = submit_copy(gpu, buffer, offset + done, gpu->transfer.buffer, 0, piece, error);
        if (status == RSH_OK)
            memcpy((char *)data + done, gpu->transfer.mapped, piece);
        done += piece;
    }
    return status;
}

RshStatus transfer_zero(Gpu *gpu, VkBuffer buffer, uint64_t offset, uint64_t bytes, RshError *error)
{
    return submit_copy(gpu, VK_NULL_HANDLE, 0, buffer, offset, bytes, error);
}
