// SPDX-License-Identifier: GPL-3.0-or-later
#include "graph/build.h"

#include <inttypes.h>

bool build_input(Graph *graph, const char *op, const Tensor *x)
{
    if (graph_status(graph, NULL) != RSH_OK)
        return false;
    if (x)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT, "%s has no input tensor", op);
    return false;
}

bool build_same_rows(Graph *graph, const char *op, const char *what, const Tensor *tensor,
                     uint64_t rows, uint32_t channels)
{
    if (tensor->type == TENSOR_F32 && shape_rows(tensor->shape) == rows &&
        tensor->shape.channels == channels)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT,
               "the %s of %s must be f32 with %" PRIu64
               " rows of %u channels, not [%u, %u, %u, %u]",
               what, op, rows, channels, tensor->shape.frames, tensor->shape.height,
               tensor->shape.width, tensor->shape.channels);
    return false;
}

bool build_row_table(Graph *graph, const char *op, const char *what, const RowTable *table,
                     uint32_t channels)
{
    const Tensor *tensor = table->table;
    if (!tensor)
        return true;
    if (tensor->type == TENSOR_F32 && table->channel % 4 == 0 &&
        table->channel <= tensor->shape.channels &&
        channels <= tensor->shape.channels - table->channel)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT,
               "the %s table of %s has %u channels: %u from channel %u on (a multiple of 4) are "
               "not in it",
               what, op, tensor->shape.channels, channels, table->channel);
    return false;
}

bool build_row_index(Graph *graph, const char *op, const Tensor *index, uint64_t rows)
{
    if (!index)
        return true;
    if (index->type == TENSOR_I32 && index->shape.channels == 1 && shape_rows(index->shape) == rows)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT,
               "the row index of %s must be i32 [1, 1, %" PRIu64 ", 1], not [%u, %u, %u, %u]", op,
               rows, index->shape.frames, index->shape.height, index->shape.width,
               index->shape.channels);
    return false;
}

bool build_weight(Graph *graph, const char *op, const Weight *weight)
{
    if (graph_status(graph, NULL) != RSH_OK)
        return false;
    if (weight)
        return true;
    graph_fail(graph, RSH_ERROR_ARGUMENT, "%s has no weight", op);
    return false;
}

bool build_vector(Graph *graph, const char *op, const Weight *weight, uint64_t count)
{
    if (!weight || weight_count(weight) == count)
        return true;
    graph_fail(graph, RSH_ERROR_FORMAT, "%s needs %" PRIu64 " numbers in '%s', which has %" PRIu64,
               op, count, weight->name, weight_count(weight));
    return false;
}
