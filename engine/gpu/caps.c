// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/caps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

// What can be masked, and what is lost without it. The order is that of the messages.
static const struct {
    const char *name;
    size_t offset; // of a bool in GpuCaps
    const char *without;
} recommended[] = {
    {"fp16", offsetof(GpuCaps, fp16), "half-precision kernels are not used"},
    {"fp32", offsetof(GpuCaps, fp32_products), "16-bit weights are only multiplied as 16-bit"},
    {"storage16", offsetof(GpuCaps, storage16), "16-bit values are read through texel buffers"},
    {"storage8", offsetof(GpuCaps, storage8), "8-bit values are read through texel buffers"},
    {"int8_dot", offsetof(GpuCaps, int8_dot), "8-bit weights are multiplied as floats"},
    {"coopmat", offsetof(GpuCaps, cooperative_matrix), "matrix units are not used"},
    {"shuffle", offsetof(GpuCaps, subgroup_shuffle), "lanes exchange values through memory"},
    {"arithmetic", offsetof(GpuCaps, subgroup_arithmetic), "sums across lanes go through memory"},
    {"texel", offsetof(GpuCaps, texel_tiles), "matrix products go through shared memory"},
    {"timestamps", offsetof(GpuCaps, timestamps), "the time of single kernels is not known"},
    {"unified", offsetof(GpuCaps, unified), "data is copied through a staging buffer"},
    {"storage", offsetof(GpuCaps, large_storage), "results are written through texel buffers"},
};

// Range of a storage buffer when large ones are masked: what is larger goes through texel buffers.
#define MASKED_STORAGE_BYTES 16384u

static bool *caps_flag(GpuCaps *caps, size_t i)
{
    return (bool *)((char *)caps + recommended[i].offset);
}

typedef struct ExtensionList {
    VkExtensionProperties *items; // NULL when there is none or memory is short
    uint32_t count;
} ExtensionList;

static ExtensionList extension_list(VkPhysicalDevice physical)
{
    ExtensionList list = {0};
    uint32_t count = 0;
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &count, NULL) != VK_SUCCESS || !count)
        return list;
    list.items = calloc(count, sizeof(*list.items));
    if (!list.items)
        return list;
    if (vkEnumerateDeviceExtensionProperties(physical, NULL, &count, list.items) == VK_SUCCESS)
        list.count = count;
    return list;
}

static bool extension_found(const ExtensionList *list, const char *name)
{
    for (uint32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].extensionName, name) == 0)
            return true;
    return false;
}

// The family with the fewest other duties: on a discrete card a compute-only queue leaves the desktop's alone.
static uint32_t choose_queue_family(VkPhysicalDevice physical, uint32_t *timestamp_bits)
{
    VkQueueFamilyProperties families[16];
    uint32_t count = 16, best = UINT32_MAX;
    vkGetPhysicalDeviceQueueFamilyProperties(physical, &count, families);
    for (uint32_t i = 0; i < count; i++) {
        if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) || !families[i].queueCount)
            continue;
        if (best == UINT32_MAX || ((families[best].queueFlags & VK_QUEUE_GRAPHICS_BIT) &&
                                   !(families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)))
            best = i;
    }
    *timestamp_bits = best == UINT32_MAX ? 0 : families[best].timestampValidBits;
    return best;
}

static void read_memory(VkPhysicalDevice physical, GpuCaps *caps)
{
    VkPhysicalDeviceMemoryProperties memory;
    vkGetPhysicalDeviceMemoryProperties(physical, &memory);
    for (uint32_t i = 0; i < memory.memoryHeapCount; i++)
        if ((memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) &&
            memory.memoryHeaps[i].size > caps->memory_bytes)
            caps->memory_bytes = memory.memoryHeaps[i].size;

    const VkMemoryPropertyFlags all = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT |
                                      VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                      VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    for (uint32_t i = 0; i < memory.memoryTypeCount; i++)
        if ((memory.memoryTypes[i].propertyFlags & all) == all)
            caps->unified = caps->software || caps->integrated;
}

