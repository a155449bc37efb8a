// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "gpu/device.h"

#define MAX_DEVICES 16

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

static VKAPI_ATTR VkBool32 VKAPI_CALL
on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
           const VkDebugUtilsMessengerCallbackDataEXT *message, void *data)
{
    GpuInstance *instance = data;
    // The loader and its other layers also speak here; only the validation of our own calls counts.
    if (!(types & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT))
        return VK_FALSE;
    atomic_fetch_add(&instance->messages, 1);
    if (instance->log)
        instance->log(instance->log_data,
                      severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT ? RSH_LOG_ERROR
                                                                               : RSH_LOG_WARN,
                      message->pMessage);
    return VK_FALSE;
}

static bool layer_found(const char *name)
{
    VkLayerProperties layers[64];
    uint32_t count = 64;
    VkResult result = vkEnumerateInstanceLayerProperties(&count, layers);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layers[i].layerName, name) == 0)
            return true;
    return false;
}

static VkResult create_messenger(GpuInstance *instance,
                                 const VkDebugUtilsMessengerCreateInfoEXT *info)
{
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)vkGetInstanceProcAddr(instance->handle,
                                                                  "vkCreateDebugUtilsMessengerEXT");
    return create ? create(instance->handle, info, NULL, &instance->messenger)
                  : VK_ERROR_EXTENSION_NOT_PRESENT;
}

RshStatus instance_open(GpuInstance *instance, bool validate, RshError *error)
{
    const char *layers[] = {validation_layer};
    const char *extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME,
                                VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME};
    const VkValidationFeatureEnableEXT checks[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT};
    const VkValidationFeaturesEXT features = {.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
                                              .enabledValidationFeatureCount = 1,
                                              .pEnabledValidationFeatures = checks};
    const VkDebugUtilsMessengerCreateInfoEXT messenger = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = instance};
    const VkApplicationInfo application = {.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                           .pApplicationName = "rushes",
                                           .apiVersion = VK_API_VERSION_1_3};
    const VkInstanceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
                                       .pNext = validate ? &features : NULL,
                                       .pApplicationInfo = &application,
                                       .enabledLayerCount = validate ? 1 : 0,
                                       .ppEnabledLayerNames = layers,
                                       .enabledExtensionCount = validate ? 2 : 0,
                                       .ppEnabledExtensionNames = extensions};
    uint32_t version = VK_API_VERSION_1_0;
    if (vkEnumerateInstanceVersion(&version) != VK_SUCCESS || version < VK_API_VERSION_1_2)
        return error_set(error, RSH_ERROR_DEVICE,
                         "the Vulkan loader offers %u.%u and 1.2 is needed; update libvulkan1",
                         VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
    if (validate && !layer_found(validation_layer))
        return error_set(error, RSH_ERROR_DEVICE,
                         "the Vulkan validation layers are not installed; install "
                         "vulkan-validationlayers or run without validation");
    VkResult result = vkCreateInstance(&info, NULL, &instance->handle);
    if (result == VK_SUCCESS && validate)
        result = create_messenger(instance, &messenger);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER)
        return error_set(
            error, RSH_ERROR_DEVICE,
            "no Vulkan driver is installed; install mesa-vulkan-drivers or your GPU's driver");
    if (result != VK_SUCCESS)
        return error_set(error, RSH_ERROR_DEVICE, "Vulkan could not be started (error %d)", result);
    return RSH_OK;
}

void instance_close(GpuInstance *instance)
{
    if (instance->messenger) {
        PFN_vkDestroyDebugUtilsMessengerEXT destroy =
            (PFN_vkDestroyDebugUtilsMessengerEXT)vkGetInstanceProcAddr(
                instance->handle, "vkDestroyDebugUtilsMessengerEXT");
        if (destroy)
            destroy(instance->handle, instance->messenger, NULL);
        instance->messenger = VK_NULL_HANDLE;
    }
    if (instance->handle)
        vkDestroyInstance(instance->handle, NULL);
    instance->handle = VK_NULL_HANDLE;
}

