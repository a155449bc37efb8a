// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define ZEROS_BYTES 65536u // recorder_nothing()

// ---- where tensors lie ------------------------------------------------------------------------------

static uint64_t element_bytes(const Tensor *tensor)
{
    return tensor->type == TENSOR_U8 ? 1 : 4;
}

static bool is_fixed(const Tensor *tensor)
{
    return !tensor->base && (tensor->kind == TENSOR_INPUT || tensor->kind == TENSOR_CONSTANT);
}

uint64_t tensor_span(const Tensor *tensor)
{
    const uint64_t rows = shape_rows(tensor->shape);
    const uint64_t last = channel_stride(tensor->shape.channels);
    return rows ? ((rows - 1) * tensor->stride + last) * element_bytes(tensor) : 0;
}

RshStatus program_locate(const GpuProgram *program, const Tensor *tensor, GpuBuffer **buffer,
                         uint64_t *offset, RshError *error)
{
    const Tensor *base = tensor->base ? tensor->base : tensor;
    const State *state = NULL;
    bool conflict;
    *buffer = NULL;
    *offset = PLAN_NONE;
    switch (base->kind) {
    case TENSOR_ARENA:
        *buffer = program->arena;
        *offset = program->plan->tensor_offset[base->id];
        break;
    case TENSOR_INPUT:
    case TENSOR_CONSTANT:
        *buffer = program->fixed;
        *offset = program->fixed_offset[base->id];
        break;
    case TENSOR_STATE:
        state = states_find(&program->runner->states, base, &conflict);
        if (state) {
            *buffer = state->chunk->buffer;
            *offset = state->offset;
        }
        break;
    }
    if (!*buffer || *offset == PLAN_NONE)
        return error_set(error, RSH_ERROR_ARGUMENT, "%s: the tensor '%s' has no place in the plan",
                         graph_name(program->graph), base->name);
    *offset += tensor->offset * element_bytes(tensor);
    return RSH_OK;
}

// ---- preparing --------------------------------------------------------------------------------------

// All that measuring finds out about a graph.
typedef struct Measure {
    Plan *plan;
    uint64_t *scratch_bytes, *fixed_offset;
    uint32_t *dispatches;
    PipelineList pipelines;
    uint64_t fixed_bytes, state_bytes, state_missing;
    uint64_t flops;
    size_t stages;
    WeightStream stream;
} Measure;

static void measure_clear(Measure *measure)
{
    plan_destroy(&measure->plan);
    free(measure->scratch_bytes);
    free(measure->fixed_offset);
    free(measure->dispatches);
    free(measure->pipelines.items);
    stream_clear(&measure->stream);
    *measure = (Measure){0};
}

static RshStatus measure_graph(GpuRunner *runner, const Graph *graph, const atomic_bool *cancel,
                               Measure *measure, ProgramInfo *info, RshError *error)
{
    const size_t nodes = graph_node_count(graph), tensors = graph_tensor_count(graph);
    RshStatus status = graph_status(graph, error);
    if (status != RSH_OK)
        return status;
    measure->scratch_bytes = calloc(nodes + 1, sizeof(uint64_t));
    measure->dispatches = calloc(nodes + 1, sizeof(uint32_t));
    measure->fixed_offset = calloc(tensors + 1, sizeof(uint64_t));
    if (!measure->scratch_bytes || !measure->dispatches || !measure->fixed_offset)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to measure '%s'", graph_name(graph));

    Recorder recorder = {.runner = runner,
                         .graph = graph,
                         .scratch_bytes = measure->scratch_bytes,
                         .dispatches = measure->dispatches,
                         .pipelines = &measure->pipelines,
                         .cancel = cancel};
    runner->weights.stamp++;
    status = recorder_run(&recorder, error);
    if (status == RSH_OK)
        status = plan_create(graph, measure->scratch_bytes, &measure->plan, error);
    if (status == RSH_OK)
        status = states_measure(&runner->states, graph, &measure->state_bytes,
                                &measure->state_missing, error);
    if (status != RSH_OK)
        return status;
    for (size_t i = 0; i < tensors; i++) {
        const Tensor *tensor = graph_tensor(graph, i);
        if (!is_fixed(tensor))
            continue;
        measure->fixed_offset[i] = measure->fixed_bytes;
        measure->fixed_bytes += exec_align(tensor_bytes(tensor));
    }
    for (size_t i = 0; i < nodes; i++)
        measure->flops += op_cost(graph_node(graph, i)).flops;

    measure->stages = recorder.stage + 1;
    *info = (ProgramInfo){.peak_bytes = measure->plan->arena_bytes + measure->fixed_bytes +
                                        measure->state_bytes + recorder.weight_bytes + ZEROS_BYTES,
                          .weight_bytes = recorder.weight_bytes,
                          .flops = measure->flops};
    return RSH_OK;
}

