// SPDX-License-Identifier: GPL-3.0-or-later
// The reference runner: runner.h on host memory. Every base tensor has bytes of its own, so that a
// mistake of the planner cannot hide here. Arena tensors start every run as NaN: a result that
// depends on bytes nobody wrote shows.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/runner.h"
#include "ref/ref.h"

typedef struct RefState {
    char name[48];
    Shape shape;
    void *bytes;
    uint32_t users; // programs
    struct RefState *next;
} RefState;

typedef struct RefWeight {
    const Weight *weight;
    float *values;
    struct RefWeight *next;
} RefWeight;

enum { WEIGHT_BUCKETS = 1024 };

typedef struct RefProgram RefProgram;

struct RefRunner {
    Runner base;
    RefState *states;
    RefWeight *weights[WEIGHT_BUCKETS];
    const RefProgram *running; // whose tensors ref_data() means
};

struct RefProgram {
    Program base;
    RefRunner *runner;
    const Graph *graph;
    void **bytes; // by tensor id; NULL for views; states point into the runner's
};

// ---- tensors ------------------------------------------------------------------------------------

static void *tensor_address(const RefProgram *program, const Tensor *tensor)
{
    const Tensor *base = tensor->base ? tensor->base : tensor;
    uint64_t size = base->type == TENSOR_U8 ? 1 : 4;
    return (uint8_t *)program->bytes[base->id] + tensor->offset * size;
}

float *ref_data(RefRunner *runner, const Tensor *tensor)
{
    return tensor_address(runner->running, tensor);
}

int32_t *ref_ints(RefRunner *runner, const Tensor *tensor)
{
    return tensor_address(runner->running, tensor);
}

uint8_t *ref_bytes(RefRunner *runner, const Tensor *tensor)
{
    return tensor_address(runner->running, tensor);
}

static void clear_pads(const RefProgram *program, const Tensor *tensor)
{
    uint32_t channels = tensor->shape.channels, padded = channel_stride(channels);
    if (padded == channels || tensor->type == TENSOR_U8)
        return;
    float *row = tensor_address(program, tensor);
    for (uint64_t r = 0; r < shape_rows(tensor->shape); r++, row += tensor->stride)
        memset(row + channels, 0, (padded - channels) * sizeof(float));
}

// ---- weights ------------------------------------------------------------------------------------

static RefWeight **weight_bucket(RefRunner *runner, const Weight *weight)
{
    return &runner->weights[((uintptr_t)weight >> 4) % WEIGHT_BUCKETS];
}

const float *ref_weight(RefRunner *runner, const Weight *weight, RshError *error)
{
    if (weight->values)
        return weight->values;
    RefWeight **bucket = weight_bucket(runner, weight);
    for (RefWeight *known = *bucket; known; known = known->next) {
        if (known->weight == weight)
            return known->values;
    }
    uint64_t count = weight_count(weight);
    RefWeight *entry = calloc(1, sizeof(*entry));
    float *values = malloc((count ? count : 1) * sizeof(float));
    if (!entry || !values) {
        error_set(error, RSH_ERROR_MEMORY, "no memory for the weight '%s'", weight->name);
    } else if (weight_read(weight, 0, count, values, error) == RSH_OK) {
        *entry = (RefWeight){.weight = weight, .values = values, .next = *bucket};
        *bucket = entry;
        return values;
    }
    free(entry);
    free(values);
    return NULL;
}

RshStatus ref_optional(RefRunner *runner, const Weight *weight, const float **out, RshError *error)
{
    *out = weight ? ref_weight(runner, weight, error) : NULL;
    return weight && !*out ? RSH_ERROR_IO : RSH_OK;
}

static void drop_weights(Runner *base, const WeightSet *set)
{
    RefRunner *runner = (RefRunner *)base;
    for (size_t i = 0; i < WEIGHT_BUCKETS; i++) {
        RefWeight **link = &runner->weights[i];
        while (*link) {
            RefWeight *entry = *link;
            if (set && !weight_set_owns(set, entry->weight)) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            free(entry->values);
            free(entry);
        }
    }
}

