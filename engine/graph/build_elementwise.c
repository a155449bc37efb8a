// SPDX-License-Identifier: GPL-3.0-or-later
// One number in, one number out: sums, products, activations, pictures.
#include <string.h>

#include "graph/build.h"

Tensor *op_combine(Graph *graph, uint32_t count, Tensor *const *x, const float *c,
                   Tensor *coefficients, float limit)
{
    if (count == 0 || count > 8 || (!c && !coefficients)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "combine takes 1 to 8 tensors and a factor for each, not %u", count);
        return NULL;
    }
    CombineParams p = {.count = count, .limit = limit, .from_tensor = coefficients != NULL};
    for (uint32_t i = 0; i < count; i++) {
        if (!build_input(graph, "combine", x[i]) ||
            !build_same_rows(graph, "combine", "input", x[i], shape_rows(x[0]->shape),
                             x[0]->shape.channels))
            return NULL;
        p.c[i] = c ? c[i] : 0.0f;
    }
    if (coefficients &&
        (coefficients->type != TENSOR_F32 || coefficients->shape.channels < count)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "combine has %u coefficients for %u tensors",
                   coefficients->shape.channels, count);
        return NULL;
    }
    Node *node = graph_add(graph, OP_COMBINE, &p, sizeof(p));
    if (!node)
        return NULL;
    memcpy(node->inputs, x, count * sizeof(x[0]));
    node->inputs[8] = coefficients;
    return graph_add_output(graph, node, 0, x[0]->shape, TENSOR_F32);
}

Tensor *op_binary(Graph *graph, BinaryKind kind, Tensor *a, Tensor *b)
{
    if (!build_input(graph, "binary", a) || !build_input(graph, "binary", b))
        return NULL;
    uint64_t rows = shape_rows(b->shape) == 1 ? 1 : shape_rows(a->shape);
    if (!build_same_rows(graph, "an elementwise operation", "second operand", b, rows,
                         a->shape.channels))
        return NULL;
    BinaryParams p = {.kind = kind};
    Node *node = graph_add(graph, OP_BINARY, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = a;
    node->inputs[1] = b;
    return graph_add_output(graph, node, 0, a->shape, TENSOR_F32);
}

Tensor *op_unary(Graph *graph, Tensor *x, Activation act, float low, float high)
{
    if (!build_input(graph, "unary", x))
        return NULL;
    UnaryParams p = {.act = act, .low = low, .high = high};
    Node *node = graph_add(graph, OP_UNARY, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}

Tensor *op_channel_affine(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias)
{
    if (!build_input(graph, "channel_affine", x) ||
        !build_vector(graph, "channel_affine", weight, x->shape.channels) ||
        !build_vector(graph, "channel_affine", bias, x->shape.channels))
        return NULL;
    Node *node = graph_add(graph, OP_CHANNEL_AFFINE, NULL, 0);
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->weights[0] = weight;
    node->weights[1] = bias;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}

Tensor *op_to_rgba8(Graph *graph, Tensor *x)
{
    if (!build_input(graph, "to_rgba8", x))
        return NULL;
    if (x->shape.channels != 3) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "a picture has 3 channels, not %u",
                   x->shape.channels);
        return NULL;
    }
    Node *node = graph_add(graph, OP_TO_RGBA8, NULL, 0);
    if (!node)
        return NULL;
    node->inputs[0] = x;
    Shape shape = x->shape;
    shape.channels = 4;
    return graph_add_output(graph, node, 0, shape, TENSOR_U8);
}

Tensor *op_latents_to_rgb(Graph *graph, Tensor *x, Tensor *map)
{
    if (!build_input(graph, "latents_to_rgb", x) || !build_input(graph, "latents_to_rgb", map) ||
        !build_same_rows(graph, "latents_to_rgb", "map", map, (uint64_t)x->shape.channels + 1, 3))
        return NULL;
    Node *node = graph_add(graph, OP_LATENTS_TO_RGB, NULL, 0);
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->inputs[1] = map;
    Shape shape = x->shape;
    shape.channels = 4;
    return graph_add_output(graph, node, 0, shape, TENSOR_U8);
}
