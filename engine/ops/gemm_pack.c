// SPDX-License-Identifier: GPL-3.0-or-later
// Weights in the order the matrix-product kernels read them:
// [layer][block of lanes outputs][tap][texel of k][lane][4],
// zeros where outputs or channels run out.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/dequantise.h"
#include "formats/tensor_values.h"
#include "ops/gemm.h"

typedef struct PackJob {
    GemmConvPack conv;
    uint32_t lanes, k4;
    uint32_t element; // bytes: 4, or 2 for f16, or 1 for int8
    uint32_t group;   // int8: values of k that share a scale
} PackJob;

// Elements [first, first + count) in the number format of the pack.
static RshStatus read_elements(const Weight *weight, const PackJob *job, uint64_t first,
                               uint64_t count, void *out, RshError *error)
{
    if (job->element == 4)
        return weight_read(weight, first, count, out, error);
    const uint8_t *data = model_file_data(weight->file, weight->tensor);
    memcpy(out, data + first * 2, count * 2);
    return RSH_OK;
}

// Whole texels, as far as there are any; sizes that the compiler knows make it a move each.
static uint32_t copy_texels(const PackJob *job, const uint8_t *source, uint8_t *texels)
{
    uint64_t count = job->conv.channels / 4, step = (uint64_t)job->lanes * 4 * job->element;
    if (job->element == 4) {
        for (uint64_t i = 0; i < count; i++)
            memcpy(texels + i * step, source + i * 16, 16);
    } else if (job->element == 2) {
        for (uint64_t i = 0; i < count; i++)
            memcpy(texels + i * step, source + i * 8, 8);
    } else {
        for (uint64_t i = 0; i < count; i++)
            memcpy(texels + i * step, source + i * 4, 4);
    }
    return (uint32_t)count * 4;
}

// Copies source[c * step] for all channels to the texels of one tap and lane.
static void scatter(const PackJob *job, const uint8_t *source, uint64_t step, uint8_t *texels)
{
    uint32_t size = job->element;
    uint64_t texel = (uint64_t)job->lanes * 4 * size;
    uint32_t c = step == 1 ? copy_texels(job, source, texels) : 0;
    for (; c < job->conv.channels; c++)
        memcpy(texels + c / 4 * texel + c % 4 * size, source + c * step * size, size);
}

static uint8_t *lane_start(const PackJob *job, uint8_t *out, uint32_t layer, uint32_t output,
                           uint32_t tap)
{
    uint64_t blocks = (job->conv.outputs + job->lanes - 1) / job->lanes;
    uint64_t block = layer * blocks + output / job->lanes;
    uint64_t texel = ((block * job->conv.taps + tap) * job->k4) * job->lanes + output % job->lanes;
    return out + texel * 4 * job->element;
}

static RshStatus pack_plain(const Weight *weight, const void *params, void *out, uint64_t bytes,
                            RshError *error)
{
    const PackJob *job = params;
    uint64_t row_elements = (uint64_t)job->conv.channels * job->conv.taps;
    uint8_t *row = malloc(row_elements * job->element);
    if (!row)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack a row of the weight '%s'",
                         weight->name);
    if (job->conv.outputs % job->lanes != 0 || job->conv.channels % 4 != 0)
        memset(out, 0, bytes); // else every byte is written below
    RshStatus status = RSH_OK;
    for (uint32_t o = 0; o < job->conv.outputs && status == RSH_OK; o++) {
        status = read_elements(weight, job, o * row_elements, row_elements, row, error);
        for (uint32_t tap = 0; tap < job->conv.taps && status == RSH_OK; tap++)
            scatter(job, row + (uint64_t)tap * job->element, job->conv.taps,
                    lane_start(job, out, 0, o, tap));
    }
    free(row);
    return status;
}

// Output position i * stride + k - pad gets input i through tap k: layer p = position % stride uses
// the taps k = r, r + stride, .. with r = (p + pad) % stride, the last one for the earliest input.
static RshStatus pack_transposed(const Weight *weight, const void *params, void *out,
                                 uint64_t bytes, RshError *error)
{
    const PackJob *job = params;
    const GemmConvPack *conv = &job->conv;
    uint64_t count = weight_count(weight);
    uint8_t *all = malloc(count * job->element);
    if (!all)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack the weight '%s'",
                         weight->name);
    memset(out, 0, bytes);
    RshStatus status = read_elements(weight, job, 0, count, all, error);
    for (uint32_t layer = 0; layer < conv->layers && status == RSH_OK; layer++)
        for (uint32_t tap = 0; tap < conv->taps; tap++) {
            uint32_t k = (layer + conv->pad) % conv->stride + (conv->taps - 1 - tap) * conv->stride;
            if (k >= conv->kernel)
                continue;
            for (uint32_t o = 0; o < conv->outputs; o++)
                scatter(job, all + ((uint64_t)o * conv->kernel + k) * job->element,
                        (uint64_t)conv->outputs * conv->kernel,
                        lane_start(job, out, layer, o, tap));
        }
    free(all);
    return status;
}

