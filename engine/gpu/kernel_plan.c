// SPDX-License-Identifier: GPL-3.0-or-later
// The kernels of planned work, and what building them will take.
#include <stdlib.h>
#include <string.h>

#include "gpu/device.h"

void gpu_plan_clear(Gpu *gpu)
{
    gpu->plan.count = 0;
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
        plan->items[plan->count++] = (PlannedKernel){key, stage};
    }
}

double gpu_plan_left(const Gpu *gpu, uint32_t stage)
{
    double seconds = 0.0;
    for (size_t i = 0; i < gpu->plan.count; i++) {
        const PlannedKernel *kernel = &gpu->plan.items[i];
        if (stage == GPU_ALL_STAGES || kernel->stage == stage)
            seconds += kernel_log_expect(gpu->kernels, &kernel->key);
    }
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
