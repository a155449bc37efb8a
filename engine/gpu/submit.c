// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "gpu/commands.h"

// A submission is cut where its expected time passes this: short enough that a desktop on the same device
// stays alive and a cancelled job ends at once, long enough that 15 us of submission do not show.
#define SUBMISSION_NS 30e6
// Submissions that take this many times as long make the list be cut again, with what was measured.
#define RECUT_FACTOR 2.0
// The machine may just have been busy: after this many times the cut stays as it is.
#define MAX_RECUTS 4
// Only runs of this length say something about the device's speed: shorter ones are the price of submitting.
#define TELLING_NS 5e6
// Nor is a kernel that was made ready faster than this: its code may have come from the driver's cache, and its first
// dispatch does its work, too.
#define TELLING_WARM_NS 50e6
// How far the recorders' figures may be off: a device that seems slower was busy with something else.
#define MAX_COST_SCALE 16.0
// Submissions under way at once: the device has the next one when it ends the last.
#define IN_FLIGHT 2

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void commands_drop_recording(GpuCommands *commands)
{
    VkDevice device = commands->gpu->device;
    for (size_t i = 0; i < commands->segment_made; i++) {
        if (commands->segments[i].fence)
            vkDestroyFence(device, commands->segments[i].fence, NULL);
        if (commands->segments[i].commands)
            vkFreeCommandBuffers(device, commands->command_pool, 1,
                                 &commands->segments[i].commands);
    }
    if (commands->queries)
        vkDestroyQueryPool(device, commands->queries, NULL);
    commands->queries = VK_NULL_HANDLE;
    commands->segment_count = commands->segment_made = 0;
    commands->slice_count = 0;
}

static bool add_slice(GpuCommands *commands, const CommandSlice *slice)
{
    if (commands->slice_count == commands->slice_capacity) {
        const size_t capacity = commands->slice_capacity ? commands->slice_capacity * 2 : 64;
        CommandSlice *slices = realloc(commands->slices, capacity * sizeof(*slices));
        if (!slices)
            return false;
        commands->slices = slices;
        commands->slice_capacity = capacity;
    }
    commands->slices[commands->slice_count++] = *slice;
    return true;
}

// Workgroups are independent, so a dispatch that is too long is cut along its longest axis.
static bool slice_step(GpuCommands *commands, size_t index, bool barrier)
{
    const CommandStep *step = &commands->steps[index];
    CommandSlice slice = {.step = index, .barrier = barrier, .cost = step->cost};
    memcpy(slice.groups, step->groups, sizeof(slice.groups));
    if (!step->pipeline || step->cost <= SUBMISSION_NS)
        return add_slice(commands, &slice);

    int axis = 0;
    for (int i = 1; i < 3; i++)
        if (step->groups[i] > step->groups[axis])
            axis = i;
    const uint32_t total = step->groups[axis];
    const double wanted = step->cost / SUBMISSION_NS + 1.0;
    const uint32_t parts = wanted < (double)total ? (uint32_t)wanted : total;
    for (uint32_t part = 0; part < parts; part++) {
        const uint32_t begin = (uint32_t)((uint64_t)total * part / parts);
        const uint32_t end = (uint32_t)((uint64_t)total * (part + 1) / parts);
        slice.base[axis] = begin;
        slice.groups[axis] = end - begin;
        slice.cost = step->cost * (double)(end - begin) / (double)total;
        if (!add_slice(commands, &slice))
            return false;
        slice.barrier = false;
    }
    return true;
}

// Between two barriers the order of steps is free: `reverse` takes the other extreme.
static bool slice_steps(GpuCommands *commands)
{
    for (size_t first = 0, end; first < commands->step_count; first = end) {
        for (end = first + 1; end < commands->step_count && !commands->steps[end].barrier;)
            end++;
        for (size_t i = 0; i < end - first; i++) {
            const size_t step = commands->reverse ? end - 1 - i : first + i;
            if (!slice_step(commands, step, i == 0 && commands->steps[first].barrier))
                return false;
        }
    }
    return true;
}

// CPU drivers generate a kernel's code at its first dispatch, most of a second long: not two of them in one
// submission, or a cancel would wait for all.
static bool is_first_dispatch(GpuCommands *commands, const CommandSlice *slice)
{
    GpuPipeline *pipeline = commands->steps[slice->step].pipeline;
    if (!commands->gpu->caps.software || !pipeline || pipeline->tried ||
        pipeline->counted == commands->gpu->cuts)
        return false;
    pipeline->counted = commands->gpu->cuts;
    return true;
}

