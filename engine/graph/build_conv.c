// SPDX-License-Identifier: GPL-3.0-or-later
// Convolutions and what is woven between them: resizing, pooling, anti-aliased snake.
#include <inttypes.h>

#include "graph/build.h"

// Length of one axis after a convolution; 0 when the kernel does not fit.
static uint64_t conv_length(uint64_t in, const ConvParams *p, uint32_t axis)
{
    uint64_t padded = in * p->upsample[axis] + p->pad_before[axis] + p->pad_after[axis];
    uint64_t reach = (uint64_t)p->dilation[axis] * (p->kernel[axis] - 1) + 1;
    return padded < reach ? 0 : (padded - reach) / p->stride[axis] + 1;
}

Tensor *op_conv(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                const ConvParams *params)
{
    ConvParams p = params ? *params : (ConvParams){0};
    if (!build_input(graph, "conv", x) || !build_weight(graph, "conv", weight))
        return NULL;
    uint32_t dims = weight->n_dims;
    if (dims < 3 || dims > 5 || weight->dims[0] > UINT32_MAX ||
        weight->dims[1] != x->shape.channels) {
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "the convolution '%s' has %u dimensions and takes %" PRIu64
                   " channels; the tensor has %u",
                   weight->name, dims, dims > 1 ? weight->dims[1] : 0, x->shape.channels);
        return NULL;
    }
    uint64_t length[3] = {x->shape.frames, x->shape.height, x->shape.width};
    for (uint32_t axis = 0; axis < 3; axis++) {
        // The last dims - 2 axes have a kernel, the others have size 1.
        uint32_t missing = 5 - dims;
        uint64_t size = axis < missing ? 1 : weight->dims[2 + axis - missing];
        p.kernel[axis] = (uint32_t)size;
        p.stride[axis] = p.stride[axis] ? p.stride[axis] : 1;
        p.dilation[axis] = p.dilation[axis] ? p.dilation[axis] : 1;
        p.upsample[axis] = p.upsample[axis] ? p.upsample[axis] : 1;
        length[axis] = size && size <= UINT32_MAX ? conv_length(length[axis], &p, axis) : 0;
        if (length[axis] == 0 || length[axis] > UINT32_MAX || p.upsample[axis] > 2) {
            graph_fail(graph, RSH_ERROR_ARGUMENT,
                       "the convolution '%s' (kernel %" PRIu64 " on axis %u) does not fit into "
                       "[%u, %u, %u, %u]",
                       weight->name, size, axis, x->shape.frames, x->shape.height, x->shape.width,
                       x->shape.channels);
            return NULL;
        }
    }
    Shape shape = {(uint32_t)length[0], (uint32_t)length[1], (uint32_t)length[2],
                   (uint32_t)weight->dims[0]};
    if (!build_vector(graph, "the bias of conv", bias, shape.channels) ||
        (p.residual && !build_same_rows(graph, "conv", "residual", p.residual, shape_rows(shape),
                                        shape.channels)))
        return NULL;
    Node *node = graph_add(graph, OP_CONV, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->inputs[1] = p.residual;
    node->weights[0] = weight;
    node->weights[1] = bias;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_conv_transpose1d(Graph *graph, Tensor *x, const Weight *weight, const Weight *bias,
                            uint32_t stride, uint32_t pad)
{
    if (!build_input(graph, "conv_transpose1d", x) ||
        !build_weight(graph, "conv_transpose1d", weight))
        return NULL;
    if (weight->n_dims != 3 || weight->dims[0] != x->shape.channels ||
        weight->dims[1] > UINT32_MAX || weight->dims[2] > UINT32_MAX || weight->dims[2] == 0) {
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "the transposed convolution '%s' must be [%u, out, kernel]", weight->name,
                   x->shape.channels);
        return NULL;
    }
    uint64_t full = (uint64_t)(x->shape.width - 1) * stride + weight->dims[2];
    if (stride == 0 || full <= 2 * (uint64_t)pad || full - 2 * (uint64_t)pad > UINT32_MAX) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "the transposed convolution '%s' leaves nothing with stride %u and padding %u",
                   weight->name, stride, pad);
        return NULL;
    }
    if (!build_vector(graph, "the bias of conv_transpose1d", bias, weight->dims[1]))
        return NULL;
    ConvTransposeParams p = {.kernel = (uint32_t)weight->dims[2], .stride = stride, .pad = pad};
    Node *node = graph_add(graph, OP_CONV_TRANSPOSE1D, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->weights[0] = weight;
    node->weights[1] = bias;
    Shape shape = x->shape;
    shape.width = (uint32_t)(full - 2 * (uint64_t)pad);
    shape.channels = (uint32_t)weight->dims[1];
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_upsample(Graph *graph, Tensor *x, const uint32_t factor[3])
{
    if (!build_input(graph, "upsample", x))
        return NULL;
    BlockParams p = {.factor = {factor[0], factor[1], factor[2]}};
    uint64_t size[3] = {(uint64_t)x->shape.frames * factor[0],
                        (uint64_t)x->shape.height * factor[1],
                        (uint64_t)x->shape.width * factor[2]};
    for (uint32_t axis = 0; axis < 3; axis++) {
        if (size[axis] == 0 || size[axis] > UINT32_MAX) {
            graph_fail(graph, RSH_ERROR_ARGUMENT, "upsample by %u on axis %u is not possible",
                       factor[axis], axis);
            return NULL;
        }
    }
    Node *node = graph_add(graph, OP_UPSAMPLE, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    Shape shape = {(uint32_t)size[0], (uint32_t)size[1], (uint32_t)size[2], x->shape.channels};
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_avg_pool(Graph *graph, Tensor *x, uint32_t factor)
{
    if (!build_input(graph, "avg_pool", x))
        return NULL;
    if (factor == 0 || x->shape.width < factor) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "avg_pool cannot take groups of %u out of width %u",
                   factor, x->shape.width);
        return NULL;
    }
    BlockParams p = {.factor = {1, 1, factor}};
    Node *node = graph_add(graph, OP_AVG_POOL, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    Shape shape = x->shape;
    shape.width /= factor;
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_snake(Graph *graph, Tensor *x, const Weight *alpha, const Weight *beta,
                 const Weight *filter_up, const Weight *filter_down, bool log_scale)
{
    if (!build_input(graph, "snake", x) || !build_weight(graph, "snake", alpha) ||
        !build_weight(graph, "snake", filter_up) || !build_weight(graph, "snake", filter_down) ||
        !build_vector(graph, "snake", alpha, x->shape.channels) ||
        !build_vector(graph, "snake", beta, x->shape.channels) ||
        !build_vector(graph, "snake", filter_up, 12) ||
        !build_vector(graph, "snake", filter_down, 12))
        return NULL;
    SnakeParams p = {.log_scale = log_scale};
    Node *node = graph_add(graph, OP_SNAKE, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    node->weights[0] = alpha;
    node->weights[1] = beta;
    node->weights[2] = filter_up;
    node->weights[3] = filter_down;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}
