// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/pipeline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

VkDescriptorType pipeline_descriptor_type(ShaderBindingKind kind)
{
    switch (kind) {
    case SHADER_UNIFORM:
        return VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
    case SHADER_UNIFORM_TEXEL:
        return VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER;
    case SHADER_STORAGE_TEXEL:
        return VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER;
    case SHADER_STORAGE:
        break;
    }
    return VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
}

uint64_t shader_table_hash(void)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < shader_table_count; i++)
        hash = (hash ^ shader_table[i]->hash) * 0x100000001b3u; // FNV-1a over the hashes
    return hash;
}

const ShaderBlob *shader_find(const char *name)
{
    size_t low = 0, high = shader_table_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(shader_table[middle]->name, name);
        if (order == 0)
            return shader_table[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void pipeline_destroy(Gpu *gpu, GpuPipeline *pipeline)
{
    if (!pipeline)
        return;
    if (pipeline->handle)
        vkDestroyPipeline(gpu->device, pipeline->handle, NULL);
    if (pipeline->layout)
        vkDestroyPipelineLayout(gpu->device, pipeline->layout, NULL);
    if (pipeline->set_layout)
        vkDestroyDescriptorSetLayout(gpu->device, pipeline->set_layout, NULL);
    free(pipeline);
}

static VkResult create_layout(Gpu *gpu, GpuPipeline *pipeline)
{
    const ShaderBlob *blob = pipeline->blob;
    VkDescriptorSetLayoutBinding bindings[SHADER_MAX_BINDINGS];
    for (uint32_t i = 0; i < blob->binding_count; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = pipeline_descriptor_type(blob->bindings[i].kind),
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    const VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = blob->binding_count,
        .pBindings = bindings};
    VkResult result = vkCreateDescriptorSetLayout(gpu->device, &set, NULL, &pipeline->set_layout);
    if (result != VK_SUCCESS)
        return result;

    const VkPushConstantRange push = {VK_SHADER_STAGE_COMPUTE_BIT, 0, blob->push_bytes};
    const VkPipelineLayoutCreateInfo layout = {.sType =
                                                   VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
                                               .setLayoutCount = 1,
                                               .pSetLayouts = &pipeline->set_layout,
                                               .pushConstantRangeCount = blob->push_bytes ? 1 : 0,
                                               .pPushConstantRanges = &push};
    return vkCreatePipelineLayout(gpu->device, &layout, NULL, &pipeline->layout);
}

static VkResult create_handle(Gpu *gpu, GpuPipeline *pipeline)
{
    const ShaderBlob *blob = pipeline->blob;
    VkShaderModule module = VK_NULL_HANDLE;
    const VkShaderModuleCreateInfo code = {.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
                                           .codeSize = blob->word_count * 4,
                                           .pCode = blob->words};
    VkResult result = vkCreateShaderModule(gpu->device, &code, NULL, &module);
    if (result != VK_SUCCESS)
        return result;

    VkSpecializationMapEntry entries[GPU_MAX_CONSTANTS];
    for (uint32_t i = 0; i < pipeline->constant_count; i++)
        entries[i] = (VkSpecializationMapEntry){i, i * 4, 4};
    const VkSpecializationInfo constants = {pipeline->constant_count, entries,
                                            pipeline->constant_count * 4u, pipeline->constants};
    // Without this a driver with several sizes may run another one than the caps say.
    const VkPipelineShaderStageRequiredSubgroupSizeCreateInfo subgroup = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO,
        .requiredSubgroupSize = gpu->caps.subgroup_size};
    // A dispatch may be cut into several submissions, each starting at its own base workgroup.
    const VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .flags = VK_PIPELINE_CREATE_DISPATCH_BASE,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = gpu->facts.subgroup_size_control ? &subgroup : NULL,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main",
                  .pSpecializationInfo = &constants},
        .layout = pipeline->layout};
    result = vkCreateComputePipelines(gpu->device, gpu->pipelines.cache, 1, &info, NULL,
                                      &pipeline->handle);
    vkDestroyShaderModule(gpu->device, module, NULL);
    return result;
}

static bool same_constants(const GpuPipeline *pipeline, const uint32_t *constants, uint32_t count)
{
    return pipeline->constant_count == count &&
           (count == 0 || memcmp(pipeline->constants, constants, count * 4) == 0);
}

