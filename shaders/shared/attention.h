// SPDX-License-Identifier: GPL-3.0-or-later
//
// attention.h - push constants of the attention kernels. A texel is four f32; offsets count from
// the start of the binding, strides are texels between rows.
#ifndef RUSHES_SHARED_ATTENTION_H
#define RUSHES_SHARED_ATTENTION_H
#ifndef VULKAN
#include <sys/types.h> // uint
#endif

struct AttentionPush {
    uint q_rows, k_rows; // of one frame
    uint key_count;      // keys that take part, 1 to k_rows
    uint q_offset, q_stride;
    uint k_offset, k_stride;
    uint v_offset, v_stride;
    uint y_stride;
    uint bias_offset, bias_stride;
    float scale; // times log2(e)
};

#endif
