// SPDX-License-Identifier: GPL-3.0-or-later
// device.h - what the files of engine/gpu/ share: the open device and how its failures are told.
#pragma once
#include <stdatomic.h>
#include <vulkan/vulkan.h>

#include "gpu/caps.h"
#include "gpu/gpu.h"
#include "gpu/kernel_log.h"

typedef struct GpuInstance {
    VkInstance handle;
    VkDebugUtilsMessengerEXT messenger;
    atomic_uint messages; // warnings and errors of the validation layers
    RshLogFn log;
    void *log_data;
} GpuInstance;

// Blocking copies between host and buffers that are not mapped.
typedef struct GpuTransfer {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    VkBuffer buffer; // host-visible, made on first use
    VkDeviceMemory memory;
    void *mapped;
} GpuTransfer;

typedef struct GpuPipelineSet {
    GpuPipeline **items;
    size_t count, capacity;
    VkPipelineCache cache;
    size_t loaded_bytes; // of the cache file; a cache that did not grow is not written again
} GpuPipelineSet;

typedef struct GpuVariantSet GpuVariantSet; // calibrate.c

// The kernels of work that is planned, each once.
typedef struct PlannedKernel {
    KernelKey key;
    uint32_t stage;
    size_t graph; // those of one graph are built together, and stand together
} PlannedKernel;
typedef struct KernelPlan {
    PlannedKernel *items;
    size_t count, capacity, graphs;
} KernelPlan;

struct Gpu {
    GpuInstance instance;
    VkPhysicalDevice physical;
    VkDevice device;
    VkQueue queue;
    GpuCaps caps;
    GpuFacts facts;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t buffer_type, staging_type; // memory types
    uint64_t in_use, peak, budget;      // bytes
    GpuTransfer transfer;
    GpuPipelineSet pipelines;
    GpuVariantSet *variants;
    KernelLog *kernels; // of the Gpu that it learns from, when `borrowed`; NULL when `beside`
    bool borrowed;
    KernelPlan plan;
    double built_seconds; // spent on building kernels since the device was opened
    char *cache_dir;      // or NULL
    double cost_scale;    // measured nanoseconds for each one that a recorder expected
    uint64_t cuts;        // of command lists into submissions, so far
    bool lost;
    bool beside;        // opened by gpu_open_beside(): the instance is another's
    bool cold;          // the driver's cache did not have the kernels that were asked for last
    bool warming_fails; // what is compiled on a device beside this one does not serve this one
};

// instance.c
RSH_MUST_USE RshStatus instance_open(GpuInstance *instance, bool validate, RshError *error);
void instance_close(GpuInstance *instance);
// Usable devices, best first. Returns how many there are; writes at most `capacity`.
size_t instance_devices(const GpuInstance *instance, VkPhysicalDevice *out, size_t capacity);
RSH_MUST_USE RshStatus instance_choose(const GpuInstance *instance, const char *wanted,
                                       VkPhysicalDevice *out, RshError *error);

// memory.c
RSH_MUST_USE RshStatus memory_init(Gpu *gpu, uint64_t budget, RshError *error);
// Memory for `buffer`, bound to it; counted in in_use when `counted`. *bytes receives what was taken, less the
// `slack` bytes that the caller did not ask for.
RSH_MUST_USE RshStatus memory_allocate(Gpu *gpu, VkBuffer buffer, uint32_t type, bool counted,
                                       uint64_t slack, VkDeviceMemory *out, uint64_t *bytes,
                                       RshError *error);
void memory_free(Gpu *gpu, VkDeviceMemory memory, uint64_t bytes, bool counted);

// transfer.c
RSH_MUST_USE RshStatus transfer_init(Gpu *gpu, RshError *error);
void transfer_destroy(Gpu *gpu);
RSH_MUST_USE RshStatus transfer_write(Gpu *gpu, VkBuffer buffer, uint64_t offset, const void *data,
                                      uint64_t bytes, RshError *error);
RSH_MUST_USE RshStatus transfer_read(Gpu *gpu, VkBuffer buffer, uint64_t offset, void *data,
                                     uint64_t bytes, RshError *error);
RSH_MUST_USE RshStatus transfer_zero(Gpu *gpu, VkBuffer buffer, uint64_t offset, uint64_t bytes,
                                     RshError *error);

// pipeline_cache.c
// What compiled kernels and what building them costs are kept under: driver, device, all kernels.
void device_cache_key(const Gpu *gpu, char *key, size_t capacity);
RSH_MUST_USE RshStatus pipeline_cache_load(Gpu *gpu, RshError *error);
void pipeline_cache_save(Gpu *gpu);
void pipelines_destroy(Gpu *gpu);                // pipeline.c
const ShaderBlob *shader_find(const char *name); // pipeline.c; NULL when there is none
// pipeline.c: how many kernels are built at once: one a core, one where the driver keeps its code to itself.
#define GPU_MAX_BUILDERS 8
size_t gpu_builders(const Gpu *gpu);

// calibrate.c
void variants_destroy(Gpu *gpu);

// cache_file.c: small files in cache_dir that may be lost, stale or damaged without harm.
// Returns the payload (malloc) when the file exists, is whole and was written under `key`, else NULL.
void *cache_file_read(const Gpu *gpu, const char *kind, const char *key, size_t *bytes);
void cache_file_write(const Gpu *gpu, const char *kind, const char *key, const void *data,
                      size_t bytes);

// device.c: another device on the same hardware with a queue of its own, without cache, transfers or log.
// Close it with gpu_close() before `gpu`. Any thread.
RSH_MUST_USE RshStatus gpu_open_beside(const Gpu *gpu, Gpu **out, RshError *error);
// Turns a failed Vulkan call into a status and one sentence; remembers that the device was lost.
RshStatus gpu_fail(Gpu *gpu, VkResult result, const char *what, RshError *error);
// RSH_OK while the device works: every entry point asks first.
RshStatus gpu_check(const Gpu *gpu, RshError *error);
void gpu_log(const Gpu *gpu, RshLogLevel level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
