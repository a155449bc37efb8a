// SPDX-License-Identifier: GPL-3.0-or-later
#include "ops/variants.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "graph/ops.h"
#include "graph/runner.h"

// One piece of work for each family: a millisecond of the slowest device, large enough to fill tiles.
#define TIMED_ROWS 256u
#define TIMED_SIZE 256u // channels
#define TIMED_RUNS 3

// What a graph that allows 16-bit operands can run with.
static const char *const tiled_variants[] = {"tiled", "tiled16"};

static bool tiled_usable(const GpuCaps *caps, const char *variant)
{
    return strcmp(variant, "tiled16") == 0 ? caps->fp16 : caps->fp32_products || !caps->fp16;
}

KernelKind kernel_kind(Recorder *recorder, const char *family)
{
    const GpuCaps *caps = recorder_caps(recorder);
    // The texel kernels need their lanes to be one small subgroup; GPUs may choose another size for
    // each pipeline.
    const bool texel = caps->texel_tiles && caps->subgroup_size <= 16;
    const KernelKind exact = texel ? KERNEL_TEXEL : KERNEL_TILED;
    if (!recorder_allows_half(recorder) || (texel && caps->fp32_products))
        return exact;
    return strcmp(recorder_variant(recorder, family, "tiled"), "tiled16") == 0 ? KERNEL_TILED16
                                                                               : exact;
}

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// Best of a few runs, after one that compiles and warms up.
static RshStatus time_graph(Gpu *gpu, const Graph *graph, double *ns, RshError *error)
{
    Runner *runner = NULL;
    Program *program = NULL;
    RshStatus status = runner_create_gpu(gpu, &runner, error);
    if (status != RSH_OK)
        return status;
    status = runner->ops->prepare(runner, graph, NULL, &program, error);
    if (status == RSH_OK)
        status = runner->ops->run(program, NULL, error);
    for (int i = 0; i < TIMED_RUNS && status == RSH_OK; i++) {
        const double before = now_ns();
        status = runner->ops->run(program, NULL, error);
        const double took = now_ns() - before;
        *ns = i == 0 || took < *ns ? took : *ns;
    }
    if (program)
        runner->ops->release(&program);
    runner->ops->destroy(&runner);
    return status;
}

static RshStatus time_matmul(Gpu *gpu, const char *variant, double *ns, RshError *error)
{
    (void)variant; // gpu_calibrate() hands it to the recorder
    const uint64_t dims[] = {TIMED_SIZE, TIMED_SIZE};
    const Shape shape = {1, 1, TIMED_ROWS, TIMED_SIZE};
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    RshStatus status = weight_set_open(NULL, "", &weights, error);
    if (status == RSH_OK)
        status = graph_create("calibration", &graph, error);
    if (status != RSH_OK)
        goto done;
    const Weight *weight =
        weight_set_derive(weights, "w", 2, dims, calloc(TIMED_SIZE * TIMED_SIZE, sizeof(float)));
    graph_allow_half(graph);
    if (!weight) {
        status = error_set(error, RSH_ERROR_MEMORY, "no memory to time kernels");
        goto done;
    }
    Tensor *y = op_linear(graph, graph_input(graph, "x", shape, TENSOR_F32), weight, NULL,
                          &(LinearParams){0});
    graph_output(graph, y, "y");
    status = time_graph(gpu, graph, ns, error);

done:
    graph_destroy(&graph);
    weight_set_close(&weights);
    return status;
}

static RshStatus time_attention(Gpu *gpu, const char *variant, double *ns, RshError *error)
{
    (void)variant;
    const Shape shape = {1, 1, TIMED_ROWS, 128};
    const AttentionParams params = {.heads = 2, .scale = 0.125f};
    Graph *graph = NULL;
    RshStatus status = graph_create("calibration", &graph, error);
    if (status == RSH_OK) {
        graph_allow_half(graph);
        Tensor *x = graph_input(graph, "x", shape, TENSOR_F32);
        graph_output(graph, op_attention(graph, x, x, x, &params), "y");
        status = time_graph(gpu, graph, ns, error);
    }
    graph_destroy(&graph);
    return status;
}

const VariantFamily *op_variants(const char *family)
{
    static const VariantFamily families[] = {
        {"matmul", tiled_variants, 2, tiled_usable, time_matmul},
        {"attention", tiled_variants, 2, tiled_usable, time_attention},
    };
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (strcmp(families[i].name, family) == 0)
            return &families[i];
    return NULL;
}
