// SPDX-License-Identifier: GPL-3.0-or-later
// commands.h - a recorded list of steps as commands.c collects it and submit.c cuts and runs it.
#pragma once
#include "gpu/buffer.h"
#include "gpu/hazard.h"
#include "gpu/pipeline.h"

#define COMMANDS_MAX_PUSH 128

// One dispatch (pipeline set) or copy.
typedef struct CommandStep {
    GpuPipeline *pipeline;
    VkDescriptorSet set;
    uint32_t groups[3];
    uint32_t push_bytes;
    uint8_t push[COMMANDS_MAX_PUSH];
    VkBuffer from, to; // copy
    VkBufferCopy region;
    bool barrier; // before it
    double cost;  // expected nanoseconds; refined by what runs took
    char label[48];
} CommandStep;

// A kernel that had not run when the list was recorded, as the first of its steps uses it.
typedef struct GpuKernelUse {
    GpuPipeline *pipeline;
    GpuBinding bindings[SHADER_MAX_BINDINGS];
    double warm_ns; // that generating its code on another device took; 0 = not done
} GpuKernelUse;

// A part of a step: workgroups [base, base + groups) along each axis. Long dispatches are cut into several.
typedef struct CommandSlice {
    size_t step;
    uint32_t base[3], groups[3];
    bool barrier; // before it
    double cost;
} CommandSlice;

// One submission: slices [first, first + count).
typedef struct CommandSegment {
    VkCommandBuffer commands;
    VkFence fence;
    size_t first, count;
    double expected, measured; // nanoseconds
    bool compiles;             // begins with a kernel that never ran
} CommandSegment;

struct GpuCommands {
    Gpu *gpu;
    CommandStep *steps;
    size_t step_count, step_capacity;
    GpuKernelUse *uses; // on CPU drivers
    size_t use_count, use_capacity;
    HazardTracker hazards;
    VkDescriptorPool *pools;
    size_t pool_count, pool_used; // sets taken from the last pool
    VkCommandPool command_pool;
    CommandSlice *slices;
    size_t slice_count, slice_capacity;
    CommandSegment *segments;
    size_t segment_count, segment_made; // made: those that have a command buffer and a fence
    VkQueryPool queries;                // two a slice while profiling
    uint32_t query_count;
    double *times; // nanoseconds of each step in the last profiled run
    bool finished, profile, serialise, reverse,
        stale;         // stale: to be cut and recorded again before the next run
    bool without_work; // every dispatch has no workgroup: only the driver's own work is done
    bool warmed;       // what could be done ahead for the kernels' first dispatches is done
    uint32_t recuts, runs;
    double cost_scale; // of the device, when the steps were costed
    uint32_t barrier_count;
};

// submit.c
RSH_MUST_USE RshStatus commands_record(GpuCommands *commands, RshError *error);
void commands_drop_recording(GpuCommands *commands);

// A first dispatch that takes this long was compiled by the driver; the kernels that follow will be, too.
#define COMMANDS_COLD_NS 150e6

// warm.c: makes a CPU driver generate the code of the list's kernels that never ran, on as many threads as
// there are cores. Returns how many it was done for: 0 when there is nothing to gain. A failure costs time
// only. `stop` (may be NULL) is asked before each kernel, by any of the threads; true ends it.
size_t commands_warm(GpuCommands *commands, bool (*stop)(void *data), void *stop_data);
