#version 460
// SPDX-License-Identifier: GPL-3.0-or-later
//
// attention_texel: y = softmax(scale * q k^T + bias) v in one pass over the keys, for CPU drivers.
// A lane owns QUERY_GROUPS queries with their sums; LANES keys are read at once, one a lane, and
// handed round by shuffle.
//
//   binding 0, 1, 2  in   q, k, v  [frames, rows, heads * D4] texels
//   binding 3        in   bias     [heads, q_rows, bias_stride] texels, with BIAS
//   binding 4        out  y        [frames, q_rows, y_stride] texels
//   push             AttentionPush, shared/attention.h
//   constants  0 LANES  1 QUERY_GROUPS  2 D4 (texels of a head)  3 BIAS (0 or 1)
//   dispatch   (ceil(q_rows / (LANES * QUERY_GROUPS)), heads, frames)
//   precision  f32; running maximum and sum as in Dao et al., FlashAttention (2022), with exp2
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_EXT_control_flow_attributes : require
#include "shared/attention.h"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const int LANES = 8;
layout(constant_id = 1) const int QUERY_GROUPS = 2;
layout(constant_id = 2) const int D4 = 16;
layout(constant_id = 3) const int BIAS = 0;

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
const float NEVER = -1e30; // a score that no key beats downwards; exp2 of it is 0

void main()
{
    const int lane = int(gl_LocalInvocationID.x);
    const int head = int(gl_WorkGroupID.y);
    const int frame = int(gl_WorkGroupID.z);
    const int q_rows = int(p.q_rows), last_key = int(p.key_count) - 1;

    vec4 q[QUERY_GROUPS][D4], sums[QUERY_GROUPS][D4];
    float most[QUERY_GROUPS], total[QUERY_GROUPS];
    int row[QUERY_GROUPS], bias_at[QUERY_GROUPS];
    [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++) {
        row[j] = (int(gl_WorkGroupID.x) * QUERY_GROUPS + j) * LANES + lane;
        int clamped = min(row[j], q_rows - 1);
        int at = int(p.q_offset) + (frame * q_rows + clamped) * int(p.q_stride) + head * D4;
        bias_at[j] = int(p.bias_offset) + (head * q_rows + clamped) * int(p.bias_stride);
        most[j] = NEVER;
        total[j] = 0.0;
        [[unroll]] for (int d = 0; d < D4; d++) {
            q[j][d] = texelFetch(q_texels, at + d) * p.scale;
            sums[j][d] = vec4(0.0);
        }
    }

    for (int first = 0; first <= last_key; first += LANES) {
        const int key = frame * int(p.k_rows) + min(first + lane, last_key);
        const int k_at = int(p.k_offset) + key * int(p.k_stride) + head * D4;
        const int v_at = int(p.v_offset) + key * int(p.v_stride) + head * D4;
        float score[LANES][QUERY_GROUPS];
        [[unroll]] for (int r = 0; r < LANES; r++)
            [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++)
                score[r][j] = 0.0;
        [[unroll]] for (int d = 0; d < D4; d++) {
            vec4 k = texelFetch(k_texels, k_at + d);
            [[unroll]] for (int r = 0; r < LANES; r++) {
                float k0 = subgroupShuffle(k.x, r), k1 = subgroupShuffle(k.y, r);
                float k2 = subgroupShuffle(k.z, r), k3 = subgroupShuffle(k.w, r);
                [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++) {
                    float s = score[r][j];
                    s = fma(k0, q[j][d].x, s);
                    s = fma(k1, q[j][d].y, s);
                    s = fma(k2, q[j][d].z, s);
                    score[r][j] = fma(k3, q[j][d].w, s);
                }
            }
        }
        float fade[QUERY_GROUPS]; // what earlier sums are worth under the new maximum
        [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++) {
            if (BIAS != 0) {
                [[unroll]] for (int r = 0; r < LANES; r += 4) {
                    int at = bias_at[j] + min(first + r, last_key) / 4;
                    vec4 b = texelFetch(bias_texels, at) * LOG2_E;
                    [[unroll]] for (int i = 0; i < 4; i++)
                        score[r + i][j] += b[i];
                }
            }
            float peak = most[j];
            [[unroll]] for (int r = 0; r < LANES; r++) {
                score[r][j] = first + r <= last_key ? score[r][j] : NEVER;
                peak = max(peak, score[r][j]);
            }
            fade[j] = exp2(most[j] - peak);
            most[j] = peak;
            float sum = 0.0;
            [[unroll]] for (int r = 0; r < LANES; r++) {
                score[r][j] = exp2(score[r][j] - peak);
                sum += score[r][j];
            }
            total[j] = fma(total[j], fade[j], sum);
        }
        [[unroll]] for (int d = 0; d < D4; d++) {
            vec4 v = texelFetch(v_texels, v_at + d);
            [[unroll]] for (int c = 0; c < 4; c++) {
                float s[QUERY_GROUPS];
                [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++)
                    s[j] = sums[j][d][c] * fade[j];
                [[unroll]] for (int r = 0; r < LANES; r++) {
                    float value = subgroupShuffle(v[c], r);
                    [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++)
                        s[j] = fma(value, score[r][j], s[j]);
                }
                [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++)
                    sums[j][d][c] = s[j];
            }
        }
    }

    [[unroll]] for (int j = 0; j < QUERY_GROUPS; j++) {
        if (row[j] < q_rows) {
            float share = 1.0 / total[j];
            int at = (frame * q_rows + row[j]) * int(p.y_stride) + head * D4;
            [[unroll]] for (int d = 0; d < D4; d++)
                STORE(at + d, sums[j][d] * share);
        }
    }
}
