// SPDX-License-Identifier: GPL-3.0-or-later
//
// runner.h - executes graphs. One interface, two implementations: the device (graph/exec.c) and the plain C
// reference (ref/ref_runner.c, for tests and `rushes verify`). A runner owns the states and the packed
// weights that its programs share.
//
// Threads   One runner is used by one thread; `cancel` may be set by any.
// Numbers   write and read move tight rows of shape.channels elements; padding is the runner's affair.
#pragma once
#include <stdatomic.h>

#include "graph/graph.h"

typedef struct Runner Runner;   // states, weight cache, device
typedef struct Program Program; // one graph made ready to run again and again

typedef struct ProgramInfo {
    uint64_t
        peak_bytes; // device memory while it runs: arena + inputs + constants + states + weights, as planned
    uint64_t weight_bytes; // part of it
    uint64_t flops;        // one run
} ProgramInfo;

typedef struct RunnerOps {
    // What prepare would need; allocates nothing on the device.
    RshStatus (*forecast)(Runner *runner, const Graph *graph, ProgramInfo *out, RshError *error);
    // Kernels of the graphs that are forecast from now on count for this stage of the caller's (gpu_plan_add);
    // stage 0 begins anew. May be NULL: nothing is built.
    void (*plan_kernels)(Runner *runner, uint32_t stage);
    // Plans, allocates, compiles kernels, packs weights and records. The graph must outlive the program.
    // Looks at *cancel (may be NULL) between nodes, kernels and weights and returns RSH_CANCELLED: what was
    // compiled and packed by then stays for another try.
    RshStatus (*prepare)(Runner *runner, const Graph *graph, const atomic_bool *cancel,
                         Program **out, RshError *error);
    void (*release)(
        Program **program); // frees arena and recording; packed weights stay with the runner
    RshStatus (*write)(Program *program, const Tensor *tensor, const void *data, RshError *error);
    // Runs once. Between submissions looks at *cancel (may be NULL) and returns RSH_CANCELLED.
    RshStatus (*run)(Program *program, const atomic_bool *cancel, RshError *error);
    RshStatus (*read)(Program *program, const Tensor *tensor, void *data, RshError *error);
    // States outlive programs: forget one ("" = all) so that it reads as zeros, or read and write its bytes.
    // Forgetting all, or all whose names start with "prefix.", also frees those that no program uses.
    void (*reset_state)(Runner *runner, const char *name);
    // Drops packed weights that came from `set` (a component that is no longer needed); those of a program
    // that still exists go with it. Where memory is short, prepare drops what no program uses by itself.
    void (*drop_weights)(Runner *runner, const WeightSet *set);
    ProgramInfo (*info)(const Program *program);
    void (*destroy)(Runner **runner);
} RunnerOps;

struct Runner {
    const RunnerOps *ops;
};
struct Program {
    const RunnerOps *ops;
};

typedef struct Gpu Gpu;
RSH_MUST_USE RshStatus runner_create_gpu(Gpu *gpu, Runner **out, RshError *error);
RSH_MUST_USE RshStatus runner_create_reference(Runner **out, RshError *error);