// Streams the weights when they do not fit beside the rest; *info then tells what the device holds.
static RshStatus choose_stream(GpuRunner *runner, Measure *measure, ProgramInfo *info, bool fits,
                               RshError *error)
{
    if (fits)
        return RSH_OK;
    RshStatus status = stream_plan(&measure->stream, &runner->weights, measure->stages, error);
    if (status != RSH_OK || !measure->stream.stages)
        return status;
    uint64_t streamed = 0;
    for (size_t i = 0; i < measure->stream.stage_count; i++)
        streamed += measure->stream.stages[i].bytes;
    info->peak_bytes -= streamed - 2 * measure->stream.slot_bytes;
    info->weight_bytes -= streamed - 2 * measure->stream.slot_bytes;
    return RSH_OK;
}

static RshStatus forecast(Runner *base, const Graph *graph, ProgramInfo *out, RshError *error)
{
    GpuRunner *runner = (GpuRunner *)base;
    Measure measure = {0};
    RshStatus status = measure_graph(runner, graph, NULL, &measure, out, error);
    if (status == RSH_OK) // alone on the device
        status = choose_stream(runner, &measure, out,
                               out->peak_bytes <= gpu_memory_budget(runner->gpu), error);
    gpu_plan_add(runner->gpu, measure.pipelines.items, measure.pipelines.count,
                 runner->planned_stage);
    weights_drop_unpacked(&runner->weights);
    measure_clear(&measure);
    return status;
}

static void plan_kernels(Runner *base, uint32_t stage)
{
    GpuRunner *runner = (GpuRunner *)base;
    if (stage == 0)
        gpu_plan_clear(runner->gpu);
    runner->planned_stage = stage;
}

static uint64_t missing_bytes(const GpuRunner *runner, const Measure *measure)
{
    return measure->plan->arena_bytes + measure->fixed_bytes + measure->state_missing +
           weights_wanted_bytes(&runner->weights, WEIGHT_ON_DEVICE) +
           2 * measure->stream.slot_bytes;
}

static bool fits(const GpuRunner *runner, const Measure *measure)
{
    const uint64_t budget = gpu_memory_budget(runner->gpu), used = gpu_memory_in_use(runner->gpu);
    return used <= budget && missing_bytes(runner, measure) <= budget - used;
}

static RshStatus check_budget(const GpuRunner *runner, const Graph *graph, const Measure *measure,
                              RshError *error)
{
    if (fits(runner, measure))
        return RSH_OK;
    return error_set(error, RSH_ERROR_MEMORY,
                     "%s needs %.1f MiB of device memory beside the %.1f in use, and %.1f are "
                     "allowed on %s; choose a smaller size, a shorter clip or a smaller model",
                     graph_name(graph), (double)missing_bytes(runner, measure) / 1048576.0,
                     (double)gpu_memory_in_use(runner->gpu) / 1048576.0,
                     (double)gpu_memory_budget(runner->gpu) / 1048576.0,
                     gpu_caps(runner->gpu)->name);
}

static RshStatus allocate(GpuProgram *program, const Measure *measure, RshError *error)
{
    GpuRunner *runner = program->runner;
    const Graph *graph = program->graph;
    RshStatus status = RSH_OK;
    if (measure->fixed_bytes)
        status = gpu_buffer_create(runner->gpu, measure->fixed_bytes, true, &program->fixed, error);
    for (size_t i = 0; i < graph_tensor_count(graph) && status == RSH_OK; i++) {
        const Tensor *tensor = graph_tensor(graph, i);
        if (is_fixed(tensor) && tensor->data)
            status = gpu_buffer_write(program->fixed, program->fixed_offset[i], tensor->data,
                                      tensor_bytes(tensor), error);
    }
    if (status == RSH_OK && measure->state_bytes) {
        status = states_use(&runner->states, runner->gpu, graph, measure->state_missing, error);
        program->uses_states = status == RSH_OK;
    }
    if (status == RSH_OK && program->plan->arena_bytes)
        status = gpu_buffer_create(runner->gpu, program->plan->arena_bytes, true, &program->arena,
                                   error);
    if (status == RSH_OK)
        status = weights_allocate(&runner->weights, WEIGHT_ON_DEVICE, runner->gpu, error);
    if (status == RSH_OK && program->stream.stages)
        status = stream_allocate(&program->stream, &runner->weights, runner->gpu, error);
    return status;
}

