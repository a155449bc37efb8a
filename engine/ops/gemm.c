// SPDX-License-Identifier: GPL-3.0-or-later
// Choice of kernel and tile for matrix products, and their recording.
#include "ops/gemm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ops/grid.h"
#include "ops/variants.h"

#define MAX_GROUPS_X     32768 // every device grants 65535; row tiles beyond it go on in y
#define PACK_LANES_TILED 8     // outputs a packed block of the shared-memory kernel

#define WORTH_ANOTHER 0.95 // of the best tile's cost, to take a less common one

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
    return a / b + (a % b != 0);
}

uint32_t cpu_shares(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > 64 ? 64 : (uint32_t)cores;
}

GemmKernel gemm_kernel(Recorder *recorder)
{
    const GpuCaps *caps = recorder_caps(recorder);
    const KernelKind kind = kernel_kind(recorder, "matmul");
    GemmKernel kernel = {.tiled = kind != KERNEL_TEXEL, .half = kind == KERNEL_TILED16};
    kernel.max_invocations = caps->max_invocations;
    kernel.lanes = kernel.tiled ? PACK_LANES_TILED : caps->subgroup_size;
    return kernel;
}

// Time of a workgroup of the texel kernel for one texel of k, and once for all, in nanoseconds of
// one core: a fit within 5 % of 18 measured tiles (docs/speed.md). Only ratios matter.
static double group_cost(uint32_t outputs, uint32_t groups, const GemmShape *shape)
{
    double step = 2.2 + 1.39 * outputs + 6.3 * groups + 1.26 * outputs * groups;
    double tap = shape->taps > 1 ? 12.0 * groups + 0.5 * outputs * groups : 0.0;
    double once = 80.0 + 4.0 * outputs * groups;
    return once + shape->taps * (tap + step * shape->k4);
}

void gemm_choose_tile(GemmKernel *kernel, const GemmShape *shape)
{
    if (kernel->tiled) {
        // Small products: more workgroups, so that more of the device has work.
        bool small = (uint64_t)shape->rows * shape->outputs * shape->layers < 64 * 64 * 64 ||
                     kernel->max_invocations < 256;
        kernel->out_tile = kernel->row_groups = small ? 32 : 64;
        kernel->unroll = kernel->half ? 8 : 4; // as many bytes either way
        return;
    }
    // From the largest down; few of them, because each is another kernel to compile.
    static const uint32_t outputs[] = {32, 24, 16, 8}, groups[] = {6, 3, 1};
    const uint32_t shares = cpu_shares();
    double best = 0.0;
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
        for (size_t j = 0; j < sizeof(groups) / sizeof(groups[0]); j++) {
            // Whole packed blocks, so that a tile starts at the first lane of one.
            uint32_t tile = ceil_div(outputs[i], kernel->lanes) * kernel->lanes;
            uint64_t count = (uint64_t)ceil_div(shape->rows, groups[j] * kernel->lanes) *
                             ceil_div(shape->outputs, tile) * shape->layers;
            // The driver deals the workgroups out to its threads in equal shares.
            double cost =
                (double)((count + shares - 1) / shares) * group_cost(tile, groups[j], shape);
            if (best > 0.0 && cost >= WORTH_ANOTHER * best)
                continue;
            best = cost;
            kernel->out_tile = tile;
            kernel->row_groups = groups[j];
        }
    if (shape->outputs <= 4)
        kernel->out_tile = 4; // half a block: the rest of it is padding
    // A short loop body costs as much in keeping lanes masked as in products.
    uint32_t body = kernel->out_tile * kernel->row_groups;
    kernel->unroll = shape->k4 % 4 == 0 && body <= 32 ? 4 : shape->k4 % 2 == 0 ? 2 : 1;
}

RshStatus gemm_record(Recorder *recorder, const GemmKernel *kernel, GemmCall *call, RshError *error)
{
    const GemmShape *shape = &call->shape;
    struct GemmParams *push = &call->push;
    push->rows = shape->rows;
    push->out4 = row_texels(shape->outputs);
    push->k4 = shape->k4;

    GpuBinding bindings[9];
    bindings[0] = call->x_layers ? *call->x_layers
                                 : grid_input(recorder, call->x, &push->x_offset, &push->x_stride);
    bindings[1] = call->weight.texels;
    RshStatus status = grid_vector(recorder, call->bias, &bindings[2], error);
    if (status != RSH_OK)
        return status;
    bindings[3] =
        grid_input(recorder, call->residual, &push->residual_offset, &push->residual_stride);
    bindings[4] = grid_input(recorder, call->gate.table, &push->gate_offset, &push->gate_stride);
    push->gate_offset += call->gate.channel / 4;
    bindings[5] = grid_indices(recorder, call->row_index, &push->index_offset, &push->index_stride);
    bindings[6] =
        grid_input(recorder, call->multiply, &push->multiply_offset, &push->multiply_stride);
    bindings[7] =
        call->weight.quantised ? call->weight.scales : recorder_nothing(recorder, GPU_VIEW_RGBA32F);
    bindings[8] = call->y_layers ? *call->y_layers : grid_output(recorder, call->y, NULL);
    bool image = bindings[8].view == GPU_VIEW_RGBA32F;

    // Without a bias, zeros are added where enough of them are bound: one kernel fewer.
    bool bias = call->bias || push->out4 <= bindings[2].bytes / 16;
    uint32_t flags = (bias ? GEMM_BIAS : 0u) | (call->multiply ? GEMM_MULTIPLY : 0u) |
                     (call->gate.table ? GEMM_GATE : 0u) |
                     (call->gate.table && call->row_index ? GEMM_ROW_INDEX : 0u) |
                     (call->residual ? GEMM_RESIDUAL : 0u);
    // A short sum becomes straight code: the loop would cost as much as its body.
    uint32_t fixed_k4 = shape->k4 <= 4 ? shape->k4 : 0;
    uint32_t last = shape->outputs % 4 ? shape->outputs % 4 : 4;
    uint32_t constants[] = {kernel->lanes,
                            kernel->out_tile,
                            kernel->row_groups,
                            kernel->unroll,
                            (uint32_t)call->act,
                            flags,
                            fixed_k4,
                            last,
                            call->weight.scale_shift,
                            kernel->out_tile / 4 * kernel->row_groups / 4};
    char shader[48];
    snprintf(shader, sizeof(shader), "gemm_%s%s%s%s", call->family,
             call->weight.quantised ? "_q8" : "",
             kernel->half    ? "_tiled16"
             : kernel->tiled ? "_tiled"
                             : "",
             image ? "_image" : "");
    uint32_t group_rows = kernel->tiled ? kernel->row_groups : kernel->row_groups * kernel->lanes;
    uint32_t row_tiles = ceil_div(shape->rows, group_rows);
    push->row_tiles = row_tiles < MAX_GROUPS_X ? row_tiles : MAX_GROUPS_X;
    uint32_t y = ceil_div(push->out4 * 4, kernel->out_tile) * ceil_div(row_tiles, push->row_tiles);
    return recorder_dispatch(recorder, shader, constants, sizeof(constants) / sizeof(constants[0]),
                             bindings, 9, push, sizeof(*push), push->row_tiles, y, shape->layers,
                             error);
}