static void read_features(VkPhysicalDevice physical, const ExtensionList *extensions, GpuCaps *caps,
                          GpuFacts *facts)
{
    const bool v13 = facts->api_version >= VK_API_VERSION_1_3;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV matrix = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV};
    VkPhysicalDeviceShaderIntegerDotProductFeatures dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES};
    VkPhysicalDeviceSubgroupSizeControlFeatures size_control = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES};
    VkPhysicalDeviceVulkan12Features v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceVulkan11Features v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES, .pNext = &v12};
    VkPhysicalDeviceFeatures2 features = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
                                          .pNext = &v11};
    // Structs that a driver does not know must not be in the chain.
    void **tail = &v12.pNext;
    if (extension_found(extensions, VK_NV_COOPERATIVE_MATRIX_EXTENSION_NAME)) {
        *tail = &matrix;
        tail = &matrix.pNext;
    }
    if (v13 || extension_found(extensions, VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME)) {
        *tail = &dot;
        tail = &dot.pNext;
    }
    if (v13 || extension_found(extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME))
        *tail = &size_control;
    vkGetPhysicalDeviceFeatures2(physical, &features);

    caps->fp16 = v12.shaderFloat16;
    caps->storage16 = v11.storageBuffer16BitAccess;
    caps->storage8 = v12.storageBuffer8BitAccess && v12.shaderInt8;
    caps->int8_dot = dot.shaderIntegerDotProduct && v12.shaderInt8;
    caps->cooperative_matrix = matrix.cooperativeMatrix && v12.vulkanMemoryModel;
    facts->int16 = features.features.shaderInt16;
    facts->int64 = features.features.shaderInt64;
    facts->memory_model = v12.vulkanMemoryModel;
    facts->subgroup_types = v12.shaderSubgroupExtendedTypes;
    facts->subgroup_size_control = size_control.subgroupSizeControl;
    facts->full_subgroups = size_control.computeFullSubgroups;
}

static void read_limits(const VkPhysicalDeviceLimits *limits, GpuCaps *caps)
{
    caps->timestamp_ns = limits->timestampPeriod;
    caps->max_invocations = limits->maxComputeWorkGroupInvocations;
    caps->max_shared_bytes = limits->maxComputeSharedMemorySize;
    memcpy(caps->max_groups, limits->maxComputeWorkGroupCount, sizeof(caps->max_groups));
    caps->max_storage_bytes = limits->maxStorageBufferRange;
    caps->max_texels = limits->maxTexelBufferElements;
    caps->storage_alignment = (uint32_t)limits->minStorageBufferOffsetAlignment;
    caps->texel_alignment = (uint32_t)limits->minTexelBufferOffsetAlignment;
}

