// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "base/error.h"
#include "gpu/device.h"

// Buffers are few and large (an arena, a component's weights), so each gets its own allocation: nothing
// to fragment, and what is freed goes back to the driver.

// Part of what the driver calls free that is left to the desktop and to the driver itself.
#define BUDGET_SPARE 8

static bool find_type(const VkPhysicalDeviceMemoryProperties *memory, uint32_t allowed,
                      VkMemoryPropertyFlags wanted, VkMemoryPropertyFlags avoided, uint32_t *out)
{
    for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
        const VkMemoryPropertyFlags flags = memory->memoryTypes[i].propertyFlags;
        if ((allowed & (1u << i)) && (flags & wanted) == wanted && !(flags & avoided)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static uint64_t free_bytes(const Gpu *gpu)
{
    const uint32_t heap = gpu->memory.memoryTypes[gpu->buffer_type].heapIndex;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, .pNext = &budget};
    if (!gpu->facts.memory_budget)
        return gpu->memory.memoryHeaps[heap].size;
    vkGetPhysicalDeviceMemoryProperties2(gpu->physical, &properties);
    return budget.heapBudget[heap] > budget.heapUsage[heap]
               ? budget.heapBudget[heap] - budget.heapUsage[heap]
               : 0;
}

RshStatus memory_init(Gpu *gpu, uint64_t budget, RshError *error)
{
    const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    const VkMemoryPropertyFlags host =
        VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const VkMemoryPropertyFlags cached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    vkGetPhysicalDeviceMemoryProperties(gpu->physical, &gpu->memory);
    const VkPhysicalDeviceMemoryProperties *memory = &gpu->memory;

    bool found = gpu->caps.unified
                     ? find_type(memory, UINT32_MAX, local | host | cached, 0, &gpu->buffer_type) ||
                           find_type(memory, UINT32_MAX, local | host, 0, &gpu->buffer_type)
                     : find_type(memory, UINT32_MAX, local, host, &gpu->buffer_type) ||
                           find_type(memory, UINT32_MAX, local, 0, &gpu->buffer_type);
    found = found && (find_type(memory, UINT32_MAX, host | cached, 0, &gpu->staging_type) ||
                      find_type(memory, UINT32_MAX, host, 0, &gpu->staging_type));
    if (!found)
        return error_set(error, RSH_ERROR_DEVICE,
                         "the device %s offers no memory that compute buffers can use",
                         gpu->caps.name);
    gpu->budget = budget;
    if (!budget) {
        gpu->budget = free_bytes(gpu);
        gpu->budget -= gpu->budget / BUDGET_SPARE;
    }
    return RSH_OK;
}

RshStatus memory_allocate(Gpu *gpu, VkBuffer buffer, uint32_t type, bool counted, uint64_t slack,
                          VkDeviceMemory *out, uint64_t *bytes, RshError *error)
{
    VkMemoryRequirements needs;
    vkGetBufferMemoryRequirements(gpu->device, buffer, &needs);
    if (counted && (gpu->in_use > gpu->budget || needs.size > gpu->budget - gpu->in_use))
        return error_set(error, RSH_ERROR_MEMORY,
                         "%.0f MiB of device memory are needed and %.0f of %.0f MiB are in use on "
                         "%s; choose a smaller size, a shorter clip or a smaller model",
                         (double)needs.size / 1048576.0, (double)gpu->in_use / 1048576.0,
                         (double)gpu->budget / 1048576.0, gpu->caps.name);
    if (!(needs.memoryTypeBits & (1u << type)))
        return error_set(error, RSH_ERROR_DEVICE, "%s: its buffers do not fit its own memory type",
                         gpu->caps.name);
    if (gpu->facts.max_allocation && needs.size > gpu->facts.max_allocation)
        return error_set(
            error, RSH_ERROR_MEMORY,
            "one buffer of %.0f MiB is needed and %s allows %.0f MiB; choose a smaller size",
            (double)needs.size / 1048576.0, gpu->caps.name,
            (double)gpu->facts.max_allocation / 1048576.0);

    const VkMemoryAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                       .allocationSize = needs.size,
                                       .memoryTypeIndex = type};
    VkResult result = vkAllocateMemory(gpu->device, &info, NULL, out);
    if (result == VK_SUCCESS) {
        result = vkBindBufferMemory(gpu->device, buffer, *out, 0);
        if (result != VK_SUCCESS) {
            vkFreeMemory(gpu->device, *out, NULL);
            *out = VK_NULL_HANDLE;
        }
    }
    if (result != VK_SUCCESS) {
        char what[64];
        snprintf(what, sizeof(what), "allocating %.0f MiB", (double)needs.size / 1048576.0);
        return gpu_fail(gpu, result, what, error);
    }
    *bytes = needs.size - slack;
    if (counted) {
        gpu->in_use += *bytes;
        if (gpu->in_use > gpu->peak)
            gpu->peak = gpu->in_use;
    }
    return RSH_OK;
}

void memory_free(Gpu *gpu, VkDeviceMemory memory, uint64_t bytes, bool counted)
{
    if (!memory)
        return;
    vkFreeMemory(gpu->device, memory, NULL);
    if (counted)
        gpu->in_use -= bytes;
}

uint64_t gpu_memory_in_use(const Gpu *gpu)
{
    return gpu->in_use;
}

uint64_t gpu_memory_peak(const Gpu *gpu)
{
    return gpu->peak;
}

void gpu_memory_reset_peak(Gpu *gpu)
{
    gpu->peak = gpu->in_use;
}

uint64_t gpu_memory_budget(const Gpu *gpu)
{
    return gpu->budget;
}