static GpuPipeline *find_pipeline(const Gpu *gpu, const char *shader, const uint32_t *constants,
                                  uint32_t count)
{
    for (size_t i = 0; i < gpu->pipelines.count; i++) {
        GpuPipeline *pipeline = gpu->pipelines.items[i];
        if (same_constants(pipeline, constants, count) && strcmp(pipeline->blob->name, shader) == 0)
            return pipeline;
    }
    return NULL;
}

static bool reserve_slots(GpuPipelineSet *set, size_t more)
{
    if (set->count + more <= set->capacity)
        return true;
    const size_t capacity = (set->count + more) * 2;
    GpuPipeline **items = realloc(set->items, capacity * sizeof(GpuPipeline *));
    if (!items)
        return false;
    set->items = items;
    set->capacity = capacity;
    return true;
}

// A pipeline with everything but its code, or NULL when memory is short.
static GpuPipeline *new_pipeline(const ShaderBlob *blob, const uint32_t *constants, uint32_t count)
{
    GpuPipeline *pipeline = calloc(1, sizeof(*pipeline));
    if (!pipeline)
        return NULL;
    pipeline->blob = blob;
    pipeline->constant_count = count;
    if (count)
        memcpy(pipeline->constants, constants, count * 4);
    return pipeline;
}

static RshStatus compile_failed(Gpu *gpu, const ShaderBlob *blob, VkResult result, RshError *error)
{
    char what[96];
    snprintf(what, sizeof(what), "compiling kernel %.60s", blob->name);
    return gpu_fail(gpu, result, what, error);
}

RshStatus gpu_pipeline_get(Gpu *gpu, const char *shader, const uint32_t *constants, uint32_t count,
                           GpuPipeline **out, RshError *error)
{
    GpuPipelineRequest request = {.constant_count = count};
    RshStatus status = gpu_check(gpu, error);
    *out = NULL;
    if (status != RSH_OK)
        return status;
    if (count > GPU_MAX_CONSTANTS)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "kernel %s: %u constants, at most %d are possible", shader, count,
                         GPU_MAX_CONSTANTS);
    *out = find_pipeline(gpu, shader, constants, count);
    if (*out)
        return RSH_OK;
    snprintf(request.shader, sizeof(request.shader), "%s", shader);
    if (count)
        memcpy(request.constants, constants, count * 4);
    status = gpu_pipelines_compile(gpu, &request, 1, NULL, NULL, error);
    if (status == RSH_OK)
        *out = find_pipeline(gpu, shader, constants, count);
    return status;
}

// ---- several at once: a driver compiles on the calling thread ---------------------------------------

typedef struct CompileJob {
    Gpu *gpu;
    GpuPipeline **pipelines;
    VkResult *results;
    size_t count;
    atomic_size_t next;
    bool (*stop)(void *data);
    void *stop_data;
} CompileJob;

static double now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

size_t gpu_builders(const Gpu *gpu)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (gpu->caps.software && gpu->warming_fails)
        return 1;
    return cores < 1 ? 1 : cores > GPU_MAX_BUILDERS ? GPU_MAX_BUILDERS : (size_t)cores;
}

static void *compile_some(void *data)
{
    CompileJob *job = data;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->count;) {
        if (job->stop && job->stop(job->stop_data)) {
            job->results[i] = VK_NOT_READY; // and so are those that follow
            continue;
        }
        const double began = now_ms();
        job->results[i] = create_layout(job->gpu, job->pipelines[i]);
        if (job->results[i] == VK_SUCCESS)
            job->results[i] = create_handle(job->gpu, job->pipelines[i]);
        job->pipelines[i]->built = (now_ms() - began) * 1e-3;
    }
    return NULL;
}