// ---- programs -----------------------------------------------------------------------------------

static RefState *find_state(RefRunner *runner, const Tensor *tensor, RshError *error)
{
    for (RefState *state = runner->states; state; state = state->next) {
        if (strcmp(state->name, tensor->name) != 0)
            continue;
        if (memcmp(&state->shape, &tensor->shape, sizeof(Shape)) == 0)
            return state;
        error_set(error, RSH_ERROR_ARGUMENT, "the state '%s' has another shape in this graph",
                  tensor->name);
        return NULL;
    }
    RefState *state = calloc(1, sizeof(*state));
    void *bytes = calloc(1, tensor_bytes(tensor));
    if (!state || !bytes) {
        free(state);
        free(bytes);
        error_set(error, RSH_ERROR_MEMORY, "no memory for the state '%s'", tensor->name);
        return NULL;
    }
    memcpy(state->name, tensor->name, sizeof(state->name));
    state->shape = tensor->shape;
    state->bytes = bytes;
    state->next = runner->states;
    runner->states = state;
    return state;
}

static RshStatus allocate(RefProgram *program, const Tensor *tensor, RshError *error)
{
    if (tensor->kind == TENSOR_STATE) {
        RefState *state = find_state(program->runner, tensor, error);
        program->bytes[tensor->id] = state ? state->bytes : NULL;
        if (state)
            state->users++;
        return state ? RSH_OK : RSH_ERROR_ARGUMENT;
    }
    void *bytes = calloc(1, tensor_bytes(tensor));
    if (!bytes)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for a tensor of '%s'",
                         graph_name(program->graph));
    if (tensor->data)
        memcpy(bytes, tensor->data, tensor_bytes(tensor));
    program->bytes[tensor->id] = bytes;
    return RSH_OK;
}

static void release(Program **base)
{
    RefProgram *program = (RefProgram *)*base;
    if (!program)
        return;
    for (size_t i = 0; program->bytes && i < graph_tensor_count(program->graph); i++) {
        if (graph_tensor(program->graph, i)->kind != TENSOR_STATE)
            free(program->bytes[i]);
    }
    for (RefState *state = program->runner->states; program->bytes && state; state = state->next) {
        for (size_t i = 0; i < graph_tensor_count(program->graph); i++)
            state->users -= program->bytes[i] == state->bytes;
    }
    free(program->bytes);
    free(program);
    *base = NULL;
}

static RshStatus prepare(Runner *base, const Graph *graph, const atomic_bool *cancel, Program **out,
                         RshError *error)
{
    *out = NULL;
    if (cancel && atomic_load(cancel))
        return error_set(error, RSH_CANCELLED, "cancelled");
    RshStatus status = graph_status(graph, error);
    if (status != RSH_OK)
        return status;
    RefProgram *program = calloc(1, sizeof(*program));
    if (!program)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for '%s'", graph_name(graph));
    size_t count = graph_tensor_count(graph);
    *program = (RefProgram){.base = {base->ops}, .runner = (RefRunner *)base, .graph = graph};
    program->bytes = calloc(count ? count : 1, sizeof(void *));
    Program *result = &program->base;
    if (!program->bytes)
        status = error_set(error, RSH_ERROR_MEMORY, "no memory for '%s'", graph_name(graph));
    for (size_t i = 0; status == RSH_OK && i < count; i++) {
        if (!graph_tensor(graph, i)->base)
            status = allocate(program, graph_tensor(graph, i), error);
    }
    if (status != RSH_OK)
        release(&result);
    *out = result;
    return status;
}

static RshStatus write_tensor(Program *base, const Tensor *tensor, const void *data,
                              RshError *error)
{
    RefProgram *program = (RefProgram *)base;
    if (tensor->kind != TENSOR_INPUT && tensor->kind != TENSOR_STATE)
        return error_set(error, RSH_ERROR_ARGUMENT, "'%s' is not an input", tensor->name);
    size_t size = tensor->type == TENSOR_U8 ? 1 : 4, row = tensor->shape.channels * size;
    uint8_t *to = tensor_address(program, tensor);
    for (uint64_t r = 0; r < shape_rows(tensor->shape); r++)
        memcpy(to + r * tensor->stride * size, (const uint8_t *)data + r * row, row);
    return RSH_OK;
}

