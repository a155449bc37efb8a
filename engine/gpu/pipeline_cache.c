// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "gpu/device.h"
#include "gpu/shader_blob.h"

// The driver's compiled kernels, kept between runs. The file is keyed by the driver, the device and all
// kernels: after a change of any of them it is ignored and replaced.

void device_cache_key(const Gpu *gpu, char *key, size_t capacity)
{
    size_t used = (size_t)snprintf(key, capacity, "%.120s|%016llx|", gpu->caps.driver,
                                   (unsigned long long)shader_table_hash());
    for (size_t i = 0; i < VK_UUID_SIZE && used + 5 < capacity; i++)
        used += (size_t)snprintf(key + used, capacity - used, "%02x%02x", gpu->facts.driver_uuid[i],
                                 gpu->facts.device_uuid[i]);
}

RshStatus pipeline_cache_load(Gpu *gpu, RshError *error)
{
    char key[256];
    size_t bytes = 0;
    device_cache_key(gpu, key, sizeof(key));
    void *data = cache_file_read(gpu, "pipelines", key, &bytes);
    VkPipelineCacheCreateInfo info = {.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
                                      .initialDataSize = bytes,
                                      .pInitialData = data};
    VkResult result = vkCreatePipelineCache(gpu->device, &info, NULL, &gpu->pipelines.cache);
    if (result != VK_SUCCESS && data) { // a driver may refuse what it wrote itself
        info.initialDataSize = bytes = 0;
        info.pInitialData = NULL;
        result = vkCreatePipelineCache(gpu->device, &info, NULL, &gpu->pipelines.cache);
    }
    free(data);
    gpu->pipelines.loaded_bytes = bytes;
    return result == VK_SUCCESS ? RSH_OK
                                : gpu_fail(gpu, result, "creating the kernel cache", error);
}

void pipeline_cache_save(Gpu *gpu)
{
    char key[256];
    size_t bytes = 0;
    if (!gpu->cache_dir || gpu->lost || !gpu->pipelines.cache || !gpu->pipelines.count)
        return;
    if (vkGetPipelineCacheData(gpu->device, gpu->pipelines.cache, &bytes, NULL) != VK_SUCCESS ||
        bytes == 0 || bytes == gpu->pipelines.loaded_bytes)
        return;
    void *data = malloc(bytes);
    if (data &&
        vkGetPipelineCacheData(gpu->device, gpu->pipelines.cache, &bytes, data) == VK_SUCCESS) {
        device_cache_key(gpu, key, sizeof(key));
        cache_file_write(gpu, "pipelines", key, data, bytes);
    }
    free(data);
}
