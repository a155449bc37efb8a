// SPDX-License-Identifier: GPL-3.0-or-later
#include "run/speed.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "graph/ops.h"
#include "graph/runner.h"

// A product that fills every tile and whose kernel costs as much to build as products' kernels do on average.
#define ROWS    1024u
#define INPUTS  256u
#define OUTPUTS 936u
#define LONG_NS 100e6 // it is run again for so long: long enough to feel other programs
#define FAST_NS 5e6   // a device that needs less is measured with many more rows
#define MANY    16u
#define MOST    1000

struct Speed {
    GpuOptions options;
    pthread_t thread;
    atomic_bool stop, known;
    double flops; // once known
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// Nanoseconds of a run, on average over LONG_NS, after one that builds the kernel.
static RshStatus time_runs(Speed *self, Runner *runner, const Graph *graph, double *ns,
                           uint64_t *flops)
{
    Program *program = NULL;
    RshStatus status = runner->ops->prepare(runner, graph, &self->stop, &program, NULL);
    if (status != RSH_OK)
        return status;
    *flops = runner->ops->info(program).flops;
    status = runner->ops->run(program, &self->stop, NULL);
    const double began = now_ns();
    for (int run = 1; run <= MOST && status == RSH_OK; run++) {
        status = runner->ops->run(program, &self->stop, NULL);
        *ns = (now_ns() - began) / run;
        if (*ns * run > LONG_NS)
            break;
    }
    runner->ops->release(&program);
    return status;
}

// Operations a second with so many rows, and how long a run took.
static RshStatus measure(Speed *self, Runner *runner, uint32_t rows, double *ns)
{
    const uint64_t dims[] = {OUTPUTS, INPUTS};
    const Shape shape = {1, 1, rows, INPUTS};
    WeightSet *weights = NULL;
    Graph *graph = NULL;
    uint64_t flops = 0;
    RshStatus status = weight_set_open(NULL, "", &weights, NULL);
    if (status == RSH_OK)
        status = graph_create("speed", &graph, NULL);
    if (status == RSH_OK) {
        const Weight *weight = weight_set_derive(weights, "w", 2, dims,
                                                 calloc((size_t)OUTPUTS * INPUTS, sizeof(float)));
        status = weight ? RSH_OK : RSH_ERROR_MEMORY;
        if (weight) {
            Tensor *x = graph_input(graph, "x", shape, TENSOR_F32);
            graph_output(graph, op_linear(graph, x, weight, NULL, &(LinearParams){0}), "y");
            status = time_runs(self, runner, graph, ns, &flops);
        }
    }
    if (status == RSH_OK)
        self->flops = (double)flops / *ns * 1e9;
    graph_destroy(&graph);
    weight_set_close(&weights);
    return status;
}

static void *measure_all(void *data)
{
    Speed *self = data;
    Gpu *gpu = NULL;
    Runner *runner = NULL;
    double ns = 0.0;
    RshStatus status = gpu_open(&self->options, &gpu, NULL);
    if (status == RSH_OK)
        status = runner_create_gpu(gpu, &runner, NULL);
    if (status == RSH_OK)
        status = measure(self, runner, ROWS, &ns);
    if (status == RSH_OK && ns < FAST_NS)
        status = measure(self, runner, ROWS * MANY, &ns);
    if (runner)
        runner->ops->destroy(&runner);
    gpu_close(&gpu);
    if (status != RSH_OK)
        self->flops = 0.0;
    atomic_store(&self->known, true);
    return NULL;
}

RshStatus speed_start(const GpuOptions *options, Speed **out, RshError *error)
{
    Speed *self = calloc(1, sizeof(*self));
    *out = NULL;
    if (!self)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to measure the device's speed");
    self->options = *options;
    if (pthread_create(&self->thread, NULL, measure_all, self) != 0) {
        free(self);
        return error_set(error, RSH_ERROR_MEMORY, "the speed's thread cannot be started");
    }
    *out = self;
    return RSH_OK;
}

bool speed_get(const Speed *speed, double *flops)
{
    if (!atomic_load(&((Speed *)speed)->known))
        return false;
    *flops = speed->flops;
    return true;
}

void speed_stop(Speed **speed)
{
    Speed *self = *speed;
    *speed = NULL;
    if (!self)
        return;
    atomic_store(&self->stop, true);
    pthread_join(self->thread, NULL);
    free(self);
}
