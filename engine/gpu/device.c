// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/device.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void gpu_log(const Gpu *gpu, RshLogLevel level, const char *format, ...)
{
    if (!gpu->instance.log)
        return;
    char line[256];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    gpu->instance.log(gpu->instance.log_data, level, line);
}

RshStatus gpu_fail(Gpu *gpu, VkResult result, const char *what, RshError *error)
{
    if (result == VK_ERROR_DEVICE_LOST) {
        gpu->lost = true;
        return gpu_check(gpu, error);
    }
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY || result == VK_ERROR_OUT_OF_HOST_MEMORY ||
        result == VK_ERROR_OUT_OF_POOL_MEMORY || result == VK_ERROR_TOO_MANY_OBJECTS)
        return error_set(error, RSH_ERROR_MEMORY, "%s: %s failed: out of %s memory", gpu->caps.name,
                         what, result == VK_ERROR_OUT_OF_HOST_MEMORY ? "host" : "device");
    return error_set(error, RSH_ERROR_DEVICE, "%s: %s failed (Vulkan error %d)", gpu->caps.name,
                     what, result);
}

RshStatus gpu_check(const Gpu *gpu, RshError *error)
{
    if (!gpu->lost)
        return RSH_OK;
    return error_set(error, RSH_ERROR_DEVICE,
                     "the device %s was lost (driver reset or fault); what was finished is kept",
                     gpu->caps.name);
}

static VkResult create_device(Gpu *gpu)
{
    const float priority = 0.0f; // below the desktop, where the driver ranks queues at all
    const VkDeviceQueueCreateInfo queue = {.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
                                           .queueFamilyIndex = gpu->facts.queue_family,
                                           .queueCount = 1,
                                           .pQueuePriorities = &priority};
    const bool v13 = gpu->facts.api_version >= VK_API_VERSION_1_3;
    const char *extensions[4];
    uint32_t extension_count = 0;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrix = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV,
        .cooperativeMatrix = VK_TRUE};
    VkPhysicalDeviceShaderIntegerDotProductFeatures dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES,
        .shaderIntegerDotProduct = VK_TRUE};
    VkPhysicalDeviceSubgroupSizeControlFeatures size_control = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES,
        .subgroupSizeControl = VK_TRUE,
        .computeFullSubgroups = gpu->facts.full_subgroups};
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .shaderFloat16 = gpu->caps.fp16,
        .shaderInt8 = gpu->caps.storage8 || gpu->caps.int8_dot,
        .storageBuffer8BitAccess = gpu->caps.storage8,
        .vulkanMemoryModel = gpu->facts.memory_model,
        .shaderSubgroupExtendedTypes = gpu->facts.subgroup_types};
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES,
        .pNext = &v12,
        .storageBuffer16BitAccess = gpu->caps.storage16};
    const VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &v11,
        .features = {.shaderInt16 = gpu->facts.int16, .shaderInt64 = gpu->facts.int64}};

    void **tail = &v12.pNext;
    if (gpu->caps.cooperative_matrix) {
        *tail = &matrix;
        tail = &matrix.pNext;
        extensions[extension_count++] = VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME;
    }
    if (gpu->caps.int8_dot) {
        *tail = &dot;
        tail = &dot.pNext;
        if (!v13)
            extensions[extension_count++] = VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME;
    }
    if (gpu->facts.subgroup_size_control) {
        *tail = &size_control;
        if (!v13)
            extensions[extension_count++] = VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME;
    }
    if (gpu->facts.memory_budget)
        extensions[extension_count++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
    const VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                     .pNext = &features,
                                     .queueCreateInfoCount = 1,
                                     .pQueueCreateInfos = &queue,
                                     .enabledExtensionCount = extension_count,
                                     .ppEnabledExtensionNames = extensions};
    return vkCreateDevice(gpu->physical, &info, NULL, &gpu->device);
}

