// SPDX-License-Identifier: GPL-3.0-or-later
#include "worker/devices.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "gpu/caps.h"

enum { MAX_DEVICES = 16 };

static void add_caps(cJSON *device, const GpuCaps *caps)
{
    const char *names[CAPS_MAX_NAMES];
    const size_t count = caps_names(caps, names);
    cJSON_AddStringToObject(device, "driver", caps->driver);
    cJSON_AddBoolToObject(device, "integrated", caps->integrated);
    cJSON_AddNumberToObject(device, "subgroup_size", caps->subgroup_size);
    cJSON_AddNumberToObject(device, "max_invocations", caps->max_invocations);
    cJSON_AddNumberToObject(device, "max_shared_bytes", caps->max_shared_bytes);
    cJSON_AddNumberToObject(device, "max_storage_bytes", (double)caps->max_storage_bytes);
    cJSON *list = cJSON_AddArrayToObject(device, "caps");
    for (size_t i = 0; i < count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateString(names[i]));
}

int devices_check(const RshEngineOptions *options)
{
    RshError error = {0};
    Gpu *gpu = NULL;
    // The mask first: whether it can be read does not depend on the device.
    GpuCaps any = {0};
    RshStatus status = caps_mask(&any, options->caps_mask, &error);
    if (status == RSH_OK) {
        const GpuOptions open = {.device = options->device, .caps_mask = options->caps_mask};
        status = gpu_open(&open, &gpu, &error);
        gpu_close(&gpu);
    }
    if (status == RSH_OK)
        return EXIT_SUCCESS;
    fprintf(stderr, "rushes-engine: %s\n", error.text);
    return status == RSH_ERROR_ARGUMENT ? DEVICES_BAD_MASK : DEVICES_NONE;
}

int devices_print(const RshEngineOptions *options)
{
    RshDeviceInfo devices[MAX_DEVICES];
    size_t count = rsh_device_list(devices, MAX_DEVICES);
    cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < count && i < MAX_DEVICES; i++) {
        char number[8];
        Gpu *gpu = NULL;
        RshError error = {0};
        snprintf(number, sizeof(number), "%zu", i);
        GpuOptions open = {.device = number, .caps_mask = options->caps_mask};
        cJSON *device = cJSON_CreateObject();
        cJSON_AddNumberToObject(device, "number", (double)i);
        cJSON_AddStringToObject(device, "name", devices[i].name);
        cJSON_AddBoolToObject(device, "software", devices[i].software);
        cJSON_AddNumberToObject(device, "memory_bytes", (double)devices[i].memory_bytes);
        if (gpu_open(&open, &gpu, &error) == RSH_OK)
            add_caps(device, gpu_caps(gpu));
        else
            cJSON_AddStringToObject(device, "problem", error.text);
        gpu_close(&gpu);
        cJSON_AddItemToArray(list, device);
    }
    char *text = cJSON_Print(list);
    puts(text ? text : "[]");
    cJSON_free(text);
    cJSON_Delete(list);
    return count > 0 ? EXIT_SUCCESS : DEVICES_NONE;
}
