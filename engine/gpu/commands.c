// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

// Descriptor pools grow in blocks of this many sets; a set holds at most SHADER_MAX_BINDINGS buffers, and
// eight of each kind on average.
#define POOL_SETS 128

RshStatus gpu_commands_create(Gpu *gpu, GpuCommands **out, RshError *error)
{
    *out = NULL;
    RshStatus status = gpu_check(gpu, error);
    if (status != RSH_OK)
        return status;
    GpuCommands *commands = calloc(1, sizeof(*commands));
    if (!commands)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
    commands->gpu = gpu;
    const VkCommandPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
                                          .queueFamilyIndex = gpu->facts.queue_family};
    VkResult result = vkCreateCommandPool(gpu->device, &info, NULL, &commands->command_pool);
    if (result != VK_SUCCESS) {
        status = gpu_fail(gpu, result, "creating a command pool", error);
        gpu_commands_destroy(&commands);
    }
    *out = commands;
    return status;
}

void gpu_commands_destroy(GpuCommands **commands)
{
    GpuCommands *self = *commands;
    *commands = NULL;
    if (!self)
        return;
    commands_drop_recording(self);
    for (size_t i = 0; i < self->pool_count; i++)
        vkDestroyDescriptorPool(self->gpu->device, self->pools[i], NULL);
    if (self->command_pool)
        vkDestroyCommandPool(self->gpu->device, self->command_pool, NULL);
    hazard_clear(&self->hazards);
    free(self->pools);
    free(self->steps);
    free(self->uses);
    free(self->slices);
    free(self->segments);
    free(self->times);
    free(self);
}

static RshStatus add_pool(GpuCommands *commands, RshError *error)
{
    Gpu *gpu = commands->gpu;
    const VkDescriptorPoolSize sizes[] = {
        {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, POOL_SETS * 8},
        {VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, POOL_SETS * 2},
        {VK_DESCRIPTOR_TYPE_UNIFORM_TEXEL_BUFFER, POOL_SETS * 8},
        {VK_DESCRIPTOR_TYPE_STORAGE_TEXEL_BUFFER, POOL_SETS * 4},
    };
    const VkDescriptorPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
                                             .maxSets = POOL_SETS,
                                             .poolSizeCount = 4,
                                             .pPoolSizes = sizes};
    VkDescriptorPool *pools =
        realloc(commands->pools, (commands->pool_count + 1) * sizeof(VkDescriptorPool));
    if (!pools)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for descriptors");
    commands->pools = pools;
    VkResult result =
        vkCreateDescriptorPool(gpu->device, &info, NULL, &pools[commands->pool_count]);
    if (result != VK_SUCCESS)
        return gpu_fail(gpu, result, "creating a descriptor pool", error);
    commands->pool_count++;
    commands->pool_used = 0;
    return RSH_OK;
}

static RshStatus allocate_set(GpuCommands *commands, const GpuPipeline *pipeline,
                              VkDescriptorSet *out, RshError *error)
{
    Gpu *gpu = commands->gpu;
    VkDescriptorSetAllocateInfo info = {.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
                                        .descriptorSetCount = 1,
                                        .pSetLayouts = &pipeline->set_layout};
    // A pool can run out of one kind before it runs out of sets, so one more is tried once.
    for (int attempt = 0; attempt < 2; attempt++) {
        if (attempt || commands->pool_count == 0 || commands->pool_used == POOL_SETS) {
            RshStatus status = add_pool(commands, error);
            if (status != RSH_OK)
                return status;
        }
        info.descriptorPool = commands->pools[commands->pool_count - 1];
        VkResult result = vkAllocateDescriptorSets(gpu->device, &info, out);
        if (result == VK_SUCCESS) {
            commands->pool_used++;
            return RSH_OK;
        }
        if (result != VK_ERROR_OUT_OF_POOL_MEMORY && result != VK_ERROR_FRAGMENTED_POOL)
            return gpu_fail(gpu, result, "allocating descriptors", error);
    }
    return error_set(error, RSH_ERROR_MEMORY, "kernel %s: no descriptors left",
                     pipeline->blob->name);
}

