// SPDX-License-Identifier: GPL-3.0-or-later
// caps.h - what a physical device offers, what this engine requires and recommends, and how a mask
// takes capabilities away.
#pragma once
#include <vulkan/vulkan.h>

#include "gpu/gpu.h"

// Everything that is asked of a physical device before a logical one is made.
typedef struct GpuFacts {
    uint32_t api_version;
    uint32_t queue_family; // UINT32_MAX when no family computes
    uint32_t timestamp_bits;
    uint8_t driver_uuid[VK_UUID_SIZE], device_uuid[VK_UUID_SIZE];
    bool memory_budget;         // VK_EXT_memory_budget
    bool subgroup_size_control; // the subgroup size can be required
    bool full_subgroups;
    bool subgroup_types; // 8- and 16-bit types in subgroup operations
    bool int16, int64, memory_model;
    uint64_t max_allocation; // bytes of one allocation
} GpuFacts;

// Reads `physical`; works for devices that turn out not to be usable.
void caps_read(VkPhysicalDevice physical, GpuCaps *caps, GpuFacts *facts);

// NULL when the device is usable, else the first requirement it misses, as a phrase: "Vulkan 1.2".
const char *caps_missing(const GpuCaps *caps, const GpuFacts *facts);

// One line for each recommended capability that is absent.
void caps_log(const GpuCaps *caps, RshLogFn log, void *log_data);

// Names of what the device has of what can be masked, in the order of the messages. Returns how many.
#define CAPS_MAX_NAMES 16
size_t caps_names(const GpuCaps *caps, const char *names[CAPS_MAX_NAMES]);

// Applies "-fp16,-coopmat". NULL and "" change nothing. An unknown name is an error that lists the known ones.
RSH_MUST_USE RshStatus caps_mask(GpuCaps *caps, const char *mask, RshError *error);
