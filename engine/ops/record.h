// SPDX-License-Identifier: GPL-3.0-or-later
//
// record.h - how an operation becomes dispatches. Each op has one function of the type OpRecord that picks
// a kernel variant, asks for its packed weights and scratch, and records; the table in ops/table.c maps
// OpKind to it. The same function runs twice: first measuring (nothing is created, sizes are summed: that is
// the forecast), then for real.
#pragma once
#include "gpu/gpu.h"
#include "graph/graph.h"
#include "graph/ops.h"

typedef struct Recorder Recorder;

typedef RshStatus (*OpRecord)(Recorder *recorder, const Node *node, RshError *error);
OpRecord op_record(OpKind op); // ops/table.c

// Floating-point operations and bytes moved by a node: costs, bench figures, submission cuts.
typedef struct OpCost {
    uint64_t flops, bytes;
} OpCost;
OpCost op_cost(const Node *node);
const char *op_name(OpKind op); // "linear", "conv", ...

const GpuCaps *recorder_caps(const Recorder *recorder);
Gpu *recorder_gpu(Recorder *recorder);
bool recorder_measuring(const Recorder *recorder);

// The variant that a calibration chose for `family` ("matmul", "attention"), or `fallback`.
const char *recorder_variant(Recorder *recorder, const char *family, const char *fallback);

// Whether the graph allows 16-bit operands and the device multiplies them.
bool recorder_allows_half(const Recorder *recorder);

// A tensor's bytes (a view: from its first element to its last) as a kernel binds them. Offsets of views
// that are not aligned for binding are returned in *element_offset (elements from the binding's start), which
// kernels add through a push constant; NULL asserts that there is none.
GpuBinding recorder_tensor(Recorder *recorder, const Tensor *tensor, GpuView view, bool written,
                           uint32_t *element_offset);

// A binding for an optional input that is absent: any valid small buffer of zeros (64 KiB).
GpuBinding recorder_nothing(Recorder *recorder, GpuView view);

// Packed weights, made once a runner and (weight, key) and shared by all its programs. `pack` writes `bytes`
// bytes from the weight; `params` is only read during the call.
typedef RshStatus (*PackFn)(const Weight *weight, const void *params, void *out, uint64_t bytes,
                            RshError *error);
RSH_MUST_USE RshStatus recorder_pack(Recorder *recorder, const Weight *weight, const char *key,
                                     uint64_t bytes, PackFn pack, const void *params, GpuView view,
                                     GpuBinding *out, RshError *error);

// Device memory for the time of this node only.
RSH_MUST_USE RshStatus recorder_scratch(Recorder *recorder, uint64_t bytes, GpuView view,
                                        GpuBinding *out, RshError *error);

// One dispatch; pipelines are created on first use. groups of 0 are an error of the op.
RSH_MUST_USE RshStatus recorder_dispatch(Recorder *recorder, const char *shader,
                                         const uint32_t *constants, uint32_t constant_count,
                                         const GpuBinding *bindings, uint32_t binding_count,
                                         const void *push, uint32_t push_bytes, uint32_t x,
                                         uint32_t y, uint32_t z, RshError *error);
