// SPDX-License-Identifier: GPL-3.0-or-later
// What an operation costs at least: multiply-adds count as two, every tensor and weight is moved once.
#include "ops/record.h"

const char *op_name(OpKind op)
{
    static const char *const names[OP_COUNT] = {
        [OP_LINEAR] = "linear",
        [OP_CONV] = "conv",
        [OP_CONV_TRANSPOSE1D] = "conv_transpose1d",
        [OP_NORM] = "norm",
        [OP_ROPE] = "rope",
        [OP_ATTENTION] = "attention",
        [OP_MATMUL] = "matmul",
        [OP_SOFTMAX] = "softmax",
        [OP_TRANSPOSE] = "transpose",
        [OP_EMBEDDING] = "embedding",
        [OP_T5_BIAS] = "t5_bias",
        [OP_COMBINE] = "combine",
        [OP_BINARY] = "binary",
        [OP_UNARY] = "unary",
        [OP_CHANNEL_AFFINE] = "channel_affine",
        [OP_SPACE_TO_DEPTH] = "space_to_depth",
        [OP_DEPTH_TO_SPACE] = "depth_to_space",
        [OP_AVG_DOWN] = "avg_down",
        [OP_DUP_UP] = "dup_up",
        [OP_UPSAMPLE] = "upsample",
        [OP_AVG_POOL] = "avg_pool",
        [OP_COPY] = "copy",
        [OP_SNAKE] = "snake",
        [OP_TO_RGBA8] = "to_rgba8",
        [OP_TIME_EMBEDDING] = "time_embedding",
        [OP_LATENTS_TO_RGB] = "latents_to_rgb",
    };
    return (unsigned)op < OP_COUNT ? names[op] : "unknown";
}

static uint64_t elements(const Tensor *tensor)
{
    return shape_rows(tensor->shape) * tensor->shape.channels;
}

static uint64_t attention_flops(const Node *node)
{
    const AttentionParams *p = node->params;
    // Two products of [queries, d] with [d, keys], and about eight operations a score for softmax.
    uint64_t queries = shape_rows(node->inputs[0]->shape);
    return queries * p->key_count * (4 * (uint64_t)node->inputs[0]->shape.channels + 8 * p->heads);
}

static uint64_t node_flops(const Node *node)
{
    uint64_t out = elements(node->outputs[0]);
    uint64_t weight = node->weights[0] ? weight_count(node->weights[0]) : 0;
    switch (node->op) {
    case OP_LINEAR:
    case OP_CONV: // padding counts as if it were multiplied
        return 2 * shape_rows(node->outputs[0]->shape) * weight;
    case OP_CONV_TRANSPOSE1D:
        return 2 * shape_rows(node->inputs[0]->shape) * weight;
    case OP_ATTENTION:
        return attention_flops(node);
    case OP_MATMUL:
        return 2 * out * node->inputs[0]->shape.channels;
    case OP_SNAKE: // an output: two doubled samples of 6 taps and a sine, 12 taps down
        return out * (2 * (12 + 20) + 24);
    case OP_NORM:
        return out * 8;
    case OP_SOFTMAX:
    case OP_ROPE:
        return out * 6;
    case OP_COMBINE:
        return out * 2 * ((const CombineParams *)node->params)->count;
    case OP_AVG_DOWN:
    case OP_AVG_POOL:
        return elements(node->inputs[0]);
    case OP_BINARY:
    case OP_UNARY:
    case OP_CHANNEL_AFFINE:
    case OP_TO_RGBA8:
        return out * 2;
    case OP_TIME_EMBEDDING: // a product of two words by two, and two series of five terms
        return out * 32;
    case OP_LATENTS_TO_RGB:
        return shape_rows(node->inputs[0]->shape) * 6 * node->inputs[0]->shape.channels;
    case OP_TRANSPOSE:
    case OP_EMBEDDING:
    case OP_T5_BIAS:
    case OP_SPACE_TO_DEPTH:
    case OP_DEPTH_TO_SPACE:
    case OP_DUP_UP:
    case OP_UPSAMPLE:
    case OP_COPY:
    case OP_COUNT:
        break;
    }
    return 0;
}

OpCost op_cost(const Node *node)
{
    OpCost cost = {.flops = node_flops(node)};
    for (size_t i = 0; i < NODE_MAX_INPUTS; i++)
        cost.bytes += node->inputs[i] ? tensor_bytes(node->inputs[i]) : 0;
    for (size_t i = 0; i < NODE_MAX_OUTPUTS; i++)
        cost.bytes += node->outputs[i] ? tensor_bytes(node->outputs[i]) : 0;
    for (size_t i = 0; i < NODE_MAX_WEIGHTS && node->op != OP_EMBEDDING; i++)
        cost.bytes += node->weights[i] ? weight_count(node->weights[i]) * 4 : 0;
    return cost;
}
