// SPDX-License-Identifier: GPL-3.0-or-later
// Preloaded into the worker: once the file RUSHES_LOSE_WHEN exists the device is lost, as a driver reports it
// after a fault of the hardware.
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vulkan/vulkan.h>

__attribute__((visibility("default"))) VkResult
vkQueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *submits, VkFence fence)
{
    const char *sign = getenv("RUSHES_LOSE_WHEN");
    PFN_vkQueueSubmit real;
    void *symbol = dlsym(RTLD_NEXT, "vkQueueSubmit");
    memcpy(&real, &symbol, sizeof(real)); // ISO C converts no object pointer to a function's
    return sign && access(sign, F_OK) == 0 ? VK_ERROR_DEVICE_LOST
                                           : real(queue, count, submits, fence);
}
