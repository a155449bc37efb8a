// SPDX-License-Identifier: GPL-3.0-or-later
// Cases of the samplers, driven by a small linear model, and of guidance.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "run/golden.h"
#include "sample/guidance.h"
#include "sample/sampler.h"

// v = A x + b * t / 1000 + c on the flattened state.
typedef struct Toy {
    uint32_t size;
    float *a, *b, *c, *x;
} Toy;

static void toy_velocity(const Toy *toy, const float *x, double timestep, float *v)
{
    for (uint32_t i = 0; i < toy->size; i++) {
        double sum = (double)toy->b[i] * timestep / 1000 + (double)toy->c[i];
        for (uint32_t j = 0; j < toy->size; j++)
            sum += (double)toy->a[i * toy->size + j] * (double)x[j];
        v[i] = (float)sum;
    }
}

static void combine(const double *row, float *const *terms, uint32_t size, float *out)
{
    for (uint32_t i = 0; i < size; i++) {
        double sum = 0;
        for (int term = 0; term < SAMPLER_TERMS; term++)
            sum += row[term] != 0 ? row[term] * (double)terms[term][i] : 0;
        out[i] = (float)sum;
    }
}

// One whole run: states [steps + 1][size] and velocities [steps][size].
static void run_toy(const Toy *toy, const Sampler *sampler, float *states, float *velocities,
                    float *scratch)
{
    uint32_t n = toy->size;
    float *terms[SAMPLER_TERMS], *next[3];
    for (int i = 0; i < SAMPLER_TERMS; i++)
        terms[i] = scratch + (uint32_t)i * n;
    for (uint32_t i = 0; i < 3; i++)
        next[i] = scratch + (SAMPLER_TERMS + i) * n;
    memcpy(terms[SAMPLER_X], toy->x, n * sizeof(float));
    memcpy(states, toy->x, n * sizeof(float));
    for (uint32_t step = 0; step < sampler->steps; step++) {
        SamplerStep s;
        sampler_step(sampler, step, &s);
        toy_velocity(toy, terms[SAMPLER_X], s.timestep, terms[SAMPLER_V]);
        memcpy(velocities + step * n, terms[SAMPLER_V], n * sizeof(float));
        combine(s.denoised, terms, n, next[0]);
        combine(s.corrected, terms, n, next[1]);
        combine(s.next, terms, n, next[2]);
        memcpy(terms[SAMPLER_M1], terms[SAMPLER_M0], n * sizeof(float));
        memcpy(terms[SAMPLER_M0], next[0], n * sizeof(float));
        memcpy(terms[SAMPLER_LAST], next[1], n * sizeof(float));
        memcpy(terms[SAMPLER_X], next[2], n * sizeof(float));
        memcpy(states + (step + 1) * n, next[2], n * sizeof(float));
    }
}

static RshStatus compare_list(GoldenCase *golden, const char *prefix, const char *what,
                              const double *values, uint32_t count)
{
    char name[64];
    float list[SAMPLER_MAX_STEPS + 1];
    for (uint32_t i = 0; i < count; i++)
        list[i] = (float)values[i];
    snprintf(name, sizeof(name), "%s.%s", prefix, what);
    return golden_compare(golden, name, GOLDEN_ROWS, list, count);
}

static RshStatus run_schedule(GoldenCase *golden, const Toy *toy, SamplerKind kind, double shift,
                              uint32_t steps)
{
    char prefix[32], name[64];
    Sampler sampler;
    uint32_t n = toy->size;
    RshStatus status = sampler_init(&sampler, kind, steps, shift, &golden->error);
    if (status != RSH_OK)
        return status;
    float *states = calloc((size_t)(2 * steps + 1 + SAMPLER_TERMS + 3) * n, sizeof(float));
    if (!states) {
        sampler_clear(&sampler);
        return error_set(&golden->error, RSH_ERROR_MEMORY, "No memory for %u steps.", steps);
    }
    float *velocities = states + (size_t)(steps + 1) * n;
    run_toy(toy, &sampler, states, velocities, velocities + (size_t)steps * n);
    snprintf(prefix, sizeof(prefix), "s%.1f_n%u", shift, steps);
    status = compare_list(golden, prefix, "sigmas", sampler.sigmas, steps + 1);
    if (status == RSH_OK)
        status = compare_list(golden, prefix, "timesteps", sampler.timesteps, steps);
    snprintf(name, sizeof(name), "%s.x", prefix);
    if (status == RSH_OK)
        status = golden_compare(golden, name, GOLDEN_ROWS, states, (uint64_t)(steps + 1) * n);
    snprintf(name, sizeof(name), "%s.v", prefix);
    if (status == RSH_OK)
        status = golden_compare(golden, name, GOLDEN_ROWS, velocities, (uint64_t)steps * n);
    free(states);
    sampler_clear(&sampler);
    return status;
}