static RshStatus check_binding(const Gpu *gpu, const ShaderBlob *blob, uint32_t slot,
                               const GpuBinding *binding, RshError *error)
{
    const ShaderBinding *declared = &blob->bindings[slot];
    const bool texel =
        declared->kind == SHADER_UNIFORM_TEXEL || declared->kind == SHADER_STORAGE_TEXEL;
    const uint32_t alignment = texel ? gpu->caps.texel_alignment : gpu->caps.storage_alignment;
    if (!binding->buffer || texel != (binding->view != GPU_VIEW_STORAGE))
        return error_set(error, RSH_ERROR_ARGUMENT, "kernel %s: binding %u %s", blob->name, slot,
                         !binding->buffer ? "is empty"
                         : texel          ? "is a texel buffer and got a storage view"
                                          : "is a storage buffer and got a texel view");
    if (declared->writable && !binding->written)
        return error_set(
            error, RSH_ERROR_ARGUMENT,
            "kernel %s: binding %u may be written by the shader and is passed as read; "
            "declare it readonly or mark it written",
            blob->name, slot);
    if (binding->bytes == 0 || binding->offset > binding->buffer->bytes ||
        binding->bytes > binding->buffer->bytes - binding->offset)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "kernel %s: binding %u is outside its buffer of %llu bytes", blob->name,
                         slot, (unsigned long long)binding->buffer->bytes);
    if (binding->offset & (alignment - 1))
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "kernel %s: binding %u starts at byte %llu, not a multiple of %u",
                         blob->name, slot, (unsigned long long)binding->offset, alignment);
    if (texel && binding->bytes / view_texel_bytes(binding->view) > gpu->caps.max_texels)
        return error_set(
            error, RSH_ERROR_MEMORY,
            "kernel %s: binding %u has %llu texels and %s allows %llu; choose a smaller size",
            blob->name, slot,
            (unsigned long long)(binding->bytes / view_texel_bytes(binding->view)), gpu->caps.name,
            (unsigned long long)gpu->caps.max_texels);
    if (!texel && binding->bytes > gpu->caps.max_storage_bytes)
        return error_set(
            error, RSH_ERROR_MEMORY,
            "kernel %s: binding %u has %.0f MiB and %s allows %.0f; choose a smaller size",
            blob->name, slot, (double)binding->bytes / 1048576.0, gpu->caps.name,
            (double)gpu->caps.max_storage_bytes / 1048576.0);
    return RSH_OK;
}

// llvmpipe reads bits 8 to 15 of a texel view's size as the last level of a picture and generates a kernel's
// code anew for views where they are all zero: such a view is made longer.
static uint64_t view_bytes(const Gpu *gpu, const GpuBinding *binding)
{
    const uint64_t texel = view_texel_bytes(binding->view);
    const uint64_t bytes = binding->bytes / texel * texel, longer = bytes + BUFFER_SLACK;
    return gpu->caps.software && (bytes >> 8 & 0xff) == 0 && longer / texel <= gpu->caps.max_texels
               ? longer
               : bytes;
}

static RshStatus write_set(GpuCommands *commands, const GpuPipeline *pipeline, VkDescriptorSet set,
                           const GpuBinding *bindings, RshError *error)
{
    const ShaderBlob *blob = pipeline->blob;
    VkWriteDescriptorSet writes[SHADER_MAX_BINDINGS];
    VkDescriptorBufferInfo buffers[SHADER_MAX_BINDINGS];
    VkBufferView views[SHADER_MAX_BINDINGS];
    for (uint32_t i = 0; i < blob->binding_count; i++) {
        const GpuBinding *binding = &bindings[i];
        writes[i] = (VkWriteDescriptorSet){.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
                                           .dstSet = set,
                                           .dstBinding = i,
                                           .descriptorCount = 1,
                                           .descriptorType =
                                               pipeline_descriptor_type(blob->bindings[i].kind)};
        if (binding->view == GPU_VIEW_STORAGE) {
            buffers[i] =
                (VkDescriptorBufferInfo){binding->buffer->handle, binding->offset, binding->bytes};
            writes[i].pBufferInfo = &buffers[i];
            continue;
        }
        RshStatus status =
            buffer_view(binding->buffer, binding->offset, view_bytes(commands->gpu, binding),
                        binding->view, &views[i], error);
        if (status != RSH_OK)
            return status;
        writes[i].pTexelBufferView = &views[i];
    }
    vkUpdateDescriptorSets(commands->gpu->device, blob->binding_count, writes, 0, NULL);
    return RSH_OK;
}