RshStatus gpu_open(const GpuOptions *options, Gpu **out, RshError *error)
{
    RshStatus status = RSH_OK;
    VkResult result = VK_SUCCESS;
    Gpu *gpu = calloc(1, sizeof(*gpu));
    *out = NULL;
    if (!gpu)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a device");
    gpu->instance.log = options->log;
    gpu->instance.log_data = options->log_data;
    gpu->cost_scale = 1.0;
    if (options->cache_dir && !(gpu->cache_dir = strdup(options->cache_dir))) {
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for a device");
        goto done;
    }

    status = instance_open(&gpu->instance, options->validate, error);
    if (status != RSH_OK)
        goto done;
    status = instance_choose(&gpu->instance, options->device, &gpu->physical, error);
    if (status != RSH_OK)
        goto done;
    caps_read(gpu->physical, &gpu->caps, &gpu->facts);
    status = caps_mask(&gpu->caps, options->caps_mask, error);
    if (status != RSH_OK)
        goto done;
    result = create_device(gpu);
    if (result != VK_SUCCESS) {
        status = gpu_fail(gpu, result, "opening the device", error);
        goto done;
    }
    vkGetDeviceQueue(gpu->device, gpu->facts.queue_family, 0, &gpu->queue);
    status = memory_init(gpu, options->memory_budget, error);
    if (status == RSH_OK)
        status = transfer_init(gpu, error);
    if (status == RSH_OK)
        status = pipeline_cache_load(gpu, error);
    if (status != RSH_OK)
        goto done;
    gpu->borrowed = options->learns_from != NULL;
    gpu->kernels = gpu->borrowed ? options->learns_from->kernels : kernel_log_open(gpu);
    if (!gpu->kernels) {
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for a device");
        goto done;
    }
    gpu_log(gpu, RSH_LOG_INFO, "device: %s, %s, %u-wide subgroups, budget %.0f MiB", gpu->caps.name,
            gpu->caps.driver, gpu->caps.subgroup_size, (double)gpu->budget / 1048576.0);
    caps_log(&gpu->caps, options->log, options->log_data);
    *out = gpu;
    gpu = NULL;

done:
    gpu_close(&gpu);
    return status;
}

RshStatus gpu_open_beside(const Gpu *gpu, Gpu **out, RshError *error)
{
    Gpu *other = calloc(1, sizeof(*other));
    *out = NULL;
    if (!other)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a device");
    other->beside = true;
    other->physical = gpu->physical;
    other->caps = gpu->caps;
    other->facts = gpu->facts;
    other->cost_scale = 1.0;
    const VkResult result = create_device(other);
    RshStatus status = result == VK_SUCCESS ? memory_init(other, UINT64_MAX, error)
                                            : gpu_fail(other, result, "opening the device", error);
    if (status == RSH_OK) {
        vkGetDeviceQueue(other->device, other->facts.queue_family, 0, &other->queue);
        *out = other;
        other = NULL;
    }
    gpu_close(&other);
    return status;
}

void gpu_close(Gpu **gpu)
{
    Gpu *self = *gpu;
    *gpu = NULL;
    if (!self)
        return;
    if (self->device) {
        (void)vkDeviceWaitIdle(self->device); // a lost device is idle too
        pipeline_cache_save(self);
        if (self->kernels && !self->borrowed)
            kernel_log_save(self->kernels, self);
        variants_destroy(self);
        pipelines_destroy(self);
        transfer_destroy(self);
        vkDestroyDevice(self->device, NULL);
    }
    if (!self->borrowed)
        kernel_log_close(&self->kernels);
    if (!self->beside)
        instance_close(&self->instance);
    free(self->plan.items);
    free(self->cache_dir);
    free(self);
}

const GpuCaps *gpu_caps(const Gpu *gpu)
{
    return &gpu->caps;
}

const char *gpu_cache_dir(const Gpu *gpu)
{
    return gpu->cache_dir;
}

uint32_t gpu_validation_messages(const Gpu *gpu)
{
    return atomic_load(&((Gpu *)gpu)->instance.messages);
}
