// SPDX-License-Identifier: GPL-3.0-or-later
// Placement follows "greedy by size" (Pisarchyk and Lee 2020, Efficient Memory Management for Deep
// Neural Net Inference): the largest block first, each at the lowest gap that its lifetime allows.
// A second order, by time, wins for chains of equal sizes; the smaller result is kept.
#include "graph/plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/ops.h"

// Bytes that stay together: a tensor, or several that take over one place from each other.
typedef struct Block {
    uint64_t bytes, offset;
    size_t first, last; // node indices; last is the node count for outputs
    size_t id;          // ties are broken by it, so that plans are reproducible
} Block;

typedef struct Planner {
    const Graph *graph;
    size_t tensors, nodes;
    Block *blocks; // tensors, then scratch
    size_t block_count;
    size_t *block_of; // by tensor id
    size_t *first, *last;
} Planner;

static const size_t NEVER = SIZE_MAX;

static const Tensor *base_of(const Tensor *tensor)
{
    return tensor->base ? tensor->base : tensor;
}

static bool in_arena(const Tensor *tensor)
{
    return tensor && base_of(tensor)->kind == TENSOR_ARENA;
}

bool plan_in_place(const Node *node, uint32_t slot)
{
    switch (node->op) {
    case OP_UNARY:
    case OP_NORM:
    case OP_ROPE:
    case OP_SOFTMAX:
    case OP_CHANNEL_AFFINE:
        return slot == 0;
    case OP_BINARY:
        return slot < 2;
    case OP_COMBINE:
        return slot < 8;
    case OP_LINEAR:
    case OP_CONV:
    case OP_CONV_TRANSPOSE1D:
    case OP_ATTENTION:
    case OP_MATMUL:
    case OP_TRANSPOSE:
    case OP_EMBEDDING:
    case OP_T5_BIAS:
    case OP_SPACE_TO_DEPTH:
    case OP_DEPTH_TO_SPACE:
    case OP_AVG_DOWN:
    case OP_DUP_UP:
    case OP_UPSAMPLE:
    case OP_AVG_POOL:
    case OP_COPY:
    case OP_SNAKE:
    case OP_TO_RGBA8:
    case OP_TIME_EMBEDDING:
    case OP_LATENTS_TO_RGB:
    case OP_COUNT:
        break;
    }
    return false;
}

// ---- lifetimes ----------------------------------------------------------------------------------

static RshStatus find_lifetimes(Planner *self, RshError *error)
{
    for (size_t i = 0; i < self->nodes; i++) {
        const Node *node = graph_node(self->graph, i);
        for (size_t s = 0; s < NODE_MAX_INPUTS; s++) {
            if (!in_arena(node->inputs[s]))
                continue;
            uint32_t id = base_of(node->inputs[s])->id;
            if (self->first[id] == NEVER)
                return error_set(error, RSH_ERROR_ARGUMENT,
                                 "%s: operation %zu reads a tensor that nothing has written",
                                 graph_name(self->graph), i);
            self->last[id] = i;
        }
        for (size_t s = 0; s < NODE_MAX_OUTPUTS; s++) {
            if (!in_arena(node->outputs[s]))
                continue;
            uint32_t id = base_of(node->outputs[s])->id;
            if (self->first[id] == NEVER)
                self->first[id] = i;
            self->last[id] = i;
        }
    }
    for (size_t t = 0; t < self->tensors; t++) {
        const Tensor *tensor = graph_tensor(self->graph, t);
        if (!tensor->is_output || !in_arena(tensor))
            continue;
        uint32_t id = base_of(tensor)->id;
        if (self->first[id] == NEVER)
            return error_set(error, RSH_ERROR_ARGUMENT, "%s: nothing writes the output '%s'",
                             graph_name(self->graph), tensor->name);
        self->last[id] = self->nodes;
    }
    return RSH_OK;
}

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + PLAN_ALIGNMENT - 1) & ~(uint64_t)(PLAN_ALIGNMENT - 1);
}

// The input whose bytes node i may write over, or NULL.
static const Tensor *dying_input(const Planner *self, const Node *node, size_t i)
{
    const Tensor *out = node->outputs[0];
    if (!in_arena(out) || out->base || self->first[out->id] != i)
        return NULL;
    for (uint32_t s = 0; s < NODE_MAX_INPUTS; s++) {
        const Tensor *in = node->inputs[s];
        if (!in_arena(in) || in->base || !plan_in_place(node, s) || self->last[in->id] != i ||
            in->stride != out->stride || tensor_bytes(in) != tensor_bytes(out))
            continue;
        // The same bytes must not be read in another arrangement.
        bool alone = true;
        for (uint32_t o = 0; o < NODE_MAX_INPUTS; o++)
            alone =
                alone && (!node->inputs[o] || node->inputs[o] == in || node->inputs[o]->base != in);
        if (alone)
            return in;
    }
    return NULL;
}

static void make_blocks(Planner *self, const uint64_t *scratch_bytes)
{
    for (size_t i = 0; i < self->nodes; i++) {
        const Node *node = graph_node(self->graph, i);
        const Tensor *taken = dying_input(self, node, i);
        if (taken) {
            size_t block = self->block_of[taken->id];
            self->block_of[node->outputs[0]->id] = block;
            self->blocks[block].last = self->last[node->outputs[0]->id];
        }
        for (size_t s = 0; s < NODE_MAX_OUTPUTS; s++) {
            const Tensor *out = node->outputs[s];
            if (!in_arena(out) || self->block_of[base_of(out)->id] != NEVER)
                continue;
            uint32_t id = base_of(out)->id;
            self->block_of[id] = self->block_count;
            self->blocks[self->block_count] = (Block){.bytes = aligned(tensor_bytes(base_of(out))),
                                                      .first = self->first[id],
                                                      .last = self->last[id],
                                                      .id = self->block_count};
            self->block_count++;
        }
    }
    for (size_t i = 0; scratch_bytes && i < self->nodes; i++) {
        if (!scratch_bytes[i])
            continue;
        self->blocks[self->block_count] = (Block){
            .bytes = aligned(scratch_bytes[i]), .first = i, .last = i, .id = self->block_count};
        self->block_count++;
    }
}