static void release(Program **base)
{
    GpuProgram *program = (GpuProgram *)*base;
    *base = NULL;
    if (!program)
        return;
    for (size_t i = 0; i < program->part_count; i++)
        gpu_commands_destroy(&program->parts[i]);
    free(program->parts);
    stream_clear(&program->stream);
    weights_leave(program->weights, program->weight_count);
    if (program->uses_states)
        states_release(&program->runner->states, program->graph);
    gpu_buffer_destroy(&program->arena);
    gpu_buffer_destroy(&program->fixed);
    plan_destroy(&program->plan);
    free(program->fixed_offset);
    free(program);
}

static bool is_cancelled(void *data)
{
    return data && atomic_load((const atomic_bool *)data);
}

// Records every node into the program's parts.
static RshStatus record(GpuProgram *program, const Measure *measure, const atomic_bool *cancel,
                        RshError *error)
{
    GpuRunner *runner = program->runner;
    const size_t count = program->stream.stages ? program->stream.stage_count : 1;
    RshStatus status = RSH_OK;
    program->parts = calloc(count, sizeof(GpuCommands *));
    if (!program->parts)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for '%s'", graph_name(program->graph));
    program->part_count = count;
    for (size_t i = 0; i < count && status == RSH_OK; i++) {
        status = gpu_commands_create(runner->gpu, &program->parts[i], error);
        if (status == RSH_OK && program->stream.stages)
            status = stream_record(&program->stream, i, program->parts[i], error);
    }
    Recorder recorder = {.runner = runner,
                         .program = program,
                         .graph = program->graph,
                         .scratch_bytes = measure->scratch_bytes,
                         .dispatches = measure->dispatches,
                         .cancel = cancel};
    if (status == RSH_OK)
        status = recorder_run(&recorder, error);
    for (size_t i = 0; i < count && status == RSH_OK; i++)
        status = gpu_commands_finish(program->parts[i], error);
    return status;
}

static RshStatus prepare(Runner *base, const Graph *graph, const atomic_bool *cancel, Program **out,
                         RshError *error)
{
    GpuRunner *runner = (GpuRunner *)base;
    Measure measure = {0};
    GpuProgram *program = calloc(1, sizeof(*program));
    Program *result = program ? &program->base : NULL;
    *out = NULL;
    if (!program)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for '%s'", graph_name(graph));
    *program = (GpuProgram){.base = {base->ops}, .runner = runner, .graph = graph};

    RshStatus status = measure_graph(runner, graph, cancel, &measure, &program->info, error);
    if (status == RSH_OK)
        status = weights_use(&runner->weights, &program->weights, &program->weight_count, error);
    // Components that were kept for a later job make room before anything is streamed.
    if (status == RSH_OK && !fits(runner, &measure))
        weights_evict(&runner->weights);
    if (status == RSH_OK)
        status = choose_stream(runner, &measure, &program->info, fits(runner, &measure), error);
    if (status == RSH_OK)
        status = check_budget(runner, graph, &measure, error);
    if (status != RSH_OK)
        goto done;
    program->plan = measure.plan;
    program->fixed_offset = measure.fixed_offset;
    program->stream = measure.stream;
    measure.plan = NULL;
    measure.fixed_offset = NULL;
    measure.stream = (WeightStream){0};

    status = allocate(program, &measure, error);
    if (status == RSH_OK)
        status =
            gpu_pipelines_compile(runner->gpu, measure.pipelines.items, measure.pipelines.count,
                                  is_cancelled, (void *)cancel, error);
    if (status == RSH_OK)
        status = record(program, &measure, cancel, error);

done:
    measure_clear(&measure);
    if (status != RSH_OK)
        release(&result);
    weights_drop_unpacked(&runner->weights);
    *out = result;
    return status;
}

// ---- moving numbers ---------------------------------------------------------------------------------

// Copies tight rows into rows `stride` apart, or back.
static void copy_rows(uint8_t *padded, uint8_t *tight, const Tensor *tensor, bool into_padded)
{
    const uint64_t size = element_bytes(tensor), row = tensor->shape.channels * size;
    for (uint64_t r = 0; r < shape_rows(tensor->shape); r++) {
        uint8_t *far = padded + r * tensor->stride * size, *near = tight + r * row;
        memcpy(into_padded ? far : near, into_padded ? near : far, row);
    }
}

