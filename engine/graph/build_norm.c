// SPDX-License-Identifier: GPL-3.0-or-later
// Normalisation over channels and rotary positions.
#include "graph/build.h"

// The rotation table of `x`: one row a row, an even number of channels that fits in a head.
static bool rope_table_fits(Graph *graph, const Tensor *x, const Tensor *table, uint32_t head_dim)
{
    uint32_t rotated = table->shape.channels;
    if (table->type == TENSOR_F32 && head_dim > 0 && x->shape.channels % head_dim == 0 &&
        head_dim % 2 == 0 && rotated % 2 == 0 && rotated <= head_dim &&
        shape_rows(table->shape) == shape_rows(x->shape))
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT,
               "a rotation table of %u channels does not fit heads of %u in [%u, %u, %u, %u]: it "
               "needs one row a row and an even width",
               rotated, head_dim, x->shape.frames, x->shape.height, x->shape.width,
               x->shape.channels);
    return false;
}

Tensor *op_norm(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                const NormParams *params)
{
    if (!build_input(graph, "norm", x))
        return NULL;
    NormParams p = *params;
    uint32_t channels = x->shape.channels;
    if (!build_vector(graph, "norm", weight, channels) ||
        !build_vector(graph, "norm", bias, channels) ||
        !build_row_table(graph, "norm", "shift", &p.shift, channels) ||
        !build_row_table(graph, "norm", "scale", &p.scale, channels) ||
        !build_row_index(graph, "norm", p.row_index, shape_rows(x->shape)) ||
        (p.rope && !rope_table_fits(graph, x, p.rope, p.head_dim)))
        return NULL;
    Node *node = graph_add(graph, OP_NORM, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->inputs[1] = p.shift.table;
    node->inputs[2] = p.scale.table;
    node->inputs[3] = p.row_index;
    node->inputs[4] = p.rope;
    node->weights[0] = weight;
    node->weights[1] = bias;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}

Tensor *op_rope(Graph *graph, Tensor *x, Tensor *table, uint32_t head_dim)
{
    if (!build_input(graph, "rope", x) || !build_input(graph, "rope", table) ||
        !rope_table_fits(graph, x, table, head_dim))
        return NULL;
    RopeParams p = {.head_dim = head_dim};
    Node *node = graph_add(graph, OP_ROPE, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->inputs[1] = table;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}
