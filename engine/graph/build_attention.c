// SPDX-License-Identifier: GPL-3.0-or-later
// Attention, and the pieces it is built from when a head is too wide for the fused kernel.
#include "graph/build.h"

#define FUSED_HEAD_DIM 128

Tensor *op_softmax(Graph *graph, Tensor *x, uint32_t columns)
{
    if (!build_input(graph, "softmax", x))
        return NULL;
    if (columns > x->shape.channels) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "softmax over %u columns of a tensor with %u",
                   columns, x->shape.channels);
        return NULL;
    }
    SoftmaxParams p = {.columns = columns ? columns : x->shape.channels};
    Node *node = graph_add(graph, OP_SOFTMAX, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = x;
    return graph_add_output(graph, node, 0, x->shape, TENSOR_F32);
}

Tensor *op_transpose(Graph *graph, Tensor *x)
{
    if (!build_input(graph, "transpose", x))
        return NULL;
    uint64_t rows = (uint64_t)x->shape.height * x->shape.width;
    if (rows > UINT32_MAX - 3) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "a frame of %u x %u rows is too large to transpose",
                   x->shape.height, x->shape.width);
        return NULL;
    }
    Node *node = graph_add(graph, OP_TRANSPOSE, NULL, 0);
    if (!node)
        return NULL;
    node->inputs[0] = x;
    Shape shape = {x->shape.frames, 1, x->shape.channels, (uint32_t)rows};
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

Tensor *op_t5_bias(Graph *graph, const Weight *weight, uint32_t q_rows, uint32_t k_rows,
                   uint32_t buckets, uint32_t max_distance)
{
    if (!build_weight(graph, "t5_bias", weight))
        return NULL;
    // Half of the buckets are one sign, half of those exact, the rest logarithmic up to max_distance.
    if (weight->n_dims != 2 || weight->dims[0] != buckets || weight->dims[1] > UINT32_MAX ||
        buckets < 4 || buckets % 4 != 0 || max_distance <= buckets / 4 || q_rows > INT32_MAX ||
        k_rows > INT32_MAX) {
        graph_fail(graph, RSH_ERROR_FORMAT,
                   "the relative positions '%s' must be [%u, heads] with a multiple of 4 buckets "
                   "and a distance above %u (it is %u)",
                   weight->name, buckets, buckets / 4, max_distance);
        return NULL;
    }
    T5BiasParams p = {.buckets = buckets, .max_distance = max_distance};
    Node *node = graph_add(graph, OP_T5_BIAS, &p, sizeof(p));
    if (!node)
        return NULL;
    node->weights[0] = weight;
    Shape shape = {1, (uint32_t)weight->dims[1], q_rows, k_rows};
    return graph_add_output(graph, node, 0, shape, TENSOR_F32);
}

// One head of width d through matmul, softmax, matmul; q, k, v hold only that head.
static Tensor *wide_head(Graph *graph, Tensor *q, Tensor *k, Tensor *v, Tensor *bias,
                         const AttentionParams *p)
{
    Tensor *scores = op_matmul(graph, q, k, p->scale);
    if (bias)
        scores = op_binary(graph, BINARY_ADD, scores, bias);
    scores = op_softmax(graph, scores, p->key_count);
    return op_matmul(graph, scores, op_transpose(graph, v), 1.0f);
}

// All rows of a tensor as one frame, for attention across frames.
static Tensor *as_one_frame(Graph *graph, Tensor *x)
{
    uint64_t rows = x ? shape_rows(x->shape) : 0;
    if (rows > UINT32_MAX) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "attention over %llu rows is out of reach",
                   (unsigned long long)rows);
        return NULL;
    }
    return x ? graph_view_shape(graph, x, (Shape){1, 1, (uint32_t)rows, x->shape.channels}) : NULL;
}

static Tensor *wide_attention(Graph *graph, Tensor *q, Tensor *k, Tensor *v,
                              const AttentionParams *p)
{
    Shape shape = q->shape;
    uint32_t d = shape.channels / p->heads;
    if (!p->per_frame) {
        q = as_one_frame(graph, q);
        k = as_one_frame(graph, k);
        v = as_one_frame(graph, v);
    }
    Tensor *bias = p->bias;
    if (bias)
        bias = graph_view_shape(graph, bias,
                                (Shape){p->heads, 1, bias->shape.width, bias->shape.channels});
    Tensor *all = NULL;
    for (uint32_t h = 0; h < p->heads; h++) {
        Tensor *head = wide_head(graph, graph_view_channels(graph, q, h * d, d),
                                 graph_view_channels(graph, k, h * d, d),
                                 graph_view_channels(graph, v, h * d, d),
                                 bias ? graph_view_frames(graph, bias, h, 1) : NULL, p);
        all = all ? op_concat_channels(graph, all, head) : head;
    }
    return all ? graph_view_shape(graph, all, shape) : NULL;
}

Tensor *op_attention(Graph *graph, Tensor *q, Tensor *k, Tensor *v, const AttentionParams *params)
{
    AttentionParams p = *params;
    if (!build_input(graph, "attention", q) || !build_input(graph, "attention", k) ||
        !build_input(graph, "attention", v))
        return NULL;
    uint32_t frames = p.per_frame ? q->shape.frames : 1;
    uint64_t q_rows = shape_rows(q->shape) / frames, k_rows = shape_rows(k->shape) / frames;
    if (p.heads == 0 || q->shape.channels % p.heads != 0 ||
        k->shape.channels != q->shape.channels || v->shape.channels != q->shape.channels ||
        shape_rows(v->shape) != shape_rows(k->shape) || p.key_count > k_rows ||
        (p.per_frame && k->shape.frames != frames) || (p.per_frame && v->shape.frames != frames)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "attention with %u heads and %u keys does not fit q [%u, %u, %u, %u] and "
                   "k [%u, %u, %u, %u]",
                   p.heads, p.key_count, q->shape.frames, q->shape.height, q->shape.width,
                   q->shape.channels, k->shape.frames, k->shape.height, k->shape.width,
                   k->shape.channels);
        return NULL;
    }
    if (p.bias && (p.bias->shape.height != p.heads || p.bias->shape.frames != 1 ||
                   p.bias->shape.width != q_rows || p.bias->shape.channels != k_rows)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "the attention bias [%u, %u, %u, %u] is not [1, heads, queries, keys]",
                   p.bias->shape.frames, p.bias->shape.height, p.bias->shape.width,
                   p.bias->shape.channels);
        return NULL;
    }
    if (q->shape.channels / p.heads % 4 != 0) {
        graph_fail(graph, RSH_ERROR_FORMAT, "heads of %u channels are not a multiple of 4",
                   q->shape.channels / p.heads);
        return NULL;
    }
    if (p.key_count == 0)
        p.key_count = (uint32_t)k_rows;
    if (q->shape.channels / p.heads > FUSED_HEAD_DIM)
        return wide_attention(graph, q, k, v, &p);

    Node *node = graph_add(graph, OP_ATTENTION, &p, sizeof(p));
    if (!node)
        return NULL;
    node->inputs[0] = q;
    node->inputs[1] = k;
    node->inputs[2] = v;
    node->inputs[3] = p.bias;
    return graph_add_output(graph, node, 0, q->shape, TENSOR_F32);
}
