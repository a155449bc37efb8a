// SPDX-License-Identifier: GPL-3.0-or-later
// Views: other shapes for bytes that a base tensor owns.
#include <inttypes.h>

#include "graph/build.h"

static Tensor *make_view(Graph *graph, Tensor *tensor, Shape shape, uint64_t offset)
{
    Tensor *view = graph_tensor_new(graph, tensor->kind, shape, tensor->type, "");
    if (!view)
        return NULL;
    view->stride = tensor->stride;
    view->base = tensor->base ? tensor->base : tensor;
    view->offset = tensor->offset + offset;
    return view;
}

static bool range_inside(Graph *graph, const char *axis, uint32_t first, uint32_t count,
                         uint32_t size)
{
    if (count > 0 && first <= size && count <= size - first)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT, "a view of %u %s from %u on does not fit in %u", count,
               axis, first, size);
    return false;
}

Tensor *graph_view_frames(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count)
{
    if (!build_input(graph, "a view of frames", tensor) ||
        !range_inside(graph, "frames", first, count, tensor->shape.frames))
        return NULL;
    Shape shape = tensor->shape;
    uint64_t frame = (uint64_t)shape.height * shape.width * tensor->stride;
    shape.frames = count;
    return make_view(graph, tensor, shape, first * frame);
}

Tensor *graph_view_rows(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count)
{
    if (!build_input(graph, "a view of rows", tensor) ||
        !range_inside(graph, "rows", first, count, tensor->shape.width))
        return NULL;
    Shape shape = tensor->shape;
    if (shape.frames != 1 || shape.height != 1) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "a view of rows needs a [1, 1, rows, channels] tensor, not [%u, %u, %u, %u]",
                   shape.frames, shape.height, shape.width, shape.channels);
        return NULL;
    }
    shape.width = count;
    return make_view(graph, tensor, shape, (uint64_t)first * tensor->stride);
}

Tensor *graph_view_channels(Graph *graph, Tensor *tensor, uint32_t first, uint32_t count)
{
    if (!build_input(graph, "a view of channels", tensor) ||
        !range_inside(graph, "channels", first, count, tensor->shape.channels))
        return NULL;
    // Elsewhere the last four lanes would mix the view with its neighbour.
    if (first % 4 != 0 || (count % 4 != 0 && first + count != tensor->shape.channels)) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "a view of channels %u to %u of %u must start and end at a multiple of 4", first,
                   first + count, tensor->shape.channels);
        return NULL;
    }
    Shape shape = tensor->shape;
    shape.channels = count;
    return make_view(graph, tensor, shape, first);
}

Tensor *graph_view_shape(Graph *graph, Tensor *tensor, Shape shape)
{
    if (!build_input(graph, "a view", tensor))
        return NULL;
    if (shape_rows(shape) != shape_rows(tensor->shape) ||
        shape.channels != tensor->shape.channels) {
        graph_fail(graph, RSH_ERROR_ARGUMENT, "[%u, %u, %u, %u] cannot be seen as [%u, %u, %u, %u]",
                   tensor->shape.frames, tensor->shape.height, tensor->shape.width,
                   tensor->shape.channels, shape.frames, shape.height, shape.width, shape.channels);
        return NULL;
    }
    return make_view(graph, tensor, shape, 0);
}

Tensor *graph_view_split_rows(Graph *graph, Tensor *tensor, uint32_t factor)
{
    if (!build_input(graph, "a split view", tensor))
        return NULL;
    Shape shape = tensor->shape;
    if (factor == 0 || tensor->stride != shape.channels || shape.channels % factor != 0 ||
        shape.channels / factor % 4 != 0 || (uint64_t)shape.width * factor > UINT32_MAX) {
        graph_fail(graph, RSH_ERROR_ARGUMENT,
                   "rows of %u channels (stride %u) cannot be split by %u: the parts must be "
                   "multiples of 4 and the rows dense",
                   shape.channels, tensor->stride, factor);
        return NULL;
    }
    shape.width *= factor;
    shape.channels /= factor;
    Tensor *view = make_view(graph, tensor, shape, 0);
    if (view)
        view->stride = shape.channels;
    return view;
}