static bool cut(GpuCommands *commands)
{
    commands->gpu->cuts++;
    if (!slice_steps(commands))
        return false;
    CommandSegment *segments =
        realloc(commands->segments, (commands->slice_count + 1) * sizeof(*segments));
    if (!segments)
        return false;
    commands->segments = segments;
    for (size_t i = 0; i < commands->slice_count; i++) {
        const double cost = commands->slices[i].cost;
        CommandSegment *last =
            commands->segment_count ? &segments[commands->segment_count - 1] : NULL;
        const bool first = is_first_dispatch(commands, &commands->slices[i]);
        if (!last || first || last->expected + cost > SUBMISSION_NS) {
            last = &segments[commands->segment_count++];
            *last = (CommandSegment){.first = i, .compiles = first};
        }
        last->count++;
        last->expected += cost;
    }
    return true;
}

static void barrier(VkCommandBuffer buffer)
{
    const VkAccessFlags writes = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    const VkPipelineStageFlags stages =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    const VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                    .srcAccessMask = writes,
                                    .dstAccessMask = writes | VK_ACCESS_SHADER_READ_BIT |
                                                     VK_ACCESS_UNIFORM_READ_BIT |
                                                     VK_ACCESS_TRANSFER_READ_BIT};
    vkCmdPipelineBarrier(buffer, stages, stages, 0, 1, &memory, 0, NULL, 0, NULL);
}

static void record_slice(GpuCommands *commands, VkCommandBuffer buffer, size_t index)
{
    const CommandSlice *slice = &commands->slices[index];
    const CommandStep *step = &commands->steps[slice->step];
    // Times overlap unless each kernel waits for the one before.
    if (slice->barrier || commands->serialise || commands->profile)
        barrier(buffer);
    if (commands->queries)
        vkCmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, commands->queries,
                            (uint32_t)index * 2);
    if (step->pipeline) {
        vkCmdBindPipeline(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, step->pipeline->handle);
        if (step->set)
            vkCmdBindDescriptorSets(buffer, VK_PIPELINE_BIND_POINT_COMPUTE, step->pipeline->layout,
                                    0, 1, &step->set, 0, NULL);
        if (step->push_bytes)
            vkCmdPushConstants(buffer, step->pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               step->push_bytes, step->push);
        if (commands->without_work)
            vkCmdDispatch(buffer, 0, 0, 0);
        else
            vkCmdDispatchBase(buffer, slice->base[0], slice->base[1], slice->base[2],
                              slice->groups[0], slice->groups[1], slice->groups[2]);
    } else {
        vkCmdCopyBuffer(buffer, step->from, step->to, 1, &step->region);
    }
    if (commands->queries) {
        barrier(buffer);
        vkCmdWriteTimestamp(buffer, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, commands->queries,
                            (uint32_t)index * 2 + 1);
    }
}

static VkResult record_segment(GpuCommands *commands, CommandSegment *segment)
{
    Gpu *gpu = commands->gpu;
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkCommandBufferAllocateInfo allocate = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = commands->command_pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1};
    const VkCommandBufferBeginInfo begin = {.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO};
    const VkMemoryBarrier to_host = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                                     .srcAccessMask =
                                         VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
                                     .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    commands->segment_made++;
    VkResult result = vkCreateFence(gpu->device, &fence, NULL, &segment->fence);
    if (result == VK_SUCCESS)
        result = vkAllocateCommandBuffers(gpu->device, &allocate, &segment->commands);
    if (result == VK_SUCCESS)
        result = vkBeginCommandBuffer(segment->commands, &begin);
    if (result != VK_SUCCESS)
        return result;

    if (commands->queries)
        vkCmdResetQueryPool(segment->commands, commands->queries, (uint32_t)segment->first * 2,
                            (uint32_t)segment->count * 2);
    barrier(segment->commands); // after the submission before, which may be of another list
    for (size_t i = 0; i < segment->count; i++)
        record_slice(commands, segment->commands, segment->first + i);
    vkCmdPipelineBarrier(segment->commands,
                         VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                         VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &to_host, 0, NULL, 0, NULL);
    return vkEndCommandBuffer(segment->commands);
}

