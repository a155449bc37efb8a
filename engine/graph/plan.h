// SPDX-License-Identifier: GPL-3.0-or-later
//
// plan.h - where every arena tensor of a graph lies, known before anything is allocated. A pure
// function of the graph: the same graph gives the same plan, so the peak is a promise that can be
// made to a user before a job starts.
//
// Lifetime  from the first node that writes a tensor (or a view of it) to the last node that touches
//           it; outputs live to the end. Scratch lives for its node only.
// In place  an elementwise operation, norm, rope or softmax whose input dies there writes over it:
//           such kernels read an element before they write it and nobody else reads that element.
#pragma once
#include "graph/graph.h"

#define PLAN_ALIGNMENT 256u // bytes; every offset is a multiple: enough for any device's bindings
#define PLAN_NONE      UINT64_MAX

typedef struct Plan {
    uint64_t arena_bytes; // what has to be allocated
    uint64_t live_bytes;  // most bytes alive at one node: no plan can do with less
    uint64_t
        *tensor_offset; // by tensor id, bytes; PLAN_NONE for views and what is not in the arena
    uint64_t *scratch_offset; // by node index, bytes; PLAN_NONE without scratch
} Plan;

// `scratch_bytes` holds one number a node; NULL means none needs any. Fails when the graph has failed
// and when a tensor is read that nothing has written.
RSH_MUST_USE RshStatus plan_create(const Graph *graph, const uint64_t *scratch_bytes, Plan **out,
                                   RshError *error);
void plan_destroy(Plan **plan); // NULL-safe; stores NULL

// Whether `node` may write its output over the bytes of its input `slot`.
bool plan_in_place(const Node *node, uint32_t slot);
