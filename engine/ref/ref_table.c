// SPDX-License-Identifier: GPL-3.0-or-later
#include "ref/ref_ops.h"

static const RefOp table[OP_COUNT] = {
    [OP_LINEAR] = ref_linear,
    [OP_CONV] = ref_conv,
    [OP_CONV_TRANSPOSE1D] = ref_conv_transpose1d,
    [OP_NORM] = ref_norm,
    [OP_ROPE] = ref_rope,
    [OP_ATTENTION] = ref_attention,
    [OP_MATMUL] = ref_matmul,
    [OP_SOFTMAX] = ref_softmax,
    [OP_TRANSPOSE] = ref_transpose,
    [OP_EMBEDDING] = ref_embedding,
    [OP_T5_BIAS] = ref_t5_bias,
    [OP_COMBINE] = ref_combine,
    [OP_BINARY] = ref_binary,
    [OP_UNARY] = ref_unary,
    [OP_CHANNEL_AFFINE] = ref_channel_affine,
    [OP_SPACE_TO_DEPTH] = ref_space_to_depth,
    [OP_DEPTH_TO_SPACE] = ref_depth_to_space,
    [OP_AVG_DOWN] = ref_avg_down,
    [OP_DUP_UP] = ref_dup_up,
    [OP_UPSAMPLE] = ref_upsample,
    [OP_AVG_POOL] = ref_avg_pool,
    [OP_COPY] = ref_copy,
    [OP_SNAKE] = ref_snake,
    [OP_TO_RGBA8] = ref_to_rgba8,
    [OP_TIME_EMBEDDING] = ref_time_embedding,
    [OP_LATENTS_TO_RGB] = ref_latents_to_rgb,
};

RefOp ref_op(OpKind op)
{
    return (unsigned)op < OP_COUNT ? table[op] : NULL;
}