RshStatus verify_sampler(GoldenCase *golden)
{
    const cJSON *shifts = cJSON_GetObjectItemCaseSensitive(golden->config, "shifts");
    const cJSON *steps = cJSON_GetObjectItemCaseSensitive(golden->config, "steps");
    const cJSON *shift, *count;
    SamplerKind kind = sampler_from_name(
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(golden->config, "sampler")));
    Shape shape = {0};
    Toy toy = {.x = golden_input(golden, "x", GOLDEN_ROWS, &shape),
               .a = golden_input(golden, "A", GOLDEN_ROWS, NULL),
               .b = golden_input(golden, "b", GOLDEN_ROWS, NULL),
               .c = golden_input(golden, "c", GOLDEN_ROWS, NULL)};
    RshStatus status = toy.x && toy.a && toy.b && toy.c ? RSH_OK : golden->error.status;
    toy.size = (uint32_t)shape_rows(shape) * shape.channels;
    if (status == RSH_OK && kind == SAMPLER_COUNT)
        status = error_set(&golden->error, RSH_ERROR_FORMAT, "The case names an unknown sampler.");
    cJSON_ArrayForEach(shift, shifts)
    {
        cJSON_ArrayForEach(count, steps)
        {
            if (status == RSH_OK)
                status =
                    run_schedule(golden, &toy, kind, shift->valuedouble, (uint32_t)count->valueint);
        }
    }
    free(toy.x);
    free(toy.a);
    free(toy.b);
    free(toy.c);
    return status;
}

static double number(const GoldenCase *golden, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(golden->config, key));
}

RshStatus verify_guidance(GoldenCase *golden)
{
    static const char *const names[] = {"cond", "uncond", "perturbed", "isolated", "x"};
    enum { COND, UNCOND, PERTURBED, ISOLATED, X, INPUTS };
    float *in[INPUTS], *x0[INPUTS] = {0}, *out = NULL;
    Shape shape = {0};
    RshStatus status = RSH_OK;
    for (int i = 0; i < INPUTS; i++) {
        in[i] = golden_input(golden, names[i], GOLDEN_ROWS, &shape);
        status = in[i] ? status : golden->error.status;
    }
    uint64_t count = shape_rows(shape) * shape.channels;
    out = calloc(count + 1, sizeof(float));
    if (status != RSH_OK || !out)
        goto done;

    guidance_classifier_free(in[COND], in[UNCOND], number(golden, "wan_scale"), count, out);
    if ((status = golden_compare(golden, "wan_cfg", GOLDEN_ROWS, out, count)) != RSH_OK)
        goto done;
    GuidanceScales scales = {.cfg = number(golden, "cfg_scale"), .modality = 1};
    guidance_multi_modal(in[COND], in[UNCOND], NULL, NULL, &scales, count, out);
    if ((status = golden_compare(golden, "ltx_cfg_only", GOLDEN_ROWS, out, count)) != RSH_OK)
        goto done;
    scales.stg = number(golden, "stg_scale");
    scales.modality = number(golden, "modality_scale");
    scales.rescale = number(golden, "rescale_scale");
    guidance_multi_modal(in[COND], in[UNCOND], in[PERTURBED], in[ISOLATED], &scales, count, out);
    if ((status = golden_compare(golden, "ltx_full", GOLDEN_ROWS, out, count)) != RSH_OK)
        goto done;

    // The same over velocities: guided as x0 predictions, then turned back.
    double sigma = number(golden, "sigma");
    for (int i = 0; i < X; i++) {
        x0[i] = calloc(count, sizeof(float));
        for (uint64_t k = 0; x0[i] && k < count; k++)
            x0[i][k] = (float)((double)in[X][k] - sigma * (double)in[i][k]);
    }
    if (!x0[COND] || !x0[UNCOND] || !x0[PERTURBED] || !x0[ISOLATED])
        goto done;
    guidance_multi_modal(x0[COND], x0[UNCOND], x0[PERTURBED], x0[ISOLATED], &scales, count, out);
    for (uint64_t k = 0; k < count; k++)
        out[k] = (float)(((double)in[X][k] - (double)out[k]) / sigma);
    status = golden_compare(golden, "ltx_full_velocity", GOLDEN_ROWS, out, count);
done:
    for (int i = 0; i < INPUTS; i++) {
        free(in[i]);
        free(x0[i]);
    }
    free(out);
    return status;
}
