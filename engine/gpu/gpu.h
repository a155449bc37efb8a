// SPDX-License-Identifier: GPL-3.0-or-later
//
// gpu.h - the Vulkan device as the rest of the engine sees it: capabilities, buffers, pipelines and one
// kind of work, a recorded list of dispatches that can be replayed.
//
// Threads   One Gpu is used by one thread at a time.
// Lifetime  Destroying a buffer or pipeline waits for nothing: the caller has waited for its last use.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rsh.h"

typedef struct Gpu Gpu;
typedef struct GpuBuffer GpuBuffer;
typedef struct GpuPipeline GpuPipeline;
typedef struct GpuCommands GpuCommands;

// What a kernel variant may ask for. Each can be masked ("-fp16,-coopmat") so that every fallback can be tested on one machine.
typedef struct GpuCaps {
    char name[128];   // device
    char driver[128]; // driver name and version: keys of the caches
    uint32_t vendor_id, device_id;
    bool software; // a CPU implementation, such as lavapipe
    bool integrated, discrete;
    bool unified; // device memory is host-visible and coherent: buffers are mapped
    uint32_t subgroup_size;
    bool subgroup_shuffle, subgroup_arithmetic;
    bool texel_tiles; // kernels built on vec4 texel loads and shuffles pay: CPU drivers
    bool fp16;        // arithmetic in shaders
    bool storage16, storage8;
    bool int8_dot;
    bool
        cooperative_matrix; // VK_NV_cooperative_matrix, the dialect that Debian 12's glslang compiles
    bool fp32_products;     // masked, what may be rounded to 16 bits always is
    bool large_storage;     // masked, max_storage_bytes is small enough for tests
    bool timestamps;
    float timestamp_ns; // nanoseconds a tick
    uint32_t max_invocations, max_shared_bytes, max_groups[3];
    uint64_t max_storage_bytes;                  // range of one storage-buffer binding
    uint64_t max_texels;                         // elements of one texel-buffer view
    uint32_t storage_alignment, texel_alignment; // bytes; powers of two
    uint64_t memory_bytes;                       // largest device-local heap
} GpuCaps;

typedef struct GpuOptions {
    const char *
        device; // part of a device name, or its number in gpu_list(); NULL picks discrete, integrated, CPU in this order
    const char *caps_mask;  // "-fp16,-int8_dot,..." or NULL
    const char *cache_dir;  // pipeline cache and calibration; NULL keeps them in memory
    uint64_t memory_budget; // bytes; 0 = what the driver reports as free, less one eighth
    // Another Gpu of this process on the same device, which closes after this one, or NULL: what it builds, this
    // one knows the price of.
    const Gpu *learns_from;
    bool validate; // Khronos validation layer; its messages fail the run
    RshLogFn log;
    void *log_data;
} GpuOptions;

size_t gpu_list(RshDeviceInfo *out, size_t capacity); // 0 when there is no Vulkan
RSH_MUST_USE RshStatus gpu_open(const GpuOptions *options, Gpu **out, RshError *error);
void gpu_close(Gpu **gpu); // NULL-safe; stores NULL
const GpuCaps *gpu_caps(const Gpu *gpu);
uint64_t gpu_memory_in_use(const Gpu *gpu); // bytes allocated through gpu_buffer_create
uint64_t gpu_memory_peak(const Gpu *gpu);   // highest value of that since the last reset
void gpu_memory_reset_peak(Gpu *gpu);
uint64_t gpu_memory_budget(const Gpu *gpu);
const char *gpu_cache_dir(const Gpu *gpu);        // or NULL
uint32_t gpu_validation_messages(const Gpu *gpu); // warnings and errors since the device was opened

// ---- buffers. Device-local; storage, uniform and storage texel use. Zeroed when `zeroed`. ----
RSH_MUST_USE RshStatus gpu_buffer_create(Gpu *gpu, uint64_t bytes, bool zeroed, GpuBuffer **out,
                                         RshError *error);
void gpu_buffer_destroy(GpuBuffer **buffer);
uint64_t gpu_buffer_bytes(const GpuBuffer *buffer);
// Blocking copies, through staging where the memory is not host-visible.
RSH_MUST_USE RshStatus gpu_buffer_write(GpuBuffer *buffer, uint64_t offset, const void *data,
                                        uint64_t bytes, RshError *error);
RSH_MUST_USE RshStatus gpu_buffer_read(GpuBuffer *buffer, uint64_t offset, void *data,
                                       uint64_t bytes, RshError *error);
RSH_MUST_USE RshStatus gpu_buffer_zero(GpuBuffer *buffer, uint64_t offset, uint64_t bytes,
                                       RshError *error); // multiples of 4
// Host memory that recorded copies can read and write; always mapped and not counted as device memory.
RSH_MUST_USE RshStatus gpu_buffer_create_host(Gpu *gpu, uint64_t bytes, GpuBuffer **out,
                                              RshError *error);
// Host address when the memory is visible and coherent (integrated and CPU devices), else NULL.
void *gpu_buffer_map(GpuBuffer *buffer);

