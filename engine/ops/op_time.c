// SPDX-License-Identifier: GPL-3.0-or-later
// OP_TIME_EMBEDDING: the sinusoids of a timestep.
#include "ops/grid.h"
#include "ops/records.h"
#include "shared/time_embedding.h"

RshStatus op_time_embedding_record(Recorder *recorder, const Node *node, RshError *error)
{
    const Tensor *times = node->inputs[0], *waves = node->inputs[1], *y = node->outputs[0];
    uint32_t row = row_texels(y->shape.channels);
    uint64_t items = shape_rows(y->shape) * row;
    struct TimeEmbeddingPush push = {
        .items = (uint32_t)items, .row = divider(row), .half_count = y->shape.channels / 2};
    GpuBinding bindings[3] = {grid_indices(recorder, times, &push.time_offset, &push.time_stride),
                              grid_indices(recorder, waves, &push.wave_offset, &push.wave_stride),
                              grid_output(recorder, y, NULL)};
    uint32_t constants[] = {0};
    return grid_dispatch(recorder, "time_embedding", constants, 1, bindings, 3, &push, sizeof(push),
                         items, error);
}