RshStatus commands_record(GpuCommands *commands, RshError *error)
{
    Gpu *gpu = commands->gpu;
    VkResult result = VK_SUCCESS;
    commands_drop_recording(commands);
    if (!cut(commands))
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a command list");
    if (commands->profile && commands->slice_count) {
        commands->query_count = (uint32_t)commands->slice_count * 2;
        const VkQueryPoolCreateInfo info = {.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
                                            .queryType = VK_QUERY_TYPE_TIMESTAMP,
                                            .queryCount = commands->query_count};
        result = vkCreateQueryPool(gpu->device, &info, NULL, &commands->queries);
    }
    for (size_t i = 0; i < commands->segment_count && result == VK_SUCCESS; i++)
        result = record_segment(commands, &commands->segments[i]);
    if (result != VK_SUCCESS) {
        commands_drop_recording(commands);
        commands->stale = true;
        return gpu_fail(gpu, result, "recording commands", error);
    }
    commands->stale = false;
    return RSH_OK;
}

static VkResult submit(Gpu *gpu, CommandSegment *segment)
{
    const VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                               .commandBufferCount = 1,
                               .pCommandBuffers = &segment->commands};
    return vkQueueSubmit(gpu->queue, 1, &info, segment->fence);
}

static VkResult await(Gpu *gpu, CommandSegment *segment)
{
    VkResult result = vkWaitForFences(gpu->device, 1, &segment->fence, VK_TRUE, UINT64_MAX);
    return result == VK_SUCCESS ? vkResetFences(gpu->device, 1, &segment->fence) : result;
}

// Only the first of a submission's kernels can be one that never ran.
static void mark_tried(GpuCommands *commands, const CommandSegment *segment)
{
    if (!segment->compiles)
        return;
    GpuPipeline *pipeline = commands->steps[commands->slices[segment->first].step].pipeline;
    const double beyond = segment->measured - segment->expected;
    if (!pipeline->tried)
        pipeline_is_built(commands->gpu, pipeline, beyond > 0.0 ? beyond * 1e-9 : 0.0);
    pipeline->tried = true;
}

// What the run took replaces what was expected; a cut that turned out too coarse or too fine is made anew.
static void refine_costs(GpuCommands *commands)
{
    double expected = 0.0, measured = 0.0, longest = 0.0;
    for (size_t s = 0; s < commands->segment_count; s++) {
        expected += commands->segments[s].expected;
        measured += commands->segments[s].measured;
        if (commands->segments[s].measured > longest)
            longest = commands->segments[s].measured;
    }
    if (expected <= 0.0 || measured <= 0.0)
        return;
    // Half of the new figure: one list is not all kernels, and a busy machine must not spoil the next cut. A
    // first run compiles, and later ones of an uncut list would say the same again and again.
    commands->runs++;
    if (commands->runs == 2 && commands->recuts == 0 && measured > TELLING_NS) {
        double scale = commands->gpu->cost_scale;
        scale = 0.5 * scale + 0.5 * commands->cost_scale * measured / expected;
        scale = scale > MAX_COST_SCALE ? MAX_COST_SCALE : scale;
        commands->gpu->cost_scale = scale < 1.0 / MAX_COST_SCALE ? 1.0 / MAX_COST_SCALE : scale;
    }

    const bool coarse = longest > RECUT_FACTOR * SUBMISSION_NS;
    const bool fine = commands->segment_count > 8 &&
                      measured < SUBMISSION_NS / 4 * (double)commands->segment_count;
    if ((!coarse && !fine) || commands->recuts >= MAX_RECUTS)
        return;
    for (size_t i = 0; i < commands->step_count; i++)
        commands->steps[i].cost = 0.0;
    for (size_t s = 0; s < commands->segment_count; s++) {
        const CommandSegment *segment = &commands->segments[s];
        for (size_t i = segment->first; i < segment->first + segment->count; i++)
            commands->steps[commands->slices[i].step].cost +=
                commands->slices[i].cost * segment->measured / segment->expected;
    }
    commands->recuts++;
    commands->stale = true;
}

static RshStatus read_times(GpuCommands *commands, RshError *error)
{
    Gpu *gpu = commands->gpu;
    uint64_t *ticks = calloc(commands->query_count, sizeof(*ticks));
    if (!ticks)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for the kernels' times");
    VkResult result = vkGetQueryPoolResults(
        gpu->device, commands->queries, 0, commands->query_count,
        commands->query_count * sizeof(*ticks), ticks, sizeof(*ticks), VK_QUERY_RESULT_64_BIT);
    memset(commands->times, 0, commands->step_count * sizeof(*commands->times));
    // Counters narrower than 64 bits wrap.
    const uint64_t mask = gpu->facts.timestamp_bits >= 64
                              ? UINT64_MAX
                              : ((uint64_t)1 << gpu->facts.timestamp_bits) - 1;
    for (size_t i = 0; i < commands->slice_count && result == VK_SUCCESS; i++)
        commands->times[commands->slices[i].step] +=
            (double)((ticks[2 * i + 1] - ticks[2 * i]) & mask) * (double)gpu->caps.timestamp_ns;
    free(ticks);
    return result == VK_SUCCESS ? RSH_OK
                                : gpu_fail(gpu, result, "reading the kernels' times", error);
}

