// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/records.h"

static const OpRecord table[OP_COUNT] = {
    [OP_LINEAR] = op_linear_record,
    [OP_CONV] = op_conv_record,
    [OP_CONV_TRANSPOSE1D] = op_conv_transpose1d_record,
    [OP_NORM] = op_norm_record,
    [OP_ROPE] = op_rope_record,
    [OP_ATTENTION] = op_attention_record,
    [OP_MATMUL] = op_matmul_record,
    [OP_SOFTMAX] = op_softmax_record,
    [OP_TRANSPOSE] = op_transpose_record,
    [OP_EMBEDDING] = op_embedding_record,
    [OP_T5_BIAS] = op_t5_bias_record,
    [OP_COMBINE] = op_combine_record,
    [OP_BINARY] = op_binary_record,
    [OP_UNARY] = op_unary_record,
    [OP_CHANNEL_AFFINE] = op_channel_affine_record,
    [OP_SPACE_TO_DEPTH] = op_space_to_depth_record,
    [OP_DEPTH_TO_SPACE] = op_depth_to_space_record,
    [OP_AVG_DOWN] = op_avg_down_record,
    [OP_DUP_UP] = op_dup_up_record,
    [OP_UPSAMPLE] = op_upsample_record,
    [OP_AVG_POOL] = op_avg_pool_record,
    [OP_COPY] = op_copy_record,
    [OP_SNAKE] = op_snake_record,
    [OP_TO_RGBA8] = op_to_rgba8_record,
    [OP_TIME_EMBEDDING] = op_time_embedding_record,
    [OP_LATENTS_TO_RGB] = op_latents_to_rgb_record,
};

OpRecord op_record(OpKind op)
{
    return (unsigned)op < OP_COUNT ? table[op] : NULL;
}
