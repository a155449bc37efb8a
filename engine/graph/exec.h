// SPDX-License-Identifier: GPL-3.0-or-later
//
// exec.h - what the files of the device runner share. exec.c runs programs, exec_record.c is the recorder
// that operations see, exec_weights.c and exec_state.c keep what programs share.
#pragma once
#include "gpu/gpu.h"
#include "graph/plan.h"
#include "graph/runner.h"
#include "ops/record.h"

// ---- packed weights --------------------------------------------------------------------------------
// Bytes that several packed weights share: device memory, or host memory backed by a file when they are
// streamed. Freed with the last entry.
typedef struct WeightChunk {
    GpuBuffer *buffer; // or
    uint8_t *host;     // mapped
    uint64_t bytes;
    uint32_t entries;
} WeightChunk;

typedef enum WeightPlace { WEIGHT_ON_DEVICE, WEIGHT_ON_HOST } WeightPlace;

typedef struct PackedWeight {
    const Weight *weight;
    char *key;
    uint64_t bytes;
    struct {
        WeightChunk *chunk; // NULL until allocated
        uint64_t offset;
        bool packed; // the bytes are there
    } at[2];         // by WeightPlace
    // What the last measuring found out. Streamed: reaches the device through a slot, at slot_offset.
    uint64_t stamp;
    uint32_t stage; // of its only use, or STAGE_ANY
    bool streamed;
    uint64_t slot_offset;
    uint32_t users; // programs
    bool dropped;   // no longer in the cache; freed with its last user
    struct PackedWeight *next;
} PackedWeight;

#define STAGE_ANY UINT32_MAX // used outside blocks or by several: always resident

enum { WEIGHT_BUCKETS = 1024 };
typedef struct WeightCache {
    PackedWeight *buckets[WEIGHT_BUCKETS];
    uint64_t stamp; // of the current measuring
} WeightCache;

PackedWeight *weights_find(const WeightCache *cache, const Weight *weight, const char *key);
// Remembers that a packed weight is wanted. NULL: out of memory.
PackedWeight *weights_want(WeightCache *cache, const Weight *weight, const char *key,
                           uint64_t bytes);
// The entries of the current measuring that have no memory in `place` yet and belong there.
uint64_t weights_wanted_bytes(const WeightCache *cache, WeightPlace place);
RSH_MUST_USE RshStatus weights_allocate(WeightCache *cache, WeightPlace place, Gpu *gpu,
                                        RshError *error);
// Forgets what was wanted and never packed: after a failure or a forecast.
void weights_drop_unpacked(WeightCache *cache);
// Frees the device memory of weights that no program uses and the current measuring did not ask for.
void weights_evict(WeightCache *cache);
// The entries of the current measuring, each with one more user; give the list back to weights_leave().
RSH_MUST_USE RshStatus weights_use(WeightCache *cache, PackedWeight ***out, size_t *count,
                                   RshError *error);
void weights_leave(PackedWeight **entries, size_t count); // frees the list; NULL-safe
// Drops the weights of `set`, those in use when their programs are released; NULL drops all.
void weights_drop(WeightCache *cache, const WeightSet *set);
RSH_MUST_USE RshStatus weights_pack(PackedWeight *entry, PackFn pack, const void *params,
                                    RshError *error);

// ---- streamed weights: exec_stream.c ------------------------------------------------------------------
// A stage is a run of nodes of one block. While stage i computes, the bytes of stage i + 1 are copied
// into the other of two slots.
typedef struct StreamCopy {
    const PackedWeight *entry;
    uint64_t offset; // in the slot
} StreamCopy;

typedef struct StreamStage {
    StreamCopy *copies;
    size_t count;
    uint64_t bytes;
} StreamStage;

typedef struct WeightStream {
    StreamStage *stages; // NULL: everything is resident
    size_t stage_count;
    uint64_t slot_bytes;   // of the largest stage
    GpuBuffer *slots[2];   // device
    GpuBuffer *staging[2]; // host, where slots are not mapped
} WeightStream;

// Takes the weights that one stage alone uses off the device. Leaves the stream empty when that saves nothing.
RSH_MUST_USE RshStatus stream_plan(WeightStream *stream, WeightCache *cache, size_t stage_count,
                                   RshError *error);
RSH_MUST_USE RshStatus stream_allocate(WeightStream *stream, WeightCache *cache, Gpu *gpu,
                                       RshError *error);
