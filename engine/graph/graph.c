// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/build.h"

// A tensor larger than this is a mistake in a request or a model file, not a picture: it keeps
// every later sum of bytes far from 64 bits.
#define MAX_TENSOR_BYTES (UINT64_C(1) << 42)

struct Graph {
    char name[48];
    RshError error;
    uint32_t block;
    bool allows_half;
    Tensor **tensors;
    size_t tensor_count, tensor_capacity;
    Node **nodes;
    size_t node_count, node_capacity;
};

RshStatus graph_create(const char *name, Graph **out, RshError *error)
{
    *out = calloc(1, sizeof(**out));
    if (!*out)
        return error_set(error, RSH_ERROR_MEMORY, "no memory for the graph '%s'", name);
    snprintf((*out)->name, sizeof((*out)->name), "%s", name);
    return RSH_OK;
}

void graph_destroy(Graph **graph)
{
    Graph *self = *graph;
    if (!self)
        return;
    for (size_t i = 0; i < self->tensor_count; i++) {
        if (self->tensors[i]->kind == TENSOR_CONSTANT && !self->tensors[i]->base)
            free((void *)(uintptr_t)self->tensors[i]->data);
        free(self->tensors[i]);
    }
    for (size_t i = 0; i < self->node_count; i++) {
        free(self->nodes[i]->params);
        free(self->nodes[i]);
    }
    free(self->tensors);
    free(self->nodes);
    free(self);
    *graph = NULL;
}

const char *graph_name(const Graph *graph)
{
    return graph->name;
}

RshStatus graph_status(const Graph *graph, RshError *error)
{
    if (graph->error.status != RSH_OK && error)
        *error = graph->error;
    return graph->error.status;
}

RshStatus graph_fail(Graph *graph, RshStatus status, const char *format, ...)
{
    if (graph->error.status != RSH_OK)
        return graph->error.status;

    char text[sizeof(graph->error.text)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return error_set(&graph->error, status, "%s: %s", graph->name, text);
}

RshError *graph_error(Graph *graph)
{
    return &graph->error;
}

// ---- shapes -------------------------------------------------------------------------------------

uint64_t shape_rows(Shape shape)
{
    return (uint64_t)shape.frames * shape.height * shape.width;
}

static uint32_t type_bytes(TensorType type)
{
    return type == TENSOR_U8 ? 1 : 4;
}

uint64_t tensor_bytes(const Tensor *tensor)
{
    return shape_rows(tensor->shape) * tensor->stride * type_bytes(tensor->type);
}

static bool shape_is_sane(Shape shape)
{
    uint64_t rows, elements;
    return shape.frames && shape.height && shape.width && shape.channels &&
           shape.channels <= UINT32_MAX - 3 &&
           !__builtin_mul_overflow((uint64_t)shape.frames * shape.height, (uint64_t)shape.width,
                                   &rows) &&
           !__builtin_mul_overflow(rows, (uint64_t)channel_stride(shape.channels), &elements) &&
           elements <= MAX_TENSOR_BYTES / 4;
}

// ---- tensors ------------------------------------------------------------------------------------

// Room for one more pointer in a growing array.
static bool reserve(void ***items, size_t count, size_t *capacity)
{
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void **grown = realloc(*items, wanted * sizeof(void *));
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

Tensor *graph_tensor_new(Graph *graph, TensorKind kind, Shape shape, TensorType type,
                         const char *name)
{
    if (graph->error.status != RSH_OK)
        return NULL;
    if (!shape_is_sane(shape)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "the tensor '%s' would be [%u, %u, %u, %u]: every size must be 1 or more and "
                   "the whole below 4 TiB",
                   name, shape.frames, shape.height, shape.width, shape.channels);
        return NULL;
    }
    Tensor *tensor = calloc(1, sizeof(*tensor));
    if (!tensor ||
        !reserve((void ***)&graph->tensors, graph->tensor_count, &graph->tensor_capacity)) {
        free(tensor);
        graph_fail(graph, RSH_ERROR_MEMORY, "no memory to describe another tensor");
        return NULL;
    }
    tensor->id = (uint32_t)graph->tensor_count;
    tensor->kind = kind;
    tensor->type = type;
    tensor->shape = shape;
    tensor->stride = channel_stride(shape.channels);
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
    graph->tensors[graph->tensor_count++] = tensor;
    return tensor;
}

// Names are how callers find tensors again: two of one name would hide each other.
static bool name_is_free(Graph *graph, const char *name)
{
    if (!name[0] || strlen(name) >= sizeof(graph->tensors[0]->name)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "'%s' cannot name a tensor: 1 to %zu bytes", name,
                   sizeof(graph->tensors[0]->name) - 1);
        return false;
    }
    if (graph_find(graph, name)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "two tensors are called '%s'", name);
        return false;
    }
    return true;
}