static void compile_all(CompileJob *job)
{
    pthread_t threads[GPU_MAX_BUILDERS - 1];
    const size_t builders = gpu_builders(job->gpu);
    size_t started = 0;
    while (started + 1 < job->count && started + 1 < builders &&
           pthread_create(&threads[started], NULL, compile_some, job) == 0)
        started++;
    compile_some(job);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static KernelKey pipeline_key(const GpuPipeline *pipeline)
{
    KernelKey key = {pipeline->blob, {0}, pipeline->constant_count};
    memcpy(key.constants, pipeline->constants, sizeof(key.constants));
    return key;
}

void pipeline_is_built(Gpu *gpu, GpuPipeline *pipeline, double seconds)
{
    const KernelKey key = pipeline_key(pipeline);
    gpu->built_seconds += seconds;
    if (gpu->kernels)
        kernel_log_add(gpu->kernels, &key, pipeline->before, pipeline->built + seconds);
}

double pipeline_expected_seconds(const Gpu *gpu, const GpuPipeline *pipeline)
{
    const KernelKey key = pipeline_key(pipeline);
    return gpu->kernels ? kernel_log_expect(gpu->kernels, &key) : 0.0;
}

// `seconds` passed while they were created side by side.
static void note_creation(CompileJob *job, double seconds)
{
    for (size_t i = 0; i < job->count; i++) {
        GpuPipeline *pipeline = job->pipelines[i];
        const KernelKey key = pipeline_key(pipeline);
        pipeline->before = job->gpu->kernels && kernel_log_built_before(job->gpu->kernels, &key);
    }
    job->gpu->built_seconds += seconds;
}

// Those of `requests` that do not exist yet, once each.
static RshStatus missing_pipelines(Gpu *gpu, const GpuPipelineRequest *requests, size_t count,
                                   CompileJob *job, RshError *error)
{
    for (size_t r = 0; r < count; r++) {
        const GpuPipelineRequest *request = &requests[r];
        const ShaderBlob *blob = shader_find(request->shader);
        bool known =
            find_pipeline(gpu, request->shader, request->constants, request->constant_count);
        for (size_t i = 0; i < job->count && !known; i++)
            known = job->pipelines[i]->blob == blob &&
                    same_constants(job->pipelines[i], request->constants, request->constant_count);
        if (known)
            continue;
        if (!blob)
            return error_set(error, RSH_ERROR_ARGUMENT, "there is no kernel named %s",
                             request->shader);
        job->pipelines[job->count] =
            new_pipeline(blob, request->constants, request->constant_count);
        if (!job->pipelines[job->count] || !reserve_slots(&gpu->pipelines, job->count + 1))
            return error_set(error, RSH_ERROR_MEMORY, "no memory for kernel %s", request->shader);
        job->count++;
    }
    return RSH_OK;
}

RshStatus gpu_pipelines_compile(Gpu *gpu, const GpuPipelineRequest *requests, size_t count,
                                bool (*stop)(void *data), void *stop_data, RshError *error)
{
    RshStatus status = gpu_check(gpu, error);
    CompileJob job = {.gpu = gpu, .stop = stop, .stop_data = stop_data};
    if (status != RSH_OK || count == 0)
        return status;
    job.pipelines = calloc(count, sizeof(GpuPipeline *));
    job.results = calloc(count, sizeof(VkResult));
    if (!job.pipelines || !job.results)
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for kernels");
    if (status == RSH_OK)
        status = missing_pipelines(gpu, requests, count, &job, error);
    if (status == RSH_OK && job.count) {
        gpu_log(gpu, RSH_LOG_DEBUG, "%zu kernels to compile", job.count);
        const double before = now_ms();
        compile_all(&job);
        note_creation(&job, (now_ms() - before) * 1e-3);
        gpu_log(gpu, RSH_LOG_DEBUG, "kernels compiled in %.0f ms", now_ms() - before);
    }
    for (size_t i = 0; job.pipelines && i < count; i++) {
        GpuPipeline *pipeline = job.pipelines[i];
        if (pipeline && pipeline->handle) {
            gpu->pipelines.items[gpu->pipelines.count++] = pipeline;
            if (!gpu->caps.software) // where it is, the first run builds the rest
                pipeline_is_built(gpu, pipeline, 0.0);
            continue;
        }
        if (pipeline && status == RSH_OK && job.results[i] == VK_NOT_READY)
            status = error_set(error, RSH_CANCELLED, "cancelled");
        else if (pipeline && status == RSH_OK)
            status = compile_failed(gpu, pipeline->blob, job.results[i], error);
        pipeline_destroy(gpu, pipeline);
    }
    free(job.pipelines);
    free(job.results);
    return status;
}

void pipelines_destroy(Gpu *gpu)
{
    GpuPipelineSet *set = &gpu->pipelines;
    for (size_t i = 0; i < set->count; i++)
        pipeline_destroy(gpu, set->items[i]);
    free(set->items);
    if (set->cache)
        vkDestroyPipelineCache(gpu->device, set->cache, NULL);
    *set = (GpuPipelineSet){0};
}
