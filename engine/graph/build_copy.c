// SPDX-License-Identifier: GPL-3.0-or-later
// Copies, concatenations and the history of streaming convolutions.
#include "graph/build.h"
#include "graph/plan.h"

// One node that writes `a`, then `b` (may be NULL), into `to`.
static Tensor *add_copy(Graph *graph, Tensor *a, Tensor *b, CopyAxis axis, Tensor *to)
{
    CopyParams p = {.axis = axis};
    Node *node = graph_add(graph, OP_COPY, &p, sizeof(p));
    if (!node || !to)
        return NULL;
    node->inputs[0] = a;
    node->inputs[1] = b;
    node->outputs[0] = to;
    to->writer = node;
    if (to->base)
        to->base->writer = node;
    return to;
}

Tensor *op_copy(Graph *graph, Tensor *x, Tensor *to)
{
    if (!build_input(graph, "copy", x) || !build_input(graph, "copy", to) ||
        !build_same_rows(graph, "copy", "target", to, shape_rows(x->shape), x->shape.channels))
        return NULL;
    if (to->kind == TENSOR_INPUT || to->kind == TENSOR_CONSTANT) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "copy cannot write to '%s': only the caller may",
                   to->base ? to->base->name : to->name);
        return NULL;
    }
    return add_copy(graph, x, NULL, COPY_ROWS, to);
}

Tensor *op_concat_frames(Graph *graph, Tensor *a, Tensor *b)
{
    if (!build_input(graph, "concat_frames", a) || !build_input(graph, "concat_frames", b))
        return NULL;
    Shape s = a->shape;
    if (b->shape.height != s.height || b->shape.width != s.width ||
        b->shape.channels != s.channels || s.frames > UINT32_MAX - b->shape.frames) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "frames of %u x %u x %u cannot follow frames of %u x %u x %u", b->shape.height,
                   b->shape.width, b->shape.channels, s.height, s.width, s.channels);
        return NULL;
    }
    s.frames += b->shape.frames;
    return add_copy(graph, a, b, COPY_ROWS,
                    graph_tensor_new(graph, TENSOR_ARENA, s, TENSOR_F32, ""));
}

Tensor *op_concat_rows(Graph *graph, Tensor *a, Tensor *b)
{
    if (!build_input(graph, "concat_rows", a) || !build_input(graph, "concat_rows", b))
        return NULL;
    Shape s = a->shape, t = b->shape;
    if (s.frames != 1 || s.height != 1 || t.frames != 1 || t.height != 1 ||
        s.channels != t.channels || s.width > UINT32_MAX - t.width) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "rows [%u, %u, %u, %u] cannot follow rows [%u, %u, %u, %u]", t.frames, t.height,
                   t.width, t.channels, s.frames, s.height, s.width, s.channels);
        return NULL;
    }
    s.width += t.width;
    return add_copy(graph, a, b, COPY_ROWS,
                    graph_tensor_new(graph, TENSOR_ARENA, s, TENSOR_F32, ""));
}

Tensor *op_concat_channels(Graph *graph, Tensor *a, Tensor *b)
{
    if (!build_input(graph, "concat_channels", a) || !build_input(graph, "concat_channels", b))
        return NULL;
    Shape s = a->shape;
    if (shape_rows(b->shape) != shape_rows(s) || s.channels > UINT32_MAX - b->shape.channels) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "[%u, %u, %u, %u] and [%u, %u, %u, %u] do not have the same rows", s.frames,
                   s.height, s.width, s.channels, b->shape.frames, b->shape.height, b->shape.width,
                   b->shape.channels);
        return NULL;
    }
    s.channels += b->shape.channels;
    return add_copy(graph, a, b, COPY_CHANNELS,
                    graph_tensor_new(graph, TENSOR_ARENA, s, TENSOR_F32, ""));
}

// Makes an arena tensor that owns its bytes a view of `window`, `offset` elements in: whoever writes it then
// writes into the window. False when it must be copied: it is not the arena's, or would lie where no binding
// can start.
static bool move_into(Graph *graph, Tensor *x, Tensor *window, uint64_t offset)
{
    if (x->base || x->kind != TENSOR_ARENA || x->stride != window->stride ||
        offset * sizeof(float) % PLAN_ALIGNMENT != 0)
        return false;
    for (size_t i = 0; i < graph_tensor_count(graph); i++) {
        Tensor *view = graph_tensor(graph, i);
        if (view->base == x) {
            view->base = window;
            view->offset += offset;
        }
    }
    x->base = window;
    x->offset = offset;
    return true;
}

Tensor *op_causal_window(Graph *graph, Tensor *x, const char *state, uint32_t history)
{
    if (!build_input(graph, "causal_window", x))
        return NULL;
    if (history == 0 || x->shape.frames > UINT32_MAX - history) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "the history '%s' cannot have %u frames", state,
                   history);
        return NULL;
    }
    Shape past = x->shape, all = x->shape;
    past.frames = history;
    all.frames += history;
    Tensor *kept = graph_state(graph, state, past);
    Tensor *window = kept ? graph_tensor_new(graph, TENSOR_ARENA, all, TENSOR_F32, "") : NULL;
    if (!window)
        return NULL;
    uint64_t frame = (uint64_t)all.height * all.width * window->stride;
    if (move_into(graph, x, window, history * frame))
        op_copy(graph, kept, graph_view_frames(graph, window, 0, history));
    else
        add_copy(graph, kept, x, COPY_ROWS, window);
    op_copy(graph, graph_view_frames(graph, window, x->shape.frames, history), kept);
    return window;
}
