// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "graph/exec.h"

static bool is_state(const Tensor *tensor)
{
    return tensor->kind == TENSOR_STATE && !tensor->base;
}

State *states_find(const StateStore *store, const Tensor *tensor, bool *conflict)
{
    *conflict = false;
    for (State *state = store->states; state; state = state->next) {
        if (strcmp(state->name, tensor->name) != 0)
            continue;
        *conflict = memcmp(&state->shape, &tensor->shape, sizeof(Shape)) != 0 ||
                    state->type != tensor->type;
        return *conflict ? NULL : state;
    }
    return NULL;
}

RshStatus states_measure(const StateStore *store, const Graph *graph, uint64_t *bytes,
                         uint64_t *missing, RshError *error)
{
    *bytes = *missing = 0;
    for (size_t i = 0; i < graph_tensor_count(graph); i++) {
        const Tensor *tensor = graph_tensor(graph, i);
        bool conflict;
        if (!is_state(tensor))
            continue;
        const State *state = states_find(store, tensor, &conflict);
        if (conflict)
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "%s: the state '%s' exists with another shape; reset the states first",
                             graph_name(graph), tensor->name);
        *bytes += exec_align(tensor_bytes(tensor));
        *missing += state ? 0 : exec_align(tensor_bytes(tensor));
    }
    return RSH_OK;
}

static State *new_state(const Tensor *tensor, StateChunk *chunk, uint64_t offset)
{
    State *state = calloc(1, sizeof(*state));
    if (!state)
        return NULL;
    memcpy(state->name, tensor->name, sizeof(state->name));
    state->shape = tensor->shape;
    state->type = tensor->type;
    state->chunk = chunk;
    state->offset = offset;
    state->bytes = tensor_bytes(tensor);
    return state;
}

// Removes every state of a chunk and the chunk.
static void drop_chunk(StateStore *store, StateChunk *chunk)
{
    State **link = &store->states;
    while (*link) {
        State *state = *link;
        if (state->chunk != chunk) {
            link = &state->next;
            continue;
        }
        *link = state->next;
        free(state);
    }
    for (StateChunk **at = &store->chunks; *at; at = &(*at)->next)
        if (*at == chunk) {
            *at = chunk->next;
            break;
        }
    gpu_buffer_destroy(&chunk->buffer);
    free(chunk);
}

static RshStatus make_missing(StateStore *store, Gpu *gpu, const Graph *graph, uint64_t missing,
                              RshError *error)
{
    uint64_t offset = 0;
    StateChunk *chunk = calloc(1, sizeof(*chunk));
    if (!chunk)
        return error_set(error, RSH_ERROR_MEMORY, "no memory to list the states");
    RshStatus status = gpu_buffer_create(gpu, missing, true, &chunk->buffer, error);
    if (status != RSH_OK) {
        free(chunk);
        return status;
    }
    chunk->next = store->chunks;
    store->chunks = chunk;
    for (size_t i = 0; i < graph_tensor_count(graph); i++) {
        const Tensor *tensor = graph_tensor(graph, i);
        bool conflict;
        if (!is_state(tensor) || states_find(store, tensor, &conflict))
            continue;
        State *state = new_state(tensor, chunk, offset);
        if (!state) {
            drop_chunk(store, chunk);
            return error_set(error, RSH_ERROR_MEMORY, "no memory to list the states");
        }
        offset += exec_align(state->bytes);
        state->next = store->states;
        store->states = state;
    }
    return RSH_OK;
}

static void count_users(StateStore *store, const Graph *graph, int by)
{
    for (StateChunk *chunk = store->chunks; chunk; chunk = chunk->next) {
        bool used = false;
        for (size_t i = 0; i < graph_tensor_count(graph) && !used; i++) {
            const Tensor *tensor = graph_tensor(graph, i);
            bool conflict;
            const State *state = is_state(tensor) ? states_find(store, tensor, &conflict) : NULL;
            used = state && state->chunk == chunk;
        }
        if (used)
            chunk->users = (uint32_t)((int)chunk->users + by);
    }
}

RshStatus states_use(StateStore *store, Gpu *gpu, const Graph *graph, uint64_t missing,
                     RshError *error)
{
    RshStatus status = missing ? make_missing(store, gpu, graph, missing, error) : RSH_OK;
    if (status == RSH_OK)
        count_users(store, graph, 1);
    return status;
}

void states_release(StateStore *store, const Graph *graph)
{
    count_users(store, graph, -1);
}

// "" names every state, "prefix." all that start so.
static bool is_named(const State *state, const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || name[length - 1] == '.')
        return strncmp(state->name, name, length) == 0;
    return strcmp(state->name, name) == 0;
}

// A chunk goes as a whole: when nobody uses it and all of its states are forgotten.
static bool may_drop(const StateStore *store, const StateChunk *chunk, const char *name)
{
    size_t length = strlen(name);
    if (chunk->users > 0 || (length > 0 && name[length - 1] != '.'))
        return false;
    for (const State *state = store->states; state; state = state->next) {
        if (state->chunk == chunk && !is_named(state, name))
            return false;
    }
    return true;
}

RshStatus states_reset(StateStore *store, const char *name, RshError *error)
{
    RshStatus status = RSH_OK;
    for (StateChunk *chunk = store->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        if (may_drop(store, chunk, name))
            drop_chunk(store, chunk);
    }
    for (State *state = store->states; state && status == RSH_OK; state = state->next)
        if (is_named(state, name))
            status = gpu_buffer_zero(state->chunk->buffer, state->offset, exec_align(state->bytes),
                                     error);
    return status;
}

void states_destroy(StateStore *store)
{
    while (store->chunks)
        drop_chunk(store, store->chunks);
}