static RshStatus add_step(GpuCommands *commands, const GpuAccess *accesses, size_t count,
                          CommandStep **out, RshError *error)
{
    if (commands->step_count == commands->step_capacity) {
        const size_t capacity = commands->step_capacity ? commands->step_capacity * 2 : 64;
        CommandStep *steps = realloc(commands->steps, capacity * sizeof(*steps));
        if (!steps)
            return error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
        commands->steps = steps;
        commands->step_capacity = capacity;
    }
    CommandStep *step = &commands->steps[commands->step_count];
    *step = (CommandStep){0};
    if (!hazard_add(&commands->hazards, accesses, count, &step->barrier))
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
    commands->barrier_count += step->barrier;
    commands->step_count++;
    *out = step;
    return RSH_OK;
}

static RshStatus check_dispatch(const GpuCommands *commands, const ShaderBlob *blob,
                                const GpuBinding *bindings, uint32_t binding_count,
                                uint32_t push_bytes, const uint32_t groups[3], RshError *error)
{
    const Gpu *gpu = commands->gpu;
    if (commands->finished)
        return error_set(error, RSH_ERROR_ARGUMENT, "kernel %s: the command list is finished",
                         blob->name);
    if (binding_count != blob->binding_count)
        return error_set(error, RSH_ERROR_ARGUMENT, "kernel %s: %u bindings passed, it has %u",
                         blob->name, binding_count, blob->binding_count);
    if (push_bytes < blob->push_bytes)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "kernel %s: %u bytes of push constants passed, it has %u", blob->name,
                         push_bytes, blob->push_bytes);
    for (int i = 0; i < 3; i++)
        if (groups[i] == 0 || groups[i] > gpu->caps.max_groups[i])
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "kernel %s: %u workgroups along axis %d, 1 to %u are possible",
                             blob->name, groups[i], i, gpu->caps.max_groups[i]);
    for (uint32_t i = 0; i < binding_count; i++) {
        RshStatus status = check_binding(gpu, blob, i, &bindings[i], error);
        if (status != RSH_OK)
            return status;
    }
    return gpu_check(gpu, error);
}

// Remembers how the first step with `pipeline` uses it, for warm.c.
static bool add_use(GpuCommands *commands, GpuPipeline *pipeline, const GpuBinding *bindings)
{
    if (!commands->gpu->caps.software || pipeline->tried)
        return true;
    for (size_t i = 0; i < commands->use_count; i++)
        if (commands->uses[i].pipeline == pipeline)
            return true;
    if (commands->use_count == commands->use_capacity) {
        const size_t capacity = commands->use_capacity ? commands->use_capacity * 2 : 16;
        GpuKernelUse *uses = realloc(commands->uses, capacity * sizeof(*uses));
        if (!uses)
            return false;
        commands->uses = uses;
        commands->use_capacity = capacity;
    }
    GpuKernelUse *use = &commands->uses[commands->use_count++];
    *use = (GpuKernelUse){.pipeline = pipeline};
    memcpy(use->bindings, bindings, pipeline->blob->binding_count * sizeof(*bindings));
    return true;
}