static int device_rank(VkPhysicalDevice physical)
{
    VkPhysicalDeviceProperties properties;
    vkGetPhysicalDeviceProperties(physical, &properties);
    switch (properties.deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 0;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 1;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_OTHER:
    case VK_PHYSICAL_DEVICE_TYPE_MAX_ENUM:
    default:
        return 4;
    }
}

size_t instance_devices(const GpuInstance *instance, VkPhysicalDevice *out, size_t capacity)
{
    VkPhysicalDevice all[MAX_DEVICES];
    uint32_t count = MAX_DEVICES;
    VkResult result = vkEnumeratePhysicalDevices(instance->handle, &count, all);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE)
        return 0;

    size_t found = 0;
    for (int rank = 0; rank <= 4; rank++) {
        for (uint32_t i = 0; i < count; i++) {
            GpuCaps caps;
            GpuFacts facts;
            if (device_rank(all[i]) != rank)
                continue;
            caps_read(all[i], &caps, &facts);
            if (caps_missing(&caps, &facts))
                continue;
            if (found < capacity)
                out[found] = all[i];
            found++;
        }
    }
    return found;
}

// Why nothing was usable: the first device and what it misses, when there is one at all.
static RshStatus no_device(const GpuInstance *instance, RshError *error)
{
    VkPhysicalDevice first = VK_NULL_HANDLE;
    uint32_t count = 1;
    GpuCaps caps;
    GpuFacts facts;
    VkResult result = vkEnumeratePhysicalDevices(instance->handle, &count, &first);
    if ((result != VK_SUCCESS && result != VK_INCOMPLETE) || count == 0)
        return error_set(error, RSH_ERROR_DEVICE,
                         "no Vulkan device was found; install your GPU's Vulkan driver, or "
                         "mesa-vulkan-drivers to compute on the processor");
    caps_read(first, &caps, &facts);
    const char *missing = caps_missing(&caps, &facts);
    return error_set(error, RSH_ERROR_DEVICE, "the Vulkan device %s cannot be used: it lacks %s",
                     caps.name, missing ? missing : "nothing");
}

RshStatus instance_choose(const GpuInstance *instance, const char *wanted, VkPhysicalDevice *out,
                          RshError *error)
{
    VkPhysicalDevice devices[MAX_DEVICES];
    size_t count = instance_devices(instance, devices, MAX_DEVICES);
    if (count > MAX_DEVICES)
        count = MAX_DEVICES;
    if (count == 0)
        return no_device(instance, error);
    if (!wanted || !*wanted) {
        *out = devices[0];
        return RSH_OK;
    }

    char names[160] = "";
    const bool number = strspn(wanted, "0123456789") == strlen(wanted) && strlen(wanted) < 4;
    for (size_t i = 0; i < count; i++) {
        VkPhysicalDeviceProperties properties;
        vkGetPhysicalDeviceProperties(devices[i], &properties);
        if (number ? (size_t)strtoul(wanted, NULL, 10) == i
                   : strcasestr(properties.deviceName, wanted) != NULL) {
            *out = devices[i];
            return RSH_OK;
        }
        const size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%zu: %.60s", i ? ", " : "", i,
                 properties.deviceName);
    }
    return error_set(error, RSH_ERROR_DEVICE, "no Vulkan device matches '%.40s'; there is %s",
                     wanted, names);
}

size_t gpu_list(RshDeviceInfo *out, size_t capacity)
{
    GpuInstance instance = {0};
    VkPhysicalDevice devices[MAX_DEVICES];
    size_t count = 0;
    if (instance_open(&instance, false, NULL) == RSH_OK) {
        count = instance_devices(&instance, devices, MAX_DEVICES);
        if (count > MAX_DEVICES)
            count = MAX_DEVICES;
        for (size_t i = 0; i < count && i < capacity; i++) {
            GpuCaps caps;
            GpuFacts facts;
            caps_read(devices[i], &caps, &facts);
            out[i] = (RshDeviceInfo){.memory_bytes = caps.memory_bytes,
                                     .subgroup_size = caps.subgroup_size,
                                     .software = caps.software,
                                     .has_fp16 = caps.fp16};
            memcpy(out[i].name, caps.name, sizeof(out[i].name));
        }
    }
    instance_close(&instance);
    return count;
}