// Up-sampled by two, a picture shows each value twice, so that three taps see two values and their
// weights add up: even outputs see w0 before and w1 + w2 at their place, odd ones w0 + w1 at their
// place and w2 after.
static RshStatus pack_upsampled(const Weight *weight, const void *params, void *out, uint64_t bytes,
                                RshError *error)
{
    const PackJob *job = params;
    const GemmConvPack *conv = &job->conv;
    uint32_t channels = conv->channels, frames = conv->taps / 4;
    uint64_t row_elements = (uint64_t)channels * frames * 9;
    float *row = malloc((row_elements + channels) * sizeof(float));
    if (!row)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack a row of the weight '%s'",
                         weight->name);
    float *sums = row + row_elements;
    static const uint32_t first[2][2] = {{0, 1}, {0, 2}}, last[2][2] = {{0, 2}, {1, 2}};
    memset(out, 0, bytes);
    RshStatus status = RSH_OK;
    for (uint32_t o = 0; o < conv->outputs && status == RSH_OK; o++) {
        status = weight_read(weight, o * row_elements, row_elements, row, error);
        for (uint32_t i = 0; i < conv->layers * conv->taps && status == RSH_OK; i++) {
            uint32_t layer = i / conv->taps, tap = i % conv->taps;
            uint32_t phase_y = layer / 2, phase_x = layer % 2, y = tap / 2 % 2, x = tap % 2;
            memset(sums, 0, channels * sizeof(float));
            for (uint32_t ky = first[phase_y][y]; ky <= last[phase_y][y]; ky++)
                for (uint32_t kx = first[phase_x][x]; kx <= last[phase_x][x]; kx++)
                    for (uint32_t c = 0; c < channels; c++)
                        sums[c] += row[((uint64_t)c * frames + tap / 4) * 9 + ky * 3 + kx];
            scatter(job, (const uint8_t *)sums, 1, lane_start(job, out, layer, o, tap));
        }
    }
    free(row);
    return status;
}

// G g G^T for every tap in time: the sixteen values that stand for a 3 x 3 kernel.
static void winograd_kernel(const float *g, float out[16])
{
    static const double G[4][3] = {
        {1.0, 0.0, 0.0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0.0, 0.0, 1.0}};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            double sum = 0.0;
            for (int k = 0; k < 9; k++)
                sum += G[i][k / 3] * G[j][k % 3] * (double)g[k];
            out[i * 4 + j] = (float)sum;
        }
}

static RshStatus pack_winograd(const Weight *weight, const void *params, void *out, uint64_t bytes,
                               RshError *error)
{
    const PackJob *job = params;
    uint32_t channels = job->conv.channels, taps = job->conv.taps;
    uint64_t row_elements = (uint64_t)channels * taps * 9;
    float *row = malloc((row_elements + 16 * (uint64_t)channels) * sizeof(float));
    if (!row)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to pack a row of the weight '%s'",
                         weight->name);
    float *layers = row + row_elements; // [channels][16]
    memset(out, 0, bytes);
    RshStatus status = RSH_OK;
    for (uint32_t o = 0; o < job->conv.outputs && status == RSH_OK; o++) {
        status = weight_read(weight, o * row_elements, row_elements, row, error);
        for (uint32_t tap = 0; tap < taps && status == RSH_OK; tap++) {
            for (uint32_t c = 0; c < channels; c++)
                winograd_kernel(row + ((uint64_t)c * taps + tap) * 9, layers + 16 * (uint64_t)c);
            for (uint32_t layer = 0; layer < 16; layer++)
                scatter(job, (const uint8_t *)(layers + layer), 16,
                        lane_start(job, out, layer, o, tap));
        }
    }
    free(row);
    return status;
}

RshStatus gemm_pack_conv(Recorder *recorder, const GemmKernel *kernel, const Weight *weight,
                         const GemmConvPack *pack, GemmWeight *out, RshError *error)
{
    static const PackFn functions[] = {pack_plain, pack_transposed, pack_upsampled, pack_winograd};
    bool half = weight->dtype == DTYPE_F16 && pack->kind != GEMM_TAPS_UPSAMPLED &&
                pack->kind != GEMM_TAPS_WINOGRAD;
    PackJob job = {.conv = *pack,
                   .lanes = kernel->lanes,
                   .k4 = (pack->channels + 3) / 4,
                   .element = half ? 2 : 4};
    uint64_t blocks = (uint64_t)pack->layers * ((pack->outputs + job.lanes - 1) / job.lanes);
    uint64_t bytes = blocks * pack->taps * job.k4 * job.lanes * 4 * job.element;
    char key[64];
    snprintf(key, sizeof(key), "gemm%u %d %u %u", job.lanes, (int)pack->kind, pack->stride,
             pack->pad);
    *out = (GemmWeight){0};
    return recorder_pack(recorder, weight, key, bytes, functions[pack->kind], &job,
                         half ? GPU_VIEW_RGBA16F : GPU_VIEW_RGBA32F, &out->texels, error);
}