RshStatus gpu_commands_dispatch(GpuCommands *commands, GpuPipeline *pipeline,
                                const GpuBinding *bindings, uint32_t binding_count,
                                const void *push, uint32_t push_bytes, const uint32_t groups[3],
                                uint64_t cost_ns, const char *label, RshError *error)
{
    const ShaderBlob *blob = pipeline->blob;
    GpuAccess accesses[SHADER_MAX_BINDINGS];
    VkDescriptorSet set = VK_NULL_HANDLE;
    CommandStep *step = NULL;
    RshStatus status =
        check_dispatch(commands, blob, bindings, binding_count, push_bytes, groups, error);
    if (status == RSH_OK)
        status = allocate_set(commands, pipeline, &set, error);
    if (status == RSH_OK)
        status = write_set(commands, pipeline, set, bindings, error);
    if (status == RSH_OK && !add_use(commands, pipeline, bindings))
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
    if (status != RSH_OK)
        return status;

    for (uint32_t i = 0; i < binding_count; i++)
        accesses[i] = (GpuAccess){bindings[i].buffer, bindings[i].offset,
                                  bindings[i].offset + bindings[i].bytes, bindings[i].written};
    status = add_step(commands, accesses, binding_count, &step, error);
    if (status != RSH_OK)
        return status;
    step->pipeline = pipeline;
    step->set = set;
    memcpy(step->groups, groups, sizeof(step->groups));
    step->push_bytes = blob->push_bytes;
    if (blob->push_bytes)
        memcpy(step->push, push, blob->push_bytes);
    step->cost = (double)(cost_ns ? cost_ns : 1);
    snprintf(step->label, sizeof(step->label), "%s", label ? label : blob->name);
    return RSH_OK;
}

RshStatus gpu_commands_copy(GpuCommands *commands, GpuBuffer *from, uint64_t from_offset,
                            GpuBuffer *to, uint64_t to_offset, uint64_t bytes, RshError *error)
{
    CommandStep *step = NULL;
    if (commands->finished || bytes == 0 || from_offset > from->bytes ||
        bytes > from->bytes - from_offset || to_offset > to->bytes || bytes > to->bytes - to_offset)
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "a recorded copy of %llu bytes is outside its buffers or comes too late",
                         (unsigned long long)bytes);
    const GpuAccess accesses[] = {{from, from_offset, from_offset + bytes, false},
                                  {to, to_offset, to_offset + bytes, true}};
    RshStatus status = add_step(commands, accesses, 2, &step, error);
    if (status != RSH_OK)
        return status;
    step->from = from->handle;
    step->to = to->handle;
    step->region = (VkBufferCopy){from_offset, to_offset, bytes};
    step->cost = (double)bytes / 4.0 + 1.0; // 4 GB/s, the slowest link that matters
    snprintf(step->label, sizeof(step->label), "copy");
    return RSH_OK;
}

RshStatus gpu_commands_finish(GpuCommands *commands, RshError *error)
{
    if (commands->finished)
        return RSH_OK;
    commands->finished = true;
    commands->stale = true;
    hazard_clear(&commands->hazards);
    commands->cost_scale = commands->gpu->cost_scale;
    for (size_t i = 0; i < commands->step_count; i++)
        commands->steps[i].cost *= commands->cost_scale;
    commands->times = calloc(commands->step_count + 1, sizeof(*commands->times));
    if (!commands->times)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
    return commands_record(commands, error);
}

void gpu_commands_profile(GpuCommands *commands, bool enable)
{
    enable = enable && commands->gpu->caps.timestamps;
    commands->stale |= commands->profile != enable;
    commands->profile = enable;
}

void gpu_commands_serialise(GpuCommands *commands, bool enable)
{
    commands->stale |= commands->serialise != enable;
    commands->serialise = enable;
}

void gpu_commands_reverse(GpuCommands *commands, bool enable)
{
    commands->stale |= commands->reverse != enable;
    commands->reverse = enable;
}

uint32_t gpu_commands_barriers(const GpuCommands *commands)
{
    return commands->barrier_count;
}

uint32_t gpu_commands_submissions(const GpuCommands *commands)
{
    return (uint32_t)commands->segment_count;
}

size_t gpu_commands_times(const GpuCommands *commands, const char **labels, double *ns,
                          size_t capacity)
{
    for (size_t i = 0; i < commands->step_count && i < capacity; i++) {
        labels[i] = commands->steps[i].label;
        ns[i] = commands->profile && commands->times ? commands->times[i] : 0.0;
    }
    return commands->step_count;
}