void caps_read(VkPhysicalDevice physical, GpuCaps *caps, GpuFacts *facts)
{
    *caps = (GpuCaps){0};
    *facts = (GpuFacts){.queue_family = UINT32_MAX};

    VkPhysicalDeviceProperties basic;
    vkGetPhysicalDeviceProperties(physical, &basic);
    facts->api_version = basic.apiVersion;
    snprintf(caps->name, sizeof(caps->name), "%.127s", basic.deviceName);
    caps->vendor_id = basic.vendorID;
    caps->device_id = basic.deviceID;
    caps->software = basic.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
    caps->integrated = basic.deviceType == VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU;
    caps->discrete = basic.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    read_limits(&basic.limits, caps);
    read_memory(physical, caps);
    if (basic.apiVersion < VK_API_VERSION_1_2)
        return; // the queries below are 1.2's

    VkPhysicalDeviceSubgroupSizeControlProperties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
    VkPhysicalDeviceVulkan12Properties v12 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES};
    VkPhysicalDeviceVulkan11Properties v11 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES, .pNext = &v12};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, .pNext = &v11};
    ExtensionList extensions = extension_list(physical);
    if (facts->api_version >= VK_API_VERSION_1_3 ||
        extension_found(&extensions, VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME))
        v12.pNext = &sizes;
    vkGetPhysicalDeviceProperties2(physical, &properties);

    snprintf(caps->driver, sizeof(caps->driver), "%.40s %.60s (%u)", v12.driverName, v12.driverInfo,
             basic.driverVersion);
    caps->fp32_products = true;
    caps->large_storage = true; // the minimum of the standard, 128 MiB, counts as large
    memcpy(facts->driver_uuid, v11.driverUUID, VK_UUID_SIZE);
    memcpy(facts->device_uuid, v11.deviceUUID, VK_UUID_SIZE);
    facts->max_allocation = v11.maxMemoryAllocationSize;
    if (v11.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) {
        caps->subgroup_size = v11.subgroupSize;
        caps->subgroup_shuffle = v11.subgroupSupportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
        caps->texel_tiles = caps->software && caps->subgroup_shuffle;
        caps->subgroup_arithmetic =
            v11.subgroupSupportedOperations & VK_SUBGROUP_FEATURE_ARITHMETIC_BIT;
    }

    facts->queue_family = choose_queue_family(physical, &facts->timestamp_bits);
    caps->timestamps = facts->timestamp_bits > 0 && caps->timestamp_ns > 0.0f;
    facts->memory_budget = extension_found(&extensions, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
    read_features(physical, &extensions, caps, facts);
    facts->subgroup_size_control =
        facts->subgroup_size_control &&
        (sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
        sizes.minSubgroupSize <= caps->subgroup_size &&
        sizes.maxSubgroupSize >= caps->subgroup_size;
    free(extensions.items);
}

// What every kernel may count on; the figures are the least that Vulkan 1.2 drivers are known to offer.
const char *caps_missing(const GpuCaps *caps, const GpuFacts *facts)
{
    const struct {
        bool met;
        const char *what;
    } required[] = {
        {facts->api_version >= VK_API_VERSION_1_2, "Vulkan 1.2"},
        {facts->queue_family != UINT32_MAX, "a compute queue"},
        {caps->subgroup_size >= 4, "subgroups in compute shaders"},
        {caps->max_invocations >= 128, "128 invocations a workgroup"},
        {caps->max_shared_bytes >= 16384, "16 KiB of shared memory"},
        {caps->max_storage_bytes >= 1u << 27, "storage buffers of 128 MiB"},
        {caps->max_texels >= 1u << 16, "texel buffers of 65536 elements"},
        {caps->storage_alignment <= 256 && caps->texel_alignment <= 256,
         "buffer offsets in steps of 256 bytes"},
    };
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (!required[i].met)
            return required[i].what;
    return NULL;
}

void caps_log(const GpuCaps *caps, RshLogFn log, void *log_data)
{
    if (!log)
        return;
    GpuCaps copy = *caps;
    for (size_t i = 0; i < sizeof(recommended) / sizeof(recommended[0]); i++) {
        if (*caps_flag(&copy, i))
            continue;
        char line[128];
        snprintf(line, sizeof(line), "no %s: %s", recommended[i].name, recommended[i].without);
        log(log_data, RSH_LOG_INFO, line);
    }
}

_Static_assert(sizeof(recommended) / sizeof(recommended[0]) <= CAPS_MAX_NAMES, "caps.h");

size_t caps_names(const GpuCaps *caps, const char *names[CAPS_MAX_NAMES])
{
    GpuCaps copy = *caps;
    size_t count = 0;
    for (size_t i = 0; i < sizeof(recommended) / sizeof(recommended[0]); i++)
        if (*caps_flag(&copy, i))
            names[count++] = recommended[i].name;
    return count;
}

static RshStatus mask_error(const char *what, const char *item, size_t length, RshError *error)
{
    char known[128] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof(recommended) / sizeof(recommended[0]); i++) {
        int n = snprintf(known + used, sizeof(known) - used, "%s%s", i ? ", " : "",
                         recommended[i].name);
        used += (size_t)n;
    }
    return error_set(error, RSH_ERROR_ARGUMENT, "capability mask: '%.*s' %s; known are: %s",
                     length > 32 ? 32 : (int)length, item, what, known);
}

RshStatus caps_mask(GpuCaps *caps, const char *mask, RshError *error)
{
    for (const char *item = mask; item && *item;) {
        const size_t length = strcspn(item, ",");
        size_t i = 0;
        if (*item != '-')
            return mask_error("does not start with '-'", item, length, error);
        while (i < sizeof(recommended) / sizeof(recommended[0]) &&
               (strlen(recommended[i].name) != length - 1 ||
                memcmp(recommended[i].name, item + 1, length - 1) != 0))
            i++;
        if (i == sizeof(recommended) / sizeof(recommended[0]))
            return mask_error("is not a capability", item, length, error);
        *caps_flag(caps, i) = false;
        item += length;
        item += *item == ',';
    }
    if (!caps->large_storage)
        caps->max_storage_bytes = MASKED_STORAGE_BYTES;
    return RSH_OK;
}