// One output's quantised row: its values, or its scales and offsets.
typedef struct Q8Row {
    int8_t *q;
    float *scale, *offset;
} Q8Row;

static RshStatus q8_row_create(const PackJob *job, Q8Row *row, RshError *error)
{
    uint64_t groups = job->conv.channels / job->group;
    row->q = malloc(job->conv.channels);
    row->scale = malloc(groups * sizeof(float));
    row->offset = malloc(groups * sizeof(float));
    if (row->q && row->scale && row->offset)
        return RSH_OK;
    return error_set(error, RSH_ERROR_MEMORY, "no memory to pack a quantised row of %u values",
                     job->conv.channels);
}

static void q8_row_destroy(Q8Row *row)
{
    free(row->q);
    free(row->scale);
    free(row->offset);
}

// Texels of four values; the lane order is that of the other packs.
static RshStatus pack_q8(const Weight *weight, const void *params, void *out, uint64_t bytes,
                         RshError *error)
{
    const PackJob *job = params;
    Q8Row row = {0};
    RshStatus status = q8_row_create(job, &row, error);
    memset(out, 0, bytes);
    for (uint32_t o = 0; o < job->conv.outputs && status == RSH_OK; o++) {
        status = tensor_to_q8_affine(weight->file, weight->tensor, (uint64_t)o * job->conv.channels,
                                     job->conv.channels, row.q, row.scale, row.offset, error);
        if (status == RSH_OK)
            scatter(job, (const uint8_t *)row.q, 1, lane_start(job, out, 0, o, 0));
    }
    q8_row_destroy(&row);
    return status;
}

// Texels of scale, offset, scale, offset: two groups of k.
static RshStatus pack_q8_scales(const Weight *weight, const void *params, void *out, uint64_t bytes,
                                RshError *error)
{
    const PackJob *job = params;
    uint32_t groups = job->conv.channels / job->group, pairs = (groups + 1) / 2;
    Q8Row row = {0};
    RshStatus status = q8_row_create(job, &row, error);
    memset(out, 0, bytes);
    for (uint32_t o = 0; o < job->conv.outputs && status == RSH_OK; o++) {
        status = tensor_to_q8_affine(weight->file, weight->tensor, (uint64_t)o * job->conv.channels,
                                     job->conv.channels, row.q, row.scale, row.offset, error);
        float *texels =
            (float *)out + 4 * ((uint64_t)(o / job->lanes) * pairs * job->lanes + o % job->lanes);
        for (uint32_t g = 0; g < groups && status == RSH_OK; g++) {
            float *slot = texels + (uint64_t)(g / 2) * job->lanes * 4 + g % 2 * 2;
            slot[0] = row.scale[g];
            slot[1] = row.offset[g];
        }
    }
    q8_row_destroy(&row);
    return status;
}

static RshStatus pack_quantised(Recorder *recorder, const Weight *weight, PackJob *job,
                                GemmWeight *out, RshError *error)
{
    job->element = 1;
    job->group = dtype_group_elements(weight->dtype);
    out->quantised = true;
    out->scale_shift = job->group == 32 ? 3 : 2;
    uint64_t blocks = (job->conv.outputs + job->lanes - 1) / job->lanes;
    uint64_t pairs = (job->conv.channels / job->group + 1) / 2;
    char key[32];
    snprintf(key, sizeof(key), "q8 %u", job->lanes);
    RshStatus status = recorder_pack(recorder, weight, key, blocks * job->k4 * job->lanes * 4,
                                     pack_q8, job, GPU_VIEW_RGBA8I, &out->texels, error);
    if (status != RSH_OK)
        return status;
    snprintf(key, sizeof(key), "q8 scales %u", job->lanes);
    return recorder_pack(recorder, weight, key, blocks * pairs * job->lanes * 16, pack_q8_scales,
                         job, GPU_VIEW_RGBA32F, &out->scales, error);
}

RshStatus gemm_pack_linear(Recorder *recorder, const GemmKernel *kernel, const Weight *weight,
                           GemmWeight *out, RshError *error)
{
    uint32_t outputs = (uint32_t)weight->dims[0];
    GemmConvPack pack = {.outputs = outputs,
                         .channels = (uint32_t)(weight_count(weight) / outputs),
                         .taps = 1,
                         .layers = 1};
    if (dtype_is_quantised(weight->dtype)) {
        PackJob job = {.conv = pack, .lanes = kernel->lanes, .k4 = pack.channels / 4};
        *out = (GemmWeight){0};
        return pack_quantised(recorder, weight, &job, out, error);
    }
    return gemm_pack_conv(recorder, kernel, weight, &pack, out, error);
}
