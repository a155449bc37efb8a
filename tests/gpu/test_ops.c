// SPDX-License-Identifier: GPL-3.0-or-later
// Every operation on the device against the plain C reference, over shapes that are odd, one, and past a
// tile. `--bench [WORDS]` measures instead, `--only WORDS` runs the cases whose name contains WORDS. `--half`
// runs products and attention with operands of 16 bits, where the device has them.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device_test.h"
#include "graph/build.h"
#include "graph/runner.h"
#include "op_case.h"
#include "ops/record.h"
#include "stored_weight.h"

enum { MAX_INPUTS = 16, MAX_OUTPUTS = 4 };

struct CaseBuilder {
    Graph *graph;
    WeightSet *weights;
    uint64_t random;
    uint32_t weight_count;
    StoredWeight stored;
    Tensor *inputs[MAX_INPUTS], *outputs[MAX_OUTPUTS];
    void *data[MAX_INPUTS]; // tight rows
    size_t input_count, output_count;
};

// ---- numbers ------------------------------------------------------------------------------------

// splitmix64 (Steele, Lea and Flood 2014)
static uint64_t next_random(CaseBuilder *builder)
{
    uint64_t z = builder->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double next_uniform(CaseBuilder *builder)
{
    return ((double)(next_random(builder) >> 11) + 0.5) * 0x1p-53;
}

static float *normal_numbers(CaseBuilder *builder, uint64_t count, double scale)
{
    float *out = malloc((count + 1) * sizeof(*out));
    if (!out)
        abort();
    for (uint64_t i = 0; i < count; i += 2) { // Box-Muller
        double radius = scale * sqrt(-2.0 * log(next_uniform(builder)));
        double angle = 2.0 * M_PI * next_uniform(builder);
        out[i] = (float)(radius * cos(angle));
        out[i + 1] = (float)(radius * sin(angle));
    }
    return out;
}

// ---- what cases call ----------------------------------------------------------------------------

Graph *case_graph(CaseBuilder *builder)
{
    return builder->graph;
}

static Tensor *add_input(CaseBuilder *builder, Shape shape, TensorType type, void *data)
{
    char name[16];
    snprintf(name, sizeof(name), "in%zu", builder->input_count);
    Tensor *tensor = graph_input(builder->graph, name, shape, type);
    builder->inputs[builder->input_count] = tensor;
    builder->data[builder->input_count++] = data;
    return tensor;
}

Tensor *case_input(CaseBuilder *builder, Shape shape)
{
    float *data = normal_numbers(builder, shape_rows(shape) * shape.channels, 1.0);
    return add_input(builder, shape, TENSOR_F32, data);
}

Tensor *case_indices(CaseBuilder *builder, uint32_t rows, uint32_t limit)
{
    int32_t *data = malloc(rows * sizeof(*data));
    if (!data)
        abort();
    for (uint32_t i = 0; i < rows; i++)
        data[i] = (int32_t)(next_random(builder) % limit);
    return add_input(builder, (Shape){1, 1, rows, 1}, TENSOR_I32, data);
}

const Weight *case_weight(CaseBuilder *builder, uint32_t n_dims, const uint64_t *dims, double scale)
{
    uint64_t count = 1;
    for (uint32_t i = 0; i < n_dims; i++)
        count *= dims[i];
    char name[16];
    snprintf(name, sizeof(name), "w%u", builder->weight_count++);
    return weight_set_derive(builder->weights, name, n_dims, dims,
                             normal_numbers(builder, count, scale));
}

const Weight *case_stored_weight(CaseBuilder *builder, DType dtype, uint32_t out, uint32_t in)
{
    RshError error = {0};
    if (!stored_weight_create(dtype, out, in, &builder->stored, &error))
        graph_fail(builder->graph, RSH_ERROR_FORMAT, "%s", error.text);
    return builder->stored.weight;
}

void case_output(CaseBuilder *builder, Tensor *tensor)
{
    char name[16];
    snprintf(name, sizeof(name), "out%zu", builder->output_count);
    if (!tensor)
        return;
    // The same rows with their pad lanes.
    Shape padded = tensor->shape;
    padded.channels = channel_stride(padded.channels);
    Tensor *view = graph_tensor_new(builder->graph, tensor->kind, padded, tensor->type, "");
    if (!view)
        return;
    view->stride = tensor->stride;
    view->base = tensor->base ? tensor->base : tensor;
    view->offset = tensor->offset;
    graph_output(builder->graph, view, name);
    builder->outputs[builder->output_count++] = view;
}

// ---- running ------------------------------------------------------------------------------------

static bool run_once(Program *program, const CaseBuilder *builder, RshError *error)
{
    for (size_t i = 0; i < builder->input_count; i++) {
        if (program->ops->write(program, builder->inputs[i], builder->data[i], error) != RSH_OK)
            return false;
    }
    return program->ops->run(program, NULL, error) == RSH_OK;
}

// ||a - b|| / ||b||; infinite when a pad lane or a NaN is wrong.
static double distance(const Tensor *view, const float *a, const float *b)
{
    double difference = 0.0, size = 0.0;
    uint64_t count = shape_rows(view->shape) * view->shape.channels;
    for (uint64_t i = 0; i < count; i++) {
        difference += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        size += (double)b[i] * (double)b[i];
        if (!isfinite((double)a[i]) || (b[i] == 0.0f && fabsf(a[i]) > 1e-3f))
            return INFINITY;
    }
    return difference == 0.0 ? 0.0 : sqrt(difference / size);
}

// Bytes may be one step apart: halves are rounded to either side.
static double byte_distance(const Tensor *view, const uint8_t *a, const uint8_t *b)
{
    int worst = 0;
    for (uint64_t i = 0; i < shape_rows(view->shape) * view->shape.channels; i++)
        worst = abs(a[i] - b[i]) > worst ? abs(a[i] - b[i]) : worst;
    return worst > 1 ? INFINITY : 0.0;
}

static double compare(Program *device, Program *reference, const Tensor *view, RshError *error)
{
    size_t bytes = shape_rows(view->shape) * view->shape.channels * sizeof(float);
    void *a = malloc(bytes), *b = malloc(bytes);
    double result = INFINITY;
    if (a && b && device->ops->read(device, view, a, error) == RSH_OK &&
        reference->ops->read(reference, view, b, error) == RSH_OK)
        result = view->type == TENSOR_U8 ? byte_distance(view, a, b) : distance(view, a, b);
    free(a);
    free(b);
    return result;
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// The best of the runs that fit in half a second, at least three, by the clock; and by the processor time of
// all threads over all of them, which is what an idle machine with that many cores would take. Kernels count the
// time of threads on other cores in ticks of up to 10 ms, so it is left out where there are fewer than 20 (a
// device that computes by itself).
static void measure(Program *program, const CaseBuilder *builder, const char *name)
{
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    double cores = (double)sysconf(_SC_NPROCESSORS_ONLN);
    double best = 1e9, end = now(CLOCK_MONOTONIC) + 0.5, before = now(CLOCK_PROCESS_CPUTIME_ID);
    int runs = 0;
    for (; runs < 3 || now(CLOCK_MONOTONIC) < end; runs++) {
        double start = now(CLOCK_MONOTONIC);
        if (program->ops->run(program, NULL, NULL) != RSH_OK)
            return;
        best = fmin(best, now(CLOCK_MONOTONIC) - start);
    }
    double work = now(CLOCK_PROCESS_CPUTIME_ID) - before;
    OpCost cost = {0};
    for (size_t i = 0; i < graph_node_count(builder->graph); i++) {
        OpCost one = op_cost(graph_node(builder->graph, i));
        cost.flops += one.flops;
        cost.bytes += one.bytes;
    }
    printf("# %-44s %9.1f us %8.2f GFLOP/s %7.2f GB/s", name, best * 1e6,
           (double)cost.flops / best * 1e-9, (double)cost.bytes / best * 1e-9);
    if (work > 20.0 * tick && cost.flops > 0)
        printf("; by processor time %8.2f GFLOP/s",
               (double)cost.flops * cores * runs / work * 1e-9);
    putchar('\n');
}

static double worst_output(Program *device, Program *reference, const CaseBuilder *builder,
                           RshError *error)
{
    double worst = builder->output_count ? 0.0 : INFINITY;
    for (size_t i = 0; i < builder->output_count; i++) {
        double one = compare(device, reference, builder->outputs[i], error);
        worst = one > worst ? one : worst;
    }
    return worst;
}

typedef struct Mode {
    bool bench, half;
    const char *only;
    double worst; // error of all cases
    bool seen[OP_COUNT];
} Mode;

static bool run_case(Runner *gpu, Runner *host, const OpCase *op, Mode *mode, double *error_out,
                     RshError *error)
{
    CaseBuilder builder = {.random = 1};
    Program *device = NULL, *reference = NULL;
    bool ok = graph_create(op->name, &builder.graph, error) == RSH_OK &&
              weight_set_open(NULL, "", &builder.weights, error) == RSH_OK;
    if (ok) {
        if (mode->half)
            graph_allow_half(builder.graph);
        op->build(&builder, op->shape);
        for (size_t i = 0; i < graph_node_count(builder.graph); i++)
            mode->seen[graph_node(builder.graph, i)->op] = true;
        // Twice: states and recorded work must give the same again.
        ok = gpu->ops->prepare(gpu, builder.graph, NULL, &device, error) == RSH_OK &&
             run_once(device, &builder, error) && run_once(device, &builder, error);
    }
    if (ok && !mode->bench) {
        ok = host->ops->prepare(host, builder.graph, NULL, &reference, error) == RSH_OK &&
             run_once(reference, &builder, error) && run_once(reference, &builder, error);
        *error_out = ok ? worst_output(device, reference, &builder, error) : INFINITY;
    } else if (ok) {
        measure(device, &builder, op->name);
    }
    if (device)
        device->ops->release(&device);
    if (reference)
        reference->ops->release(&reference);
    for (size_t i = 0; i < builder.input_count; i++)
        free(builder.data[i]);
    if (builder.weights) {
        gpu->ops->drop_weights(gpu, builder.weights);
        host->ops->drop_weights(host, builder.weights);
    }
    gpu->ops->reset_state(gpu, "");
    host->ops->reset_state(host, "");
    if (builder.stored.set) {
        gpu->ops->drop_weights(gpu, builder.stored.set);
        host->ops->drop_weights(host, builder.stored.set);
    }
    stored_weight_destroy(&builder.stored);
    weight_set_close(&builder.weights);
    graph_destroy(&builder.graph);
    return ok;
}

static void run_table(Runner *gpu, Runner *host, const OpCaseTable *table, Mode *mode)
{
    for (size_t i = 0; i < table->count; i++) {
        const OpCase *op = &table->cases[i];
        if ((mode->only && !strstr(op->name, mode->only)) || (!mode->bench && op->bench_only))
            continue;
        RshError error = {0};
        double limit = op->max_error > 0.0 ? op->max_error : OP_CASE_ERROR, found = 0.0;
        limit = mode->half ? fmax(limit, OP_CASE_HALF_ERROR) : limit;
        bool ok = run_case(gpu, host, op, mode, &found, &error);
        if (!ok)
            printf("# %s\n", error.text);
        ok = ok && found <= limit;
        mode->worst = fmax(mode->worst, found);
        tap_failed += !ok;
        printf("%s %d - %s: %.2g of %.2g\n", ok ? "ok" : "not ok", ++tap_count, op->name, found,
               limit);
        fflush(stdout);
    }
}

// An operation without a case would be neither compared with plain C nor measured.
static void check_coverage(const Mode *mode)
{
    bool all = true;
    for (int op = 0; op < OP_COUNT; op++) {
        if (!mode->seen[op])
            printf("# no case has operation %s\n", op_name((OpKind)op));
        all = all && mode->seen[op];
    }
    tap_failed += !all;
    printf("%s %d - every operation has a case\n", all ? "ok" : "not ok", ++tap_count);
}

static bool half_runs(const GpuCaps *caps)
{
    return caps->fp16 && !(caps->texel_tiles && caps->fp32_products);
}

// How many checks follow, for who shows progress; with those of `--half`, where it will have something to run.
static void announce(const OpCaseTable *const *tables, size_t count, size_t half, const Mode *mode)
{
    size_t checks = mode->only ? 0 : 1; // coverage
    for (size_t t = 0; t < count; t++)
        for (size_t i = 0; i < tables[t]->count; i++) {
            const OpCase *op = &tables[t]->cases[i];
            if (!op->bench_only && (!mode->only || strstr(op->name, mode->only)))
                checks += t < half ? 2 : 1;
        }
    printf("# %zu checks in all\n", checks);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const OpCaseTable *const tables[] = {&product_cases, &attention_cases, &stored_cases,
                                                &row_cases,     &move_cases,      &end_cases};
    enum { ALL = sizeof(tables) / sizeof(tables[0]), WITH_PRODUCTS = 3 };
    Mode mode = {.bench = argc > 1 && strcmp(argv[1], "--bench") == 0,
                 .half = argc > 1 && strcmp(argv[1], "--half") == 0,
                 .only = argc > 2 ? argv[2] : NULL};
    int result;
    if (device_test_skip(&result))
        return result;

    GpuOptions options = {.device = getenv("RSH_TEST_DEVICE"),
                          .caps_mask = getenv("RSH_TEST_CAPS")};
    Gpu *device = NULL;
    if (mode.bench)
        CHECK(gpu_open(&options, &device, NULL) == RSH_OK);
    else
        device = device_test_open(&options);
    const GpuCaps *caps = device ? gpu_caps(device) : NULL;
    if (mode.half && caps && !half_runs(caps)) {
        printf("1..0 # SKIP this device does not run products of 16-bit numbers\n");
        gpu_close(&device);
        return 0;
    }
    if (!mode.bench && !mode.half && caps)
        announce(tables, ALL, half_runs(caps) ? WITH_PRODUCTS : 0, &mode);
    Runner *gpu = NULL, *host = NULL;
    RshError error = {0};
    if (device && runner_create_gpu(device, &gpu, &error) == RSH_OK &&
        runner_create_reference(&host, &error) == RSH_OK) {
        for (size_t i = 0; i < (mode.half ? WITH_PRODUCTS : ALL); i++)
            run_table(gpu, host, tables[i], &mode);
        if (!mode.half && !mode.only)
            check_coverage(&mode);
    } else {
        printf("# %s\n", error.text);
        CHECK(device && gpu && host);
    }
    if (gpu)
        gpu->ops->destroy(&gpu);
    if (host)
        host->ops->destroy(&host);
    // Where only 16-bit kernels are left, their rounding must be seen: else others have run.
    if (mode.half && caps && !caps->fp32_products)
        CHECK(mode.worst > 10 * OP_CASE_ERROR);
    device_test_close(&device);
    return tap_done();
}