// ---- placement ----------------------------------------------------------------------------------

static int compare_size_t(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int largest_first(const void *a, const void *b)
{
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return compare_size_t(x->id, y->id);
}

static int earliest_first(const void *a, const void *b)
{
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
    if (x->first != y->first)
        return compare_size_t(x->first, y->first);
    return largest_first(a, b);
}

static int lowest_first(const void *a, const void *b)
{
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return compare_size_t(x->id, y->id);
}

// Places the blocks in the given order and returns the end of the highest one. `near` is room for as
// many pointers.
static uint64_t place(Block **order, size_t count, Block **near)
{
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        Block *block = order[i];
        size_t neighbours = 0;
        for (size_t j = 0; j < i; j++) {
            if (order[j]->first <= block->last && block->first <= order[j]->last)
                near[neighbours++] = order[j];
        }
        qsort(near, neighbours, sizeof(*near), lowest_first);
        uint64_t offset = 0;
        for (size_t j = 0; j < neighbours && near[j]->offset < offset + block->bytes; j++) {
            uint64_t above = near[j]->offset + near[j]->bytes;
            offset = above > offset ? above : offset;
        }
        block->offset = offset;
        end = offset + block->bytes > end ? offset + block->bytes : end;
    }
    return end;
}

static uint64_t most_alive(const Planner *self)
{
    uint64_t most = 0;
    for (size_t i = 0; i <= self->nodes; i++) {
        uint64_t alive = 0;
        for (size_t b = 0; b < self->block_count; b++) {
            const Block *block = &self->blocks[b];
            alive += block->first <= i && i <= block->last ? block->bytes : 0;
        }
        most = alive > most ? alive : most;
    }
    return most;
}

static RshStatus place_all(Planner *self, Plan *plan, RshError *error)
{
    size_t count = self->block_count;
    Block **order = calloc(count + 1, 2 * sizeof(*order));
    if (!order)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to plan '%s'",
                         graph_name(self->graph));
    for (size_t i = 0; i < count; i++)
        order[i] = &self->blocks[i];
    qsort(order, count, sizeof(*order), earliest_first);
    uint64_t by_time = place(order, count, order + count);
    qsort(order, count, sizeof(*order), largest_first);
    plan->arena_bytes = place(order, count, order + count);
    if (by_time < plan->arena_bytes) {
        qsort(order, count, sizeof(*order), earliest_first);
        plan->arena_bytes = place(order, count, order + count);
    }
    plan->live_bytes = most_alive(self);
    free(order);
    return RSH_OK;
}

// ---- the plan -----------------------------------------------------------------------------------

static void write_offsets(const Planner *self, const uint64_t *scratch_bytes, Plan *plan)
{
    for (size_t t = 0; t < self->tensors; t++) {
        size_t block = self->block_of[t];
        plan->tensor_offset[t] = block == NEVER ? PLAN_NONE : self->blocks[block].offset;
    }
    size_t block = self->block_count;
    for (size_t i = self->nodes; i-- > 0;) {
        bool has = scratch_bytes && scratch_bytes[i];
        plan->scratch_offset[i] = has ? self->blocks[--block].offset : PLAN_NONE;
    }
}

RshStatus plan_create(const Graph *graph, const uint64_t *scratch_bytes, Plan **out,
                      RshError *error)
{
    *out = NULL;
    RshStatus status = graph_status(graph, error);
    if (status != RSH_OK)
        return status;
    Planner self = {
        .graph = graph, .tensors = graph_tensor_count(graph), .nodes = graph_node_count(graph)};
    size_t t = self.tensors + 1, n = self.nodes + 1;
    self.blocks = calloc(t + n, sizeof(*self.blocks));
    self.block_of = malloc(3 * t * sizeof(*self.block_of));
    Plan *plan = calloc(1, sizeof(*plan));
    if (plan) {
        plan->tensor_offset = malloc(t * sizeof(uint64_t));
        plan->scratch_offset = malloc(n * sizeof(uint64_t));
    }
    if (!self.blocks || !self.block_of || !plan || !plan->tensor_offset || !plan->scratch_offset) {
        status = error_set(error, RSH_ERROR_MEMORY, "no memory to plan '%s'", graph_name(graph));
        goto done;
    }
    memset(self.block_of, 0xff, 3 * t * sizeof(*self.block_of)); // NEVER
    self.first = self.block_of + t;
    self.last = self.first + t;

    status = find_lifetimes(&self, error);
    if (status != RSH_OK)
        goto done;
    make_blocks(&self, scratch_bytes);
    status = place_all(&self, plan, error);
    if (status == RSH_OK)
        write_offsets(&self, scratch_bytes, plan);

done:
    free(self.blocks);
    free(self.block_of);
    if (status != RSH_OK)
        plan_destroy(&plan);
    *out = plan;
    return status;
}

void plan_destroy(Plan **plan)
{
    if (!*plan)
        return;
    free((*plan)->tensor_offset);
    free((*plan)->scratch_offset);
    free(*plan);
    *plan = NULL;
}
