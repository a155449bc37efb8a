// SPDX-License-Identifier: GPL-3.0-or-later
//
// graph.h - one component for given shapes, described before anything is allocated. Builders in ops.h
// append nodes and infer shapes; plan.h turns lifetimes into offsets; runner.h executes the same graph
// on the device or with the plain C reference.
//
// Layout    Every tensor is channels-last: [frames, height, width, channels], row-major, f32 unless its
//           type says otherwise. A row is one (frame, y, x) with its channels; rows are `stride` elements
//           apart, stride = channels rounded up to 4. The pad lanes of every row are zero: kernels rely
//           on it and every kernel writes them so. Token sequences are [1, 1, tokens, channels].
// Errors    The first failure sticks to the graph and later builders return NULL and do nothing, so that
//           a model can be described without a check on every line: look at graph_status() at the end.
// Ownership Tensors and nodes belong to the graph. Weights are borrowed and must outlive it.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/weight.h"
#include "rsh.h"

typedef enum TensorType { TENSOR_F32, TENSOR_I32, TENSOR_U8 } TensorType;

// What a tensor's bytes are. ARENA lives from first write to last read; INPUT is written by the caller
// before a run and kept between runs; CONSTANT is filled once; STATE is named, zero at first, kept
// between runs and shared by every graph of one runner that names it.
typedef enum TensorKind { TENSOR_ARENA, TENSOR_INPUT, TENSOR_CONSTANT, TENSOR_STATE } TensorKind;

typedef struct Shape {
    uint32_t frames, height, width, channels;
} Shape;

typedef struct Graph Graph;
typedef struct Node Node;

typedef struct Tensor {
    uint32_t id; // index in the graph
    TensorKind kind;
    TensorType type;
    Shape shape;
    uint32_t stride;  // elements between rows
    char name[48];    // for messages and reading back; states: the shared name
    bool is_output;   // kept readable after a run
    Node *writer;     // NULL for inputs, constants and states that are only read
    const void *data; // CONSTANT: owned by the graph, stride-padded
    // A view shares the bytes of `base` (never itself a view), `offset` elements in: a range of rows, or
    // a range of channels with the base's stride (first channel a multiple of 4).
    struct Tensor *base;
    uint64_t offset;
} Tensor;

#define NODE_MAX_INPUTS  10
#define NODE_MAX_OUTPUTS 2
#define NODE_MAX_WEIGHTS 6

typedef enum OpKind {
    OP_LINEAR,
    OP_CONV,
    OP_CONV_TRANSPOSE1D,
    OP_NORM,
    OP_ROPE,
    OP_ATTENTION,
    OP_MATMUL,
    OP_SOFTMAX,
    OP_TRANSPOSE,
    OP_EMBEDDING,
    OP_T5_BIAS,
    OP_COMBINE,
    OP_BINARY,
    OP_UNARY,
    OP_CHANNEL_AFFINE,
    OP_SPACE_TO_DEPTH,
    OP_DEPTH_TO_SPACE,
    OP_AVG_DOWN,
    OP_DUP_UP,
    OP_UPSAMPLE,
    OP_AVG_POOL,
    OP_COPY,
    OP_SNAKE,
    OP_TO_RGBA8,
    OP_TIME_EMBEDDING,
    OP_LATENTS_TO_RGB,
    OP_COUNT
} OpKind;

// One operation. `params` points to the op's own struct from ops.h. Input slots that are unused are NULL;
// their meaning stands beside each op in ops.h.
struct Node {
    OpKind op;
    uint32_t block; // graph_set_block() when the node was added: the unit of weight streaming
    Tensor *inputs[NODE_MAX_INPUTS];
    Tensor *outputs[NODE_MAX_OUTPUTS];
    const Weight *weights[NODE_MAX_WEIGHTS];
    void *params;
};

RSH_MUST_USE RshStatus graph_create(const char *name, Graph **out, RshError *error);
void graph_destroy(Graph **graph); // NULL-safe; stores NULL

const char *graph_name(const Graph *graph);
RshStatus graph_status(const Graph *graph,
                       RshError *error); // fills the error with the first failure
RshStatus graph_fail(Graph *graph, RshStatus status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
RshError *graph_error(Graph *graph); // the sticky error, to hand to weight_set_get()

Tensor *graph_input(Graph *graph, const char *name, Shape shape, TensorType type);
// Copies `data`: tight rows of shape.channels elements.
Tensor *graph_constant(Graph *graph, const char *name, Shape shape, TensorType type,
                       const void *data);
Tensor *graph_state(Graph *graph, const char *name, Shape shape);
void graph_output(Graph *graph, Tensor *tensor,
                  const char *name); // keep it readable under this name
Tensor *graph_find(const Graph *graph,
                   const char *name); // inputs, states and outputs; NULL if absent

// Views: no bytes move. Frames first..first+count of the slowest axis; rows likewise for [1,1,rows,C]
// tensors; channels need first % 4 == 0 (and a count that ends the tensor or is a multiple of 4).
Tensor *graph_view_frames(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count);
Tensor *graph_view_rows(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count);
Tensor *graph_view_channels(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count);
// The same rows under another [frames, height, width] with the same product and channels.
Tensor *graph_view_shape(Graph *graph, Tensor *tensor, Shape shape);
// Dense tensor [.., rows, channels] as [.., rows * factor, channels / factor]; channels / factor must be a
// multiple of 4 and the tensor must not be padded or a view of channels.
Tensor *graph_view_split_rows(Graph *graph, Tensor *tensor, uint32_t factor);

// Products and attention may round their operands to 16 bits where the device is faster with them: for a
// model whose weights are stored in 16 bits or fewer (weight_set_is_half()), and whose activations f16 holds.
void graph_allow_half(Graph *graph);
bool graph_allows_half(const Graph *graph);

// Nodes added from here on belong to block `block` (0 = before the first block).
void graph_set_block(Graph *graph, uint32_t block);

size_t graph_node_count(const Graph *graph);
const Node *graph_node(const Graph *graph, size_t index);
size_t graph_tensor_count(const Graph *graph);
Tensor *graph_tensor(const Graph *graph, size_t index);

uint64_t shape_rows(Shape shape);
static inline uint32_t channel_stride(uint32_t channels)
{
    return (channels + 3u) & ~3u;
}
uint64_t tensor_bytes(const Tensor *tensor); // of a base tensor, padding included

// For builders: takes a copy of params (bytes) and returns the node, or NULL when the graph has failed.
Node *graph_add(Graph *graph, OpKind op, const void *params, size_t params_bytes);
Tensor *graph_add_output(Graph *graph, Node *node, uint32_t slot, Shape shape, TensorType type);