// ---- pipelines. `shader` is the blob's name in shaders/meson.build. Kept until the device closes; asking
// again for the same shader and constants returns the same one. Bindings are found by reflection at build. ----
RSH_MUST_USE RshStatus gpu_pipeline_get(Gpu *gpu, const char *shader, const uint32_t *constants,
                                        uint32_t count, GpuPipeline **out, RshError *error);

// The same for many, compiled on as many threads as there are cores: what a graph needs, before it is recorded.
#define GPU_MAX_CONSTANTS 16
typedef struct GpuPipelineRequest {
    char shader[64]; // name of the blob
    uint32_t constants[GPU_MAX_CONSTANTS], constant_count;
} GpuPipelineRequest;
// `stop` (may be NULL) is asked before each, by any of the threads; true ends with RSH_CANCELLED, and those
// that were compiled stay.
RSH_MUST_USE RshStatus gpu_pipelines_compile(Gpu *gpu, const GpuPipelineRequest *requests,
                                             size_t count, bool (*stop)(void *data),
                                             void *stop_data, RshError *error);

// ---- what building kernels will take: the first time it is most of a short job (kernel_log.h) ----
// The kernels of a graph of planned work, which belongs to a stage that the caller numbers; each kernel counts where it
// is named first.
void gpu_plan_clear(Gpu *gpu);
void gpu_plan_add(Gpu *gpu, const GpuPipelineRequest *requests, size_t count, uint32_t stage);
#define GPU_ALL_STAGES UINT32_MAX
// Seconds that will pass while those of a stage are built, a graph at a time and a kernel a core, from what the like of
// them took on this device; 0 when none was ever built.
double gpu_plan_left(const Gpu *gpu, uint32_t stage);
double gpu_built_seconds(const Gpu *gpu); // spent on building since the device was opened
void gpu_kernels_save(Gpu *gpu);          // what was learned, into the cache folder

// How a shader sees a range of a buffer.
typedef enum GpuView {
    GPU_VIEW_STORAGE, // storage buffer
    GPU_VIEW_RGBA32F, // texel buffers: samplerBuffer / imageBuffer
    GPU_VIEW_RGBA16F,
    GPU_VIEW_R32F,
    GPU_VIEW_R32I,
    GPU_VIEW_R32UI,
    GPU_VIEW_RGBA32UI,
    GPU_VIEW_RGBA8I, // four signed bytes as integers
    GPU_VIEW_RGBA8UI,
} GpuView;

typedef struct GpuBinding {
    GpuBuffer *buffer;
    uint64_t offset, bytes; // offset a multiple of the caps' alignment (256 always is)
    GpuView view;
    bool
        written; // the dispatch writes it (read-write counts as written); a shader's binding that is not
                 // declared readonly must be passed as written
} GpuBinding;

// ---- recorded work. Long dispatches are cut into parts with a base workgroup: kernels must not use
// gl_NumWorkGroups. Barriers follow from the bindings' last access; nobody else writes one. ----
RSH_MUST_USE RshStatus gpu_commands_create(Gpu *gpu, GpuCommands **out, RshError *error);
void gpu_commands_destroy(GpuCommands **commands);
// `cost_ns` is the expected time on the device: submissions are cut where the sum passes a few ten milliseconds.
RSH_MUST_USE RshStatus gpu_commands_dispatch(GpuCommands *commands, GpuPipeline *pipeline,
                                             const GpuBinding *bindings, uint32_t binding_count,
                                             const void *push, uint32_t push_bytes,
                                             const uint32_t groups[3], uint64_t cost_ns,
                                             const char *label, RshError *error);
RSH_MUST_USE RshStatus gpu_commands_copy(GpuCommands *commands, GpuBuffer *from,
                                         uint64_t from_offset, GpuBuffer *to, uint64_t to_offset,
                                         uint64_t bytes, RshError *error);
// Cuts the list into submissions; nothing can be added after it. Costs are refined by what runs take.
RSH_MUST_USE RshStatus gpu_commands_finish(GpuCommands *commands, RshError *error);
// Submits everything once and waits. `stop` (may be NULL) is asked between submissions; true ends the run with RSH_CANCELLED.
RSH_MUST_USE RshStatus gpu_commands_run(GpuCommands *commands, bool (*stop)(void *data),
                                        void *stop_data, RshError *error);
// Nanoseconds of each labelled dispatch of the last run; 0 when profiling was off.
void gpu_commands_profile(GpuCommands *commands, bool enable);
size_t gpu_commands_times(const GpuCommands *commands, const char **labels, double *ns,
                          size_t capacity);
// For tests: a barrier before every step; the steps between two barriers in reverse order, which gives the
// same bits unless a barrier is missing; how many barriers were derived; how many submissions a run makes.
void gpu_commands_serialise(GpuCommands *commands, bool enable);
void gpu_commands_reverse(GpuCommands *commands, bool enable);
uint32_t gpu_commands_barriers(const GpuCommands *commands);
uint32_t gpu_commands_submissions(const GpuCommands *commands);
