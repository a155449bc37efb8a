// SPDX-License-Identifier: GPL-3.0-or-later
// ref_ops.h - the references themselves; ref_table.c maps OpKind to them.
#pragma once
#include "ref/ref.h"

RshStatus ref_linear(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_conv(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_conv_transpose1d(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_norm(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_rope(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_attention(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_matmul(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_softmax(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_transpose(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_embedding(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_t5_bias(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_combine(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_binary(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_unary(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_channel_affine(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_space_to_depth(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_depth_to_space(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_avg_down(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_dup_up(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_upsample(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_avg_pool(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_copy(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_snake(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_to_rgba8(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_time_embedding(RefRunner *runner, const Node *node, RshError *error);
RshStatus ref_latents_to_rgb(RefRunner *runner, const Node *node, RshError *error);