void stream_clear(WeightStream *stream);
// The buffer that a kernel of `stage` reads.
GpuBuffer *stream_slot(const WeightStream *stream, size_t stage);
// Records what brings a stage's bytes to the device; nothing where slots are mapped.
RSH_MUST_USE RshStatus stream_record(const WeightStream *stream, size_t stage,
                                     GpuCommands *commands, RshError *error);
// Runs `parts`, one a stage, each while the next one's weights are copied.
RSH_MUST_USE RshStatus stream_run(const WeightStream *stream, GpuCommands **parts,
                                  bool (*stop)(void *data), void *stop_data, RshError *error);

// ---- states ----------------------------------------------------------------------------------------
typedef struct StateChunk {
    GpuBuffer *buffer;
    uint32_t users; // programs that use a state in it
    struct StateChunk *next;
} StateChunk;

typedef struct State {
    char name[48];
    Shape shape;
    TensorType type;
    StateChunk *chunk;
    uint64_t offset, bytes;
    struct State *next;
} State;

typedef struct StateStore {
    State *states;
    StateChunk *chunks;
} StateStore;

// NULL when there is none of that name; *conflict when there is one of another shape.
State *states_find(const StateStore *store, const Tensor *tensor, bool *conflict);
// Bytes that the graph's states take; those that do not exist yet also in *missing.
RSH_MUST_USE RshStatus states_measure(const StateStore *store, const Graph *graph, uint64_t *bytes,
                                      uint64_t *missing, RshError *error);
// Makes the missing ones, zeroed, in one buffer of `missing` bytes; marks all as used by one more program.
RSH_MUST_USE RshStatus states_use(StateStore *store, Gpu *gpu, const Graph *graph, uint64_t missing,
                                  RshError *error);
void states_release(StateStore *store, const Graph *graph);
RSH_MUST_USE RshStatus states_reset(StateStore *store, const char *name, RshError *error);
void states_destroy(StateStore *store);

// ---- runner and programs ---------------------------------------------------------------------------
typedef struct GpuRunner {
    Runner base;
    Gpu *gpu;
    StateStore states;
    WeightCache weights;
    GpuBuffer *zeros;       // what absent inputs are bound to
    bool poison;            // fill the arena with NaN before each run
    uint32_t planned_stage; // of forecasts
} GpuRunner;

typedef struct GpuProgram {
    Program base;
    GpuRunner *runner;
    const Graph *graph;
    Plan *plan;
    GpuBuffer *arena;
    GpuBuffer *fixed;       // inputs and constants
    uint64_t *fixed_offset; // by tensor id
    bool uses_states;
    GpuCommands **parts; // one, or with streamed weights one a stage
    size_t part_count;
    WeightStream stream;
    PackedWeight **weights; // in use
    size_t weight_count;
    ProgramInfo info;
} GpuProgram;

// Where a tensor's first element lies.
RSH_MUST_USE RshStatus program_locate(const GpuProgram *program, const Tensor *tensor,
                                      GpuBuffer **buffer, uint64_t *offset, RshError *error);
// Bytes from a tensor's first element to the end of its last row's padding.
uint64_t tensor_span(const Tensor *tensor);
static inline uint64_t exec_align(uint64_t bytes)
{
    return (bytes + PLAN_ALIGNMENT - 1) & ~(uint64_t)(PLAN_ALIGNMENT - 1);
}

// For tests: every run starts with NaN in the arena, so that a result that depends on unwritten bytes shows.
void runner_gpu_poison(Runner *runner, bool enable);
// The recorded work of a program, for profiling; owned by it. One part, or one a stage when its weights
// are streamed; NULL past the last.
GpuCommands *program_commands(Program *program, size_t part);

// ---- the recorder ----------------------------------------------------------------------------------
// Kernels that measuring came across, each once.
typedef struct PipelineList {
    GpuPipelineRequest *items;
    size_t count, capacity;
} PipelineList;

struct Recorder {
    GpuRunner *runner;
    GpuProgram *program; // NULL while measuring
    const Graph *graph;
    size_t node;               // index
    size_t stage;              // runs of nodes of one block so far, less one
    uint64_t *scratch_bytes;   // by node
    uint32_t *dispatches;      // by node, counted while measuring
    PipelineList *pipelines;   // while measuring
    uint64_t scratch_used;     // by this node so far
    uint64_t weight_bytes;     // packed, each weight once; summed while measuring
    const atomic_bool *cancel; // or NULL; asked before each node and each weight
    RshStatus status;          // first failure of a function that returns none
    RshError error;
};
// Runs every node's OpRecord.
RSH_MUST_USE RshStatus recorder_run(Recorder *recorder, RshError *error);