static RshStatus move(GpuProgram *program, const Tensor *tensor, uint8_t *tight, bool write,
                      RshError *error)
{
    GpuBuffer *buffer = NULL;
    uint64_t offset = 0;
    const uint64_t span = tensor_span(tensor);
    RshStatus status = program_locate(program, tensor, &buffer, &offset, error);
    if (status != RSH_OK)
        return status;
    uint8_t *mapped = gpu_buffer_map(buffer);
    if (mapped) {
        // A lost device has no numbers to give.
        status = write ? RSH_OK : gpu_buffer_read(buffer, offset, tight, 1, error);
        if (status == RSH_OK)
            copy_rows(mapped + offset, tight, tensor, write);
        return status;
    }
    if (tensor->stride == tensor->shape.channels)
        return write ? gpu_buffer_write(buffer, offset, tight, span, error)
                     : gpu_buffer_read(buffer, offset, tight, span, error);

    uint8_t *padded = malloc(span);
    if (!padded)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to move the tensor '%s'",
                         tensor->name);
    status = gpu_buffer_read(buffer, offset, padded, span, error); // what lies between rows stays
    if (status == RSH_OK) {
        copy_rows(padded, tight, tensor, write);
        if (write)
            status = gpu_buffer_write(buffer, offset, padded, span, error);
    }
    free(padded);
    return status;
}

static RshStatus write_tensor(Program *base, const Tensor *tensor, const void *data,
                              RshError *error)
{
    if (tensor->kind != TENSOR_INPUT && tensor->kind != TENSOR_STATE)
        return error_set(error, RSH_ERROR_ARGUMENT, "'%s' is not an input", tensor->name);
    return move((GpuProgram *)base, tensor, (uint8_t *)data, true, error);
}

static RshStatus read_tensor(Program *base, const Tensor *tensor, void *data, RshError *error)
{
    return move((GpuProgram *)base, tensor, data, false, error);
}

// ---- running ----------------------------------------------------------------------------------------

static RshStatus poison(GpuProgram *program, RshError *error)
{
    const uint64_t bytes = program->arena ? gpu_buffer_bytes(program->arena) : 0;
    if (!bytes)
        return RSH_OK;
    void *nan = malloc(bytes);
    if (!nan)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to poison the arena");
    memset(nan, 0xff, bytes);
    RshStatus status = gpu_buffer_write(program->arena, 0, nan, bytes, error);
    free(nan);
    return status;
}

static RshStatus run(Program *base, const atomic_bool *cancel, RshError *error)
{
    GpuProgram *program = (GpuProgram *)base;
    RshStatus status = program->runner->poison ? poison(program, error) : RSH_OK;
    if (status == RSH_OK)
        status =
            program->stream.stages
                ? stream_run(&program->stream, program->parts, is_cancelled, (void *)cancel, error)
                : gpu_commands_run(program->parts[0], is_cancelled, (void *)cancel, error);
    return status == RSH_CANCELLED ? error_set(error, RSH_CANCELLED, "cancelled") : status;
}

static void reset_state(Runner *base, const char *name)
{
    // A device that is lost has nothing to reset; the next run says so.
    RshStatus status = states_reset(&((GpuRunner *)base)->states, name, NULL);
    (void)status;
}

static void drop_weights(Runner *base, const WeightSet *set)
{
    weights_drop(&((GpuRunner *)base)->weights, set);
}

static ProgramInfo info(const Program *base)
{
    return ((const GpuProgram *)base)->info;
}

static void destroy(Runner **base)
{
    GpuRunner *runner = (GpuRunner *)*base;
    *base = NULL;
    if (!runner)
        return;
    weights_drop(&runner->weights, NULL);
    states_destroy(&runner->states);
    gpu_buffer_destroy(&runner->zeros);
    free(runner);
}

void runner_gpu_poison(Runner *runner, bool enable)
{
    ((GpuRunner *)runner)->poison = enable;
}

GpuCommands *program_commands(Program *program, size_t part)
{
    const GpuProgram *self = (const GpuProgram *)program;
    return part < self->part_count ? self->parts[part] : NULL;
}

RshStatus runner_create_gpu(Gpu *gpu, Runner **out, RshError *error)
{
    static const RunnerOps ops = {
        .forecast = forecast,
        .plan_kernels = plan_kernels,
        .prepare = prepare,
        .release = release,
        .write = write_tensor,
        .run = run,
        .read = read_tensor,
        .reset_state = reset_state,
        .drop_weights = drop_weights,
        .info = info,
        .destroy = destroy,
    };
    GpuRunner *runner = calloc(1, sizeof(*runner));
    *out = NULL;
    if (!runner)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a runner");
    runner->base.ops = &ops;
    runner->gpu = gpu;
    RshStatus status = gpu_buffer_create(gpu, ZEROS_BYTES, true, &runner->zeros, error);
    Runner *result = &runner->base;
    if (status != RSH_OK)
        destroy(&result);
    *out = result;
    return status;
}