Tensor *graph_input(Graph *graph, const char *name, Shape shape, TensorType type)
{
    if (!name_is_free(graph, name))
        return NULL;
    return graph_tensor_new(graph, TENSOR_INPUT, shape, type, name);
}

Tensor *graph_constant(Graph *graph, const char *name, Shape shape, TensorType type,
                       const void *data)
{
    Tensor *tensor = graph_tensor_new(graph, TENSOR_CONSTANT, shape, type, name);
    if (!tensor)
        return NULL;
    uint32_t bytes = type_bytes(type);
    uint8_t *copy = calloc(1, tensor_bytes(tensor));
    if (!copy) {
        graph_fail(graph, RSH_ERROR_MEMORY, "no memory for the constant '%s'", name);
        return NULL;
    }
    size_t row = (size_t)shape.channels * bytes, pitch = (size_t)tensor->stride * bytes;
    for (uint64_t r = 0; r < shape_rows(shape); r++)
        memcpy(copy + r * pitch, (const uint8_t *)data + r * row, row);
    tensor->data = copy;
    return tensor;
}

Tensor *graph_state(Graph *graph, const char *name, Shape shape)
{
    for (size_t i = 0; i < graph->tensor_count; i++) {
        Tensor *tensor = graph->tensors[i];
        if (tensor->kind != TENSOR_STATE || tensor->base || strcmp(tensor->name, name) != 0)
            continue;
        if (memcmp(&tensor->shape, &shape, sizeof(shape)) != 0) {
            graph_fail(graph, RSH_ERROR_ARGUMENT, "the state '%s' is asked for in two shapes",
                       name);
            return NULL;
        }
        return tensor;
    }
    if (!name_is_free(graph, name))
        return NULL;
    return graph_tensor_new(graph, TENSOR_STATE, shape, TENSOR_F32, name);
}

void graph_output(Graph *graph, Tensor *tensor, const char *name)
{
    if (!tensor || graph->error.status != RSH_OK) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "the output '%s' was never built", name);
        return;
    }
    if (!name_is_free(graph, name))
        return;
    // A tensor that is already called something keeps that name: states are shared by it.
    if (tensor->name[0])
        tensor = graph_view_shape(graph, tensor, tensor->shape);
    if (!tensor)
        return;
    tensor->is_output = true;
    snprintf(tensor->name, sizeof(tensor->name), "%s", name);
}

Tensor *graph_find(const Graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->tensor_count; i++) {
        Tensor *tensor = graph->tensors[i];
        bool named =
            tensor->is_output ||
            (!tensor->base && (tensor->kind == TENSOR_INPUT || tensor->kind == TENSOR_STATE));
        if (named && strcmp(tensor->name, name) == 0)
            return tensor;
    }
    return NULL;
}

size_t graph_tensor_count(const Graph *graph)
{
    return graph->tensor_count;
}

Tensor *graph_tensor(const Graph *graph, size_t index)
{
    return index < graph->tensor_count ? graph->tensors[index] : NULL;
}

// ---- nodes --------------------------------------------------------------------------------------

void graph_allow_half(Graph *graph)
{
    graph->allows_half = true;
}

bool graph_allows_half(const Graph *graph)
{
    return graph->allows_half;
}

void graph_set_block(Graph *graph, uint32_t block)
{
    graph->block = block;
}

size_t graph_node_count(const Graph *graph)
{
    return graph->node_count;
}

const Node *graph_node(const Graph *graph, size_t index)
{
    return index < graph->node_count ? graph->nodes[index] : NULL;
}

Node *graph_add(Graph *graph, OpKind op, const void *params, size_t params_bytes)
{
    if (graph->error.status != RSH_OK)
        return NULL;
    Node *node = calloc(1, sizeof(*node));
    void *copy = params_bytes ? malloc(params_bytes) : NULL;
    if (!node || (params_bytes && !copy) ||
        !reserve((void ***)&graph->nodes, graph->node_count, &graph->node_capacity)) {
        free(node);
        free(copy);
        graph_fail(graph, RSH_ERROR_MEMORY, "no memory to describe another operation");
        return NULL;
    }
    if (params_bytes)
        memcpy(copy, params, params_bytes);
    node->op = op;
    node->block = graph->block;
    node->params = copy;
    graph->nodes[graph->node_count++] = node;
    return node;
}

Tensor *graph_add_output(Graph *graph, Node *node, uint32_t slot, Shape shape, TensorType type)
{
    if (!node)
        return NULL;
    Tensor *tensor = graph_tensor_new(graph, TENSOR_ARENA, shape, type, "");
    if (!tensor)
        return NULL;
    tensor->writer = node;
    node->outputs[slot] = tensor;
    return tensor;
}