// A driver that keeps no code for its other devices generates it again: then it is not asked for ahead.
static void judge_warming(GpuCommands *commands)
{
    double ahead = 0.0, first = 0.0;
    for (size_t s = 0; commands->warmed && s < commands->segment_count; s++) {
        const CommandSegment *segment = &commands->segments[s];
        const GpuPipeline *pipeline =
            commands->steps[commands->slices[segment->first].step].pipeline;
        for (size_t i = 0; segment->compiles && i < commands->use_count; i++)
            if (commands->uses[i].pipeline == pipeline &&
                commands->uses[i].warm_ns > TELLING_WARM_NS) {
                ahead += commands->uses[i].warm_ns;
                first += segment->measured;
            }
    }
    commands->gpu->warming_fails |= first > 0.5 * ahead;
    for (size_t i = 0; i < commands->use_count; i++)
        commands->uses[i].warm_ns = 0.0; // replays are no first dispatches
}

static void warm_once(GpuCommands *commands, bool (*stop)(void *data), void *stop_data)
{
    if (!commands->warmed && !commands->gpu->warming_fails) {
        const double before = now_ns();
        commands_warm(commands, stop, stop_data);
        for (size_t i = 0; i < commands->use_count; i++)
            commands->uses[i].pipeline->built += commands->uses[i].warm_ns * 1e-9;
        commands->gpu->built_seconds += (now_ns() - before) * 1e-9;
    }
    commands->warmed = true;
}

// Whether code will be generated for one that never ran: then all of them are built at once, not the first alone.
static bool expects_cold(const GpuCommands *commands)
{
    for (size_t i = 0; i < commands->use_count; i++) {
        const GpuPipeline *pipeline = commands->uses[i].pipeline;
        if (!pipeline->tried &&
            pipeline_expected_seconds(commands->gpu, pipeline) * 1e9 > COMMANDS_COLD_NS)
            return true;
    }
    return false;
}

RshStatus gpu_commands_run(GpuCommands *commands, bool (*stop)(void *data), void *stop_data,
                           RshError *error)
{
    Gpu *gpu = commands->gpu;
    VkResult result = VK_SUCCESS;
    RshStatus status = gpu_check(gpu, error);
    if (status == RSH_OK && !commands->finished)
        status =
            error_set(error, RSH_ERROR_ARGUMENT, "a command list was run before it was finished");
    if (status == RSH_OK && commands->stale)
        status = commands_record(commands, error);
    if (status != RSH_OK)
        return status;

    size_t submitted = 0, done = 0;
    bool stopped = false;
    if (gpu->cold || (!commands->warmed && expects_cold(commands)))
        warm_once(commands, stop, stop_data);
    double last = now_ns();
    while (result == VK_SUCCESS && (done < submitted || submitted < commands->segment_count)) {
        while (!stopped && result == VK_SUCCESS && submitted < commands->segment_count &&
               submitted - done < (commands->segments[submitted].compiles ? 1 : IN_FLIGHT)) {
            stopped = stop && stop(stop_data);
            if (!stopped)
                result = submit(gpu, &commands->segments[submitted++]);
        }
        if (result != VK_SUCCESS || done == submitted)
            break;
        result = await(gpu, &commands->segments[done]);
        const double now = now_ns();
        CommandSegment *ended = &commands->segments[done++];
        ended->measured = now - last;
        last = now;
        if (result == VK_SUCCESS)
            mark_tried(commands, ended);
        if (result == VK_SUCCESS && ended->compiles && ended->measured > COMMANDS_COLD_NS) {
            warm_once(commands, stop, stop_data);
            last = now_ns();
        }
    }
    if (result != VK_SUCCESS) {
        // Nothing may be left running when the caller frees buffers: what was submitted before may be, even when the
        // device is said to be lost, and then the wait ends in finite time.
        (void)vkQueueWaitIdle(gpu->queue);
        return gpu_fail(gpu, result, "running commands", error);
    }
    if (stopped)
        return RSH_CANCELLED;
    judge_warming(commands);
    if (commands->queries)
        status = read_times(commands, error);
    else
        refine_costs(commands);
    return status;
}