static RshStatus read_tensor(Program *base, const Tensor *tensor, void *data, RshError *error)
{
    RefProgram *program = (RefProgram *)base;
    size_t size = tensor->type == TENSOR_U8 ? 1 : 4, row = tensor->shape.channels * size;
    const uint8_t *from = tensor_address(program, tensor);
    for (uint64_t r = 0; r < shape_rows(tensor->shape); r++)
        memcpy((uint8_t *)data + r * row, from + r * tensor->stride * size, row);
    return RSH_OK;
}

static RshStatus run(Program *base, const atomic_bool *cancel, RshError *error)
{
    RefProgram *program = (RefProgram *)base;
    program->runner->running = program;
    for (size_t i = 0; i < graph_tensor_count(program->graph); i++) {
        const Tensor *tensor = graph_tensor(program->graph, i);
        if (tensor->kind == TENSOR_ARENA && !tensor->base)
            memset(program->bytes[i], 0xff, tensor_bytes(tensor));
    }
    for (size_t i = 0; i < graph_node_count(program->graph); i++) {
        if (cancel && atomic_load(cancel))
            return error_set(error, RSH_CANCELLED, "cancelled");
        const Node *node = graph_node(program->graph, i);
        RshStatus status = ref_op(node->op)(program->runner, node, error);
        if (status != RSH_OK)
            return status;
        for (size_t o = 0; o < NODE_MAX_OUTPUTS && node->outputs[o]; o++)
            clear_pads(program, node->outputs[o]);
    }
    return RSH_OK;
}

static void reset_state(Runner *base, const char *name)
{
    RefRunner *runner = (RefRunner *)base;
    size_t length = strlen(name);
    bool prefix = length == 0 || name[length - 1] == '.';
    for (RefState **link = &runner->states, *state; (state = *link) != NULL;) {
        bool named =
            prefix ? strncmp(state->name, name, length) == 0 : strcmp(state->name, name) == 0;
        if (named && prefix && state->users == 0) {
            *link = state->next;
            free(state->bytes);
            free(state);
            continue;
        }
        if (named)
            memset(state->bytes, 0,
                   shape_rows(state->shape) * channel_stride(state->shape.channels) *
                       sizeof(float));
        link = &state->next;
    }
}

static ProgramInfo info(const Program *base)
{
    const RefProgram *program = (const RefProgram *)base;
    ProgramInfo result = {0};
    for (size_t i = 0; i < graph_tensor_count(program->graph); i++) {
        const Tensor *tensor = graph_tensor(program->graph, i);
        result.peak_bytes += tensor->base ? 0 : tensor_bytes(tensor);
    }
    return result;
}

static RshStatus forecast(Runner *base, const Graph *graph, ProgramInfo *out, RshError *error)
{
    (void)base;
    const RefProgram program = {.graph = graph};
    RshStatus status = graph_status(graph, error);
    if (status == RSH_OK)
        *out = info(&program.base);
    return status;
}

static void destroy(Runner **base)
{
    RefRunner *runner = (RefRunner *)*base;
    if (!runner)
        return;
    drop_weights(&runner->base, NULL);
    while (runner->states) {
        RefState *next = runner->states->next;
        free(runner->states->bytes);
        free(runner->states);
        runner->states = next;
    }
    free(runner);
    *base = NULL;
}

RshStatus runner_create_reference(Runner **out, RshError *error)
{
    static const RunnerOps ops = {
        .forecast = forecast,
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
    RefRunner *runner = calloc(1, sizeof(*runner));
    if (!runner)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for the reference");
    runner->base.ops = &ops;
    *out = &runner->base;
    return RSH_OK;
}
