// SPDX-License-Identifier: GPL-3.0-or-later
// Matrix products: linear layers, products of two activations, table look-ups.
#include <inttypes.h>

#include "graph/build.h"

Tensor *op_linear(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                  const LinearParams *params)
{
    LinearParams p = params ? *params : (LinearParams){0};
    if (!build_input(graph, "linear", x) || !build_weight(graph, "linear", weight))
        return NULL;
    uint64_t out = weight->n_dims ? weight->dims[0] : 0;
    uint64_t in = out ? weight_count(weight) / out : 0;
    if (weight->n_dims < 2 || out == 0 || out > UINT32_MAX || in != x->shape.channels) {
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "the linear weight '%s' takes %" PRIu64 " channels, the tensor has %u",
                   weight->name, in, x->shape.channels);
        return NULL;
    }
    uint64_t rows = shape_rows(x->shape);
    if (!build_vector(graph, "the bias of linear", bias, out) ||
        (p.residual &&
         !build_same_rows(graph, "linear", "residual", p.residual, rows, (uint32_t)out)) ||
        (p.multiply &&
         !build_same_rows(graph, "linear", "multiplier", p.multiply, rows, (uint32_t)out)) ||
        !build_row_table(graph, "linear", "gate", &p.gate, (uint32_t)out) ||
        !build_row_index(graph, "linear", p.row_index, rows))
        return NULL;

    Node *node = graph_add(graph, OP_LINEAR, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->inputs[1] = p.residual;
    node->inputs[2] = p.gate.table;
    node->inputs[3] = p.row_index;
    node->inputs[4] = p.multiply;
    node->weights[0] = weight;
    node->weights[1] = bias;
    Shape shape = x->shape;
    shape.channels = (uint32_t)out;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_matmul(Graph *graph, Tensor *a, Tensor *b, float scale)
{
    if (!build_input(graph, "matmul", a) || !build_input(graph, "matmul", b))
        return NULL;
    uint64_t columns = (uint64_t)b->shape.height * b->shape.width;
    if (a->shape.frames != b->shape.frames || a->shape.channels != b->shape.channels ||
        columns > UINT32_MAX) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "matmul cannot multiply [%u, %u, %u, %u] by [%u, %u, %u, %u] transposed",
                   a->shape.frames, a->shape.height, a->shape.width, a->shape.channels,
                   b->shape.frames, b->shape.height, b->shape.width, b->shape.channels);
        return NULL;
    }
    MatmulParams p = {.scale = scale};
    Node *node = graph_add(graph, OP_MATMUL, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = a;
    node->inputs[1] = b;
    Shape shape = a->shape;
    shape.channels = (uint32_t)columns;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_embedding(Graph *graph, Tensor *ids, const Weight *weight)
{
    if (!build_input(graph, "embedding", ids) || !build_weight(graph, "embedding", weight))
        return NULL;
    if (ids->type != TENSOR_I32 || ids->shape.channels != 1 || weight->n_dims != 2 ||
        weight->dims[1] > UINT32_MAX) {
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "embedding needs i32 ids [1, 1, rows, 1] and a table of two dimensions ('%s' "
                   "has %u)",
                   weight->name, weight->n_dims);
        return NULL;
    }
    Node *node = graph_add(graph, OP_EMBEDDING, NULL, 0);
    if (!node)
        return NULL;
    node->inputs[0] = ids;
    node->weights[0] = weight;
    Shape shape = ids->shape;
    shape.channels = (uint32_t)weight->dims[1];
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}
