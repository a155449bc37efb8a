// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/derived.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// No network here has a derived weight beyond this; it keeps the arithmetic below in 32 bits.
#define MAX_ELEMENTS (UINT64_C(1) << 28)

float *derived_read(Graph *graph, const Weight *weight)
{
    if (!weight)
        return NULL;
    uint64_t count = weight_count(weight);
    float *values = count <= MAX_ELEMENTS ? calloc(count ? count : 1, sizeof(float)) : NULL;
    if (!values) {
        graph_fail(graph, RSH_ERROR_MEMORY, "No memory to prepare the weight '%s'.", weight->name);
        return NULL;
    }
    if (weight_read(weight, 0, count, values, graph_error(graph)) != RSH_OK) {
        free(values);
        return NULL;
    }
    return values;
}

static const Weight *keep(Graph *graph, WeightSet *set, const char *name, uint32_t n_dims,
                          const uint64_t *dims, float *values)
{
    const Weight *weight = weight_set_derive(set, name, n_dims, dims, values);
    if (!weight)
        graph_fail(graph, RSH_ERROR_MEMORY, "No memory for the prepared weight '%s'.", name);
    return weight;
}

const Weight *derived_row_norm(Graph *graph, WeightSet *set, const char *name, const RowNorm *how)
{
    char derived[192];
    const uint64_t any[3] = {0, 0, 0};
    snprintf(derived, sizeof(derived), "%s normalised", name);
    const Weight *known = weight_set_find(set, derived);
    if (known)
        return known;
    const Weight *stored = weight_set_get(set, name, 3, any, graph_error(graph));
    float *from = derived_read(graph, stored);
    if (!from)
        return NULL;
    uint64_t rows = stored->dims[0], fan_in = stored->dims[1] * stored->dims[2];
    float *to = calloc(rows * fan_in + 1, sizeof(float));
    for (uint64_t r = 0; to && r < rows; r++) {
        const float *row = from + (how->order ? how->order[r] : r) * fan_in;
        double sum = 0;
        for (uint64_t i = 0; i < fan_in; i++)
            sum += (double)row[i] * (double)row[i];
        double scale = how->gain / (1e-4 + sqrt(sum / (double)fan_in)) / sqrt((double)fan_in);
        if (how->row_scale)
            scale *= (double)how->row_scale[r];
        for (uint64_t i = 0; i < fan_in; i++)
            to[r * fan_in + i] = (float)((double)row[i] * scale);
    }
    free(from);
    return keep(graph, set, derived, 3, stored->dims, to);
}

const Weight *derived_weight_norm(Graph *graph, WeightSet *set, const char *name)
{
    char plain[160], folded[160];
    const uint64_t any[3] = {0, 0, 0};
    snprintf(plain, sizeof(plain), "%s.weight", name);
    const Weight *weight = weight_set_find(set, plain);
    if (weight)
        return weight_set_get(set, plain, 3, any, graph_error(graph));
    snprintf(folded, sizeof(folded), "%s.weight folded", name);
    weight = weight_set_find(set, folded);
    if (weight)
        return weight;

    char v_name[160], g_name[160];
    snprintf(v_name, sizeof(v_name), "%s.weight_v", name);
    snprintf(g_name, sizeof(g_name), "%s.weight_g", name);
    const Weight *v = weight_set_get(set, v_name, 3, any, graph_error(graph));
    const uint64_t g_dims[3] = {v ? v->dims[0] : 0, 1, 1};
    const Weight *g = weight_set_get(set, g_name, 3, g_dims, graph_error(graph));
    if (!v || !g)
        return NULL;
    float *values = derived_read(graph, v), *gains = derived_read(graph, g);
    uint64_t rows = v->dims[0], width = v->dims[1] * v->dims[2];
    for (uint64_t r = 0; values && gains && r < rows; r++) {
        double sum = 0;
        for (uint64_t i = 0; i < width; i++)
            sum += (double)values[r * width + i] * (double)values[r * width + i];
        double scale = sum > 0 ? (double)gains[r] / sqrt(sum) : 0;
        for (uint64_t i = 0; i < width; i++)
            values[r * width + i] = (float)((double)values[r * width + i] * scale);
    }
    if (!gains) {
        free(values);
        return NULL;
    }
    free(gains);
    return values ? keep(graph, set, folded, 3, v->dims, values) : NULL;
}

const Weight *derived_vector(Graph *graph, WeightSet *set, const char *name, const float *values,
                             uint64_t count)
{
    const Weight *known = weight_set_find(set, name);
    if (known)
        return known;
    float *copy = calloc(count ? count : 1, sizeof(float));
    if (copy)
        memcpy(copy, values, count * sizeof(float));
    return keep(graph, set, name, 1, &count, copy);
}

const Weight *derived_pointwise(Graph *graph, WeightSet *set, const char *name,
                                const PointwiseFold *fold, const Weight **bias)
{
    char weight_name[160], bias_name[160], folded[160], folded_bias[160];
    const uint64_t any[5] = {0, 0, 1, 1, 1};
    snprintf(weight_name, sizeof(weight_name), "%s.weight", name);
    snprintf(bias_name, sizeof(bias_name), "%s.bias", name);
    snprintf(folded, sizeof(folded), "%s.weight folded", name);
    snprintf(folded_bias, sizeof(folded_bias), "%s.bias folded", name);
    const Weight *known = weight_set_find(set, folded);
    *bias = weight_set_find(set, folded_bias);
    if (known && *bias)
        return known;

    const Weight *w = weight_set_get(set, weight_name, 5, any, graph_error(graph));
    const Weight *b = weight_set_get(set, bias_name, 1, w ? w->dims : any, graph_error(graph));
    float *values = derived_read(graph, w), *shifts = derived_read(graph, b);
    if (!values || !shifts || fold->rows > w->dims[0]) {
        if (values && shifts)
            graph_fail(graph, RSH_ERROR_FORMAT,
                       "'%s' has %llu rows, fewer than the %u latent channels.", weight_name,
                       (unsigned long long)w->dims[0], fold->rows);
        free(values);
        free(shifts);
        return NULL;
    }
    uint64_t in = w->dims[1];
    for (uint32_t r = 0; r < fold->rows; r++) {
        float *row = values + r * in;
        double shift = (double)shifts[r], scale = 1;
        for (uint64_t i = 0; i < in; i++) {
            shift += fold->in_shift ? (double)row[i] * (double)fold->in_shift[i] : 0;
            row[i] = fold->in_scale ? row[i] * fold->in_scale[i] : row[i];
        }
        if (fold->out_shift)
            shift -= (double)fold->out_shift[r];
        if (fold->out_scale)
            scale = 1 / (double)fold->out_scale[r];
        for (uint64_t i = 0; i < in; i++)
            row[i] = (float)((double)row[i] * scale);
        shifts[r] = (float)(shift * scale);
    }
    const uint64_t dims[2] = {fold->rows, in};
    *bias = keep(graph, set, folded_bias, 1, dims, shifts);
    return keep(graph, set, folded, 2, dims, values);
}
