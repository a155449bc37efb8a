// SPDX-License-Identifier: GPL-3.0-or-later
// records.h - the record function of every operation; table.c maps OpKind to them.
#pragma once
#include "ops/record.h"

RshStatus op_linear_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_conv_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_conv_transpose1d_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_attention_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_matmul_record(Recorder *recorder, const Node *node, RshError *error);

RshStatus op_norm_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_rope_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_softmax_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_transpose_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_embedding_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_t5_bias_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_combine_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_binary_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_unary_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_channel_affine_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_space_to_depth_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_depth_to_space_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_avg_down_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_dup_up_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_upsample_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_avg_pool_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_copy_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_snake_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_to_rgba8_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_time_embedding_record(Recorder *recorder, const Node *node, RshError *error);
RshStatus op_latents_to_rgb_record(Recorder *recorder, const Node *node, RshError *error);
