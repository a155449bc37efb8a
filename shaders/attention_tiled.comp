#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// attention_tiled: the same as attention_texel for GPUs, of any subgroup size. A workgroup owns
// QUERIES queries and walks over the keys KEYS at a time, which it holds in shared memory.
//
//   bindings, push   as attention_texel.comp
//   constants  0 PARTS   invocations that share a query; the workgroup has QUERIES * PARTS
//              1 QUERIES  2 D4 (texels of a head)  3 BIAS (0 or 1)  4 KEYS: a multiple of PARTS
//   dispatch   (ceil(q_rows / QUERIES), heads, frames)
//   memory     16 (QUERIES + KEYS) (D4 + 1) + 4 QUERIES (KEYS + 1) bytes shared; HALF: 8 in place of 16
//   precision  f32; HALF rounds queries, keys and values to f16, products and sums are f32; running maximum and sum as in Dao et al., FlashAttention (2022), with exp2
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/attention.h"
#include "include/half.glsl"

layout(constant_id = 0) const int PARTS = 4;
layout(constant_id = 1) const int QUERIES = 32;
layout(constant_id = 2) const int D4 = 16;
layout(constant_id = 3) const int BIAS = 0;
layout(constant_id = 4) const int KEYS = 32;
layout(local_size_x_id = 0, local_size_y_id = 1) in;

layout(binding = 0) uniform samplerBuffer q_texels;
layout(binding = 1) uniform samplerBuffer k_texels;
layout(binding = 2) uniform samplerBuffer v_texels;
layout(binding = 3) uniform samplerBuffer bias_texels;
#ifdef STORE_IMAGE
layout(binding = 4, rgba32f) uniform writeonly imageBuffer y_texels;
#define STORE(at, value) imageStore(y_texels, at, value)
#else
layout(binding = 4) writeonly buffer Y { vec4 y_texels[]; };
#define STORE(at, value) y_texels[at] = value
#endif
layout(push_constant) uniform Push { AttentionPush p; };

const float LOG2_E = 1.4426950408889634;
const float NEVER = -1e30;
const int PITCH = D4 + 1; // odd number of texels between rows: no bank conflict
const int OWN_KEYS = KEYS / PARTS;
const int OWN_TEXELS = (D4 + PARTS - 1) / PARTS;

shared Texel q_tile[QUERIES * PITCH];
shared Texel kv_tile[KEYS * PITCH]; // keys, then values of the same rows
shared float score[QUERIES * (KEYS + 1)];

void load_rows(samplerBuffer texels, int offset, int stride, int first, int last, int invocation)
{
    for (int i = invocation; i < KEYS * D4; i += PARTS * QUERIES) {
        int r = i / D4, d = i % D4;
        kv_tile[r * PITCH + d] =
            to_texel(texelFetch(texels, offset + min(first + r, last) * stride + d));
    }
}

void main()
{
    const int part = int(gl_LocalInvocationID.x), query = int(gl_LocalInvocationID.y);
    const int invocation = query * PARTS + part;
    const int head = int(gl_WorkGroupID.y), frame = int(gl_WorkGroupID.z);
    const int q_rows = int(p.q_rows), last_key = int(p.key_count) - 1;
    const int q0 = int(gl_WorkGroupID.x) * QUERIES;
    const int row = min(q0 + query, q_rows - 1);

    for (int i = invocation; i < QUERIES * D4; i += PARTS * QUERIES) {
        int r = min(q0 + i / D4, q_rows - 1), d = i % D4;
        int at = int(p.q_offset) + (frame * q_rows + r) * int(p.q_stride) + head * D4 + d;
        q_tile[i / D4 * PITCH + d] = to_texel(texelFetch(q_texels, at) * p.scale);
    }
    vec4 sums[OWN_TEXELS];
    [[unroll]] for (int i = 0; i < OWN_TEXELS; i++)
        sums[i] = vec4(0.0);
    float most = NEVER, total = 0.0;
    const int k_base = int(p.k_offset) + frame * int(p.k_rows) * int(p.k_stride) + head * D4;
    const int v_base = int(p.v_offset) + frame * int(p.k_rows) * int(p.v_stride) + head * D4;
    const int bias_base = int(p.bias_offset) + (head * q_rows + row) * int(p.bias_stride);

    for (int first = 0; first <= last_key; first += KEYS) {
        barrier();
        load_rows(k_texels, k_base, int(p.k_stride), first, last_key, invocation);
        barrier();
        [[unroll]] for (int i = 0; i < OWN_KEYS; i++) {
            int key = part + i * PARTS;
            vec4 dot4 = vec4(0.0);
            for (int d = 0; d < D4; d++)
                dot4 = fma(vec4(q_tile[query * PITCH + d]), vec4(kv_tile[key * PITCH + d]), dot4);
            float s = (dot4.x + dot4.y) + (dot4.z + dot4.w);
            if (BIAS != 0) {
                int at = min(first + key, last_key);
                s += texelFetch(bias_texels, bias_base + at / 4)[at % 4] * LOG2_E;
            }
            score[query * (KEYS + 1) + key] = first + key <= last_key ? s : NEVER;
        }
        barrier();
        load_rows(v_texels, v_base, int(p.v_stride), first, last_key, invocation);
        float peak = most;
        for (int key = 0; key < KEYS; key++)
            peak = max(peak, score[query * (KEYS + 1) + key]);
        float fade = exp2(most - peak);
        most = peak;
        barrier();
        [[unroll]] for (int i = 0; i < OWN_KEYS; i++) {
            int at = query * (KEYS + 1) + part + i * PARTS;
            score[at] = exp2(score[at] - peak);
        }
        barrier();
        total *= fade;
        [[unroll]] for (int i = 0; i < OWN_TEXELS; i++)
            sums[i] *= fade;
        for (int key = 0; key < KEYS; key++) {
            float s = score[query * (KEYS + 1) + key];
            total += s;
            [[unroll]] for (int i = 0; i < OWN_TEXELS; i++) {
                vec4 value = vec4(kv_tile[key * PITCH + min(part + i * PARTS, D4 - 1)]);
                sums[i] = fma(vec4(s), value, sums[i]);
            }
        }
    }

    if (q0 + query < q_rows) {
        float share = 1.0 / total;
        int at = (frame * q_rows + row) * int(p.y_stride) + head * D4;
        [[unroll]] for (int i = 0; i < OWN_TEXELS; i++)
            if (part + i * PARTS < D4)
                STORE(at + part + i * PARTS, sums[i] * share);
    }
}
