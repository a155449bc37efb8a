// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of planned work, and what building them will take.
#include <stdlib.h>
#include <string.h>

#include "gpu/device.h"

void gpu_plan_clear(Gpu *gpu)
{
    gpu->plan.count = gpu->plan.graphs = 0;
}

static bool is_planned(const KernelPlan *plan, const KernelKey *key)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (kernel_key_equal(&plan->items[i].key, key))
            return true;
    }
    return false;
}

void gpu_plan_add(Gpu *gpu, const GpuPipelineRequest *requests, size_t count, uint32_t stage)
{
    KernelPlan *plan = &gpu->plan;
    plan->graphs++;
    for (size_t i = 0; i < count; i++) {
        KernelKey key = {shader_find(requests[i].shader), {0}, requests[i].constant_count};
        memcpy(key.constants, requests[i].constants, sizeof(key.constants));
        if (!key.blob || is_planned(plan, &key))
            continue;
        if (plan->count == plan->capacity) {
            const size_t capacity = plan->capacity ? plan->capacity * 2 : 128;
            PlannedKernel *items = realloc(plan->items, capacity * sizeof(*items));
            if (!items)
                return; // the forecast is shorter, and nothing else
            plan->items = items;
            plan->capacity = capacity;
        }
        plan->items[plan->count++] = (PlannedKernel){key, stage, plan->graphs};
    }
}

// The kernels of one graph, the first of which is number `first`, are built side by side.
static double graph_left(const Gpu *gpu, size_t first)
{
    const KernelPlan *plan = &gpu->plan;
    const size_t builders = gpu_builders(gpu);
    double busy[GPU_MAX_BUILDERS] = {0.0}, longest = 0.0; // seconds of each thread
    for (size_t i = first; i < plan->count && plan->items[i].graph == plan->items[first].graph;
         i++) {
        size_t next = 0; // the one that is free first
        for (size_t b = 1; b < builders; b++)
            next = busy[b] < busy[next] ? b : next;
        busy[next] += kernel_log_expect(gpu->kernels, &plan->items[i].key);
        longest = busy[next] > longest ? busy[next] : longest;
    }
    return longest;
}

double gpu_plan_left(const Gpu *gpu, uint32_t stage)
{
    double seconds = 0.0;
    for (size_t i = 0; i < gpu->plan.count; i++)
        if ((i == 0 || gpu->plan.items[i].graph != gpu->plan.items[i - 1].graph) &&
            (stage == GPU_ALL_STAGES || gpu->plan.items[i].stage == stage))
            seconds += graph_left(gpu, i);
    return seconds;
}

double gpu_built_seconds(const Gpu *gpu)
{
    return gpu->built_seconds;
}

void gpu_kernels_save(Gpu *gpu)
{
    kernel_log_save(gpu->kernels, gpu);
}
