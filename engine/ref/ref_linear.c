// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "ref/ref_ops.h"

static RshStatus row_indices_inside(RefRunner *runner, const RowTable *table,
                                    const Tensor *row_index, uint64_t rows, RshError *error)
{
    for (uint64_t r = 0; table->table && row_index && r < rows; r++) {
        int32_t index = ref_ints(runner, row_index)[r * row_index->stride];
        if (index < 0 || (uint64_t)index >= shape_rows(table->table->shape))
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "row %" PRIu64 " asks for row %d of a table of %" PRIu64, r, index,
                             shape_rows(table->table->shape));
    }
    return RSH_OK;
}

// y = residual + gate * (multiply * act(x W^T + bias))
RshStatus ref_linear(RefRunner *runner, const Node *node, RshError *error)
{
    const LinearParams *p = node->params;
    const Tensor *x = node->inputs[0], *y = node->outputs[0];
    const float *weight, *bias;
    RshStatus status = ref_scale_and_bias(runner, node, &weight, &bias, error);
    uint64_t rows = shape_rows(x->shape);
    if (status == RSH_OK)
        status = row_indices_inside(runner, &p->gate, p->row_index, rows, error);
    if (status != RSH_OK)
        return status;

    uint32_t in = x->shape.channels, out = y->shape.channels;
    for (uint64_t r = 0; r < rows; r++) {
        const float *from = ref_row(runner, x, r);
        const float *gate = p->gate.table ? ref_table_row(runner, &p->gate, p->row_index, r) : NULL;
        const float *multiply = p->multiply ? ref_row(runner, p->multiply, r) : NULL;
        const float *residual = p->residual ? ref_row(runner, p->residual, r) : NULL;
        float *to = ref_row(runner, y, r);
        for (uint32_t o = 0; o < out; o++) {
            double sum = ref_dot(from, weight + (uint64_t)o * in, in);
            sum = ref_activate(p->act, sum + (bias ? (double)bias[o] : 0.0));
            if (multiply)
                sum *= (double)multiply[o];
            if (gate)
                sum *= (double)gate[o];
            if (residual)
                sum += (double)residual[o];
            to[o] = (float)sum;
        }
    }
    return RSH_OK;
}

RshStatus ref_matmul(RefRunner *runner, const Node *node, RshError *error)
{
    const MatmulParams *p = node->params;
    const Tensor *a = node->inputs[0], *b = node->inputs[1], *y = node->outputs[0];
    uint64_t m = (uint64_t)a->shape.height * a->shape.width;
    uint64_t n = (uint64_t)b->shape.height * b->shape.width;
    for (uint64_t row = 0; row < a->shape.frames * m; row++) {
        float *to = ref_row(runner, y, row);
        for (uint64_t column = 0; column < n; column++) {
            const float *other = ref_row(runner, b, row / m * n + column);
            double dot = ref_dot(ref_row(runner, a, row), other, a->shape.channels);
            to[column] = (float)((double)p->scale * dot);
        }
    }
    return RSH_OK;
}

RshStatus ref_embedding(RefRunner *runner, const Node *node, RshError *error)
{
    const Tensor *ids = node->inputs[0], *y = node->outputs[0];
    const Weight *weight = node->weights[0];
    for (uint64_t r = 0; r < shape_rows(ids->shape); r++) {
        int32_t id = ref_ints(runner, ids)[r * ids->stride];
        if (id < 0 || (uint64_t)id >= weight->dims[0])
            return error_set(error, RSH_ERROR_ARGUMENT,
                             "token %d is not in the vocabulary of %" PRIu64, id, weight->dims[0]);
        // A row at a time: the whole table of a large vocabulary would not fit as f32.
        RshStatus status = weight_read(weight, (uint64_t)id * weight->dims[1], weight->dims[1],
                                       ref_row(runner, y, r), error);
        if (status != RSH_OK)
            return status;
    }
    return RSH_OK;
}
