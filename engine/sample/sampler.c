// SPDX-License-Identifier: GPL-3.0-or-later
#include "sample/sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { TRAINING_STEPS = 1000 };

static const char *const names[SAMPLER_COUNT] = {
    [SAMPLER_EULER] = "euler", [SAMPLER_EULER_LINEAR] = "euler-linear",
    [SAMPLER_UNIPC] = "unipc", [SAMPLER_UNIPC_DIFFUSERS] = "unipc-diffusers",
    [SAMPLER_DPMPP] = "dpmpp",
};

const char *sampler_name(SamplerKind kind)
{
    return kind < SAMPLER_COUNT ? names[kind] : "unknown";
}

SamplerKind sampler_from_name(const char *name)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++) {
        if (name && strcmp(name, names[kind]) == 0)
            return (SamplerKind)kind;
    }
    return SAMPLER_COUNT;
}

bool sampler_has_history(SamplerKind kind)
{
    return kind != SAMPLER_EULER && kind != SAMPLER_EULER_LINEAR;
}

static double shifted(double sigma, double shift)
{
    return shift * sigma / (1 + (shift - 1) * sigma);
}

// Value `index` of `count` evenly spaced ones from first to last, both included.
static double spaced(double first, double last, uint32_t count, uint32_t index)
{
    return count < 2 ? first : first + (last - first) * index / (count - 1);
}

// Noise level `index` before the final 0. The grids differ in where they start, where they end and how
// often they are shifted; the published solvers are only reproduced with their own grid.
static double grid_sigma(SamplerKind kind, uint32_t steps, double shift, uint32_t index)
{
    switch (kind) {
    case SAMPLER_EULER: {
        double last = shifted(1.0 / TRAINING_STEPS, shift);
        return shifted(spaced(1, last, steps, index), shift);
    }
    case SAMPLER_UNIPC:
        // Wan's largest sigma went through f32, and its timesteps are truncated: 0.999 itself would
        // move some of them by one.
        return shifted(spaced((double)0.999f, 0, steps + 1, index), shift);
    case SAMPLER_UNIPC_DIFFUSERS: {
        double sigma = shifted(spaced(1, 1.0 / TRAINING_STEPS, steps + 1, index), shift);
        return index == 0 ? sigma - 1e-6 : sigma;
    }
    case SAMPLER_EULER_LINEAR:
    case SAMPLER_DPMPP:
    case SAMPLER_COUNT:
        break;
    }
    return shifted(spaced(1, 0, steps + 1, index), shift);
}

RshStatus sampler_init(Sampler *sampler, SamplerKind kind, uint32_t steps, double shift,
                       RshError *error)
{
    memset(sampler, 0, sizeof(*sampler));
    if (kind >= SAMPLER_COUNT)
        return error_set(error, RSH_ERROR_ARGUMENT, "There is no sampler number %d.", (int)kind);
    if (steps < 1 || steps > SAMPLER_MAX_STEPS)
        return error_set(error, RSH_ERROR_ARGUMENT, "The number of steps must be 1 to %d, not %u.",
                         SAMPLER_MAX_STEPS, steps);
    if (!(shift > 0 && shift <= 100))
        return error_set(error, RSH_ERROR_ARGUMENT,
                         "The shift must be above 0 and at most 100, not %g.", shift);

    sampler->sigmas = calloc(steps + 1u, sizeof(double));
    sampler->timesteps = calloc(steps, sizeof(double));
    if (!sampler->sigmas || !sampler->timesteps) {
        sampler_clear(sampler);
        return error_set(error, RSH_ERROR_MEMORY, "No memory for a table of %u steps.", steps);
    }
    sampler->kind = kind;
    sampler->steps = steps;
    for (uint32_t i = 0; i < steps; i++) {
        double sigma = grid_sigma(kind, steps, shift, i);
        double timestep = sigma * TRAINING_STEPS;
        sampler->timesteps[i] = sampler_has_history(kind) ? trunc(timestep) : timestep;
        // The solvers keep their table in f32.
        sampler->sigmas[i] = sampler_has_history(kind) ? (double)(float)sigma : sigma;
    }
    return RSH_OK;
}

void sampler_clear(Sampler *sampler)
{
    free(sampler->sigmas);
    free(sampler->timesteps);
    memset(sampler, 0, sizeof(*sampler));
}

static double log_snr(double sigma)
{
    return log(1 - sigma) - log(sigma); // +-infinity at 0 and 1
}

// a += scale * b
static void add_row(double *a, double scale, const double *b)
{
    for (int term = 0; term < SAMPLER_TERMS; term++)
        a[term] += scale * b[term];
}

// UniPC with B(h) = e^hh - 1 ("bh2"), x0 prediction. Source: Zhao et al., "UniPC: A Unified Predictor-Corrector
// Framework for Fast Sampling of Diffusion Models", 2023.
static void unipc_step(const Sampler *sampler, uint32_t i, SamplerStep *out)
{
    const double *sigmas = sampler->sigmas;
    double sigma = sigmas[i], next = sigmas[i + 1];
    double lambda = log_snr(sigma);

    if (i == 0) {
        out->corrected[SAMPLER_X] = 1;
    } else {
        // From the previous step's start to here, now that the network was asked here.
        double h = lambda - log_snr(sigmas[i - 1]), hh = -h;
        double phi = expm1(hh), b = phi;
        double rho_old = 0, rho_new = 0.5;
        double scale = -(1 - sigma) * b;
        if (i > 1) {
            double r = (log_snr(sigmas[i - 2]) - log_snr(sigmas[i - 1])) / h;
            double b1 = (phi / hh - 1) / b, b2 = 2 * ((phi / hh - 1) / hh - 0.5) / b;
            rho_old = (b2 - b1) / (r - 1);
            rho_new = b1 - rho_old;
            out->corrected[SAMPLER_M1] = scale * rho_old / r;
            out->corrected[SAMPLER_M0] = -scale * rho_old / r;
        }
        out->corrected[SAMPLER_LAST] = sigma / sigmas[i - 1];
        out->corrected[SAMPLER_M0] += -(1 - sigma) * phi - scale * rho_new;
        add_row(out->corrected, scale * rho_new, out->denoised);
    }

    if (next <= 0) { // lambda is infinite: the x0 prediction itself
        add_row(out->next, 1, out->denoised);
        return;
    }
    double h = log_snr(next) - lambda;
    double phi = expm1(-h), alpha = 1 - next;
    add_row(out->next, next / sigma, out->corrected);
    add_row(out->next, -alpha * phi, out->denoised);
    if (i > 0 && i + 1 < sampler->steps) {
        double r = (log_snr(sigmas[i - 1]) - lambda) / h;
        double scale = -alpha * phi * 0.5 / r;
        out->next[SAMPLER_M0] += scale;
        add_row(out->next, -scale, out->denoised);
    }
}

// DPM-Solver++(2M), midpoint. Source: Lu et al., "DPM-Solver++: Fast Solver for Guided Sampling of Diffusion
// Probabilistic Models", 2022. The first sigma is exactly 1: its log SNR is -infinity, and the
// second step's difference term vanishes.
static void dpmpp_step(const Sampler *sampler, uint32_t i, SamplerStep *out)
{
    const double *sigmas = sampler->sigmas;
    double sigma = sigmas[i], next = sigmas[i + 1];

    out->corrected[SAMPLER_X] = 1;
    if (next <= 0) {
        add_row(out->next, 1, out->denoised);
        return;
    }
    double lambda = log_snr(sigma), h = log_snr(next) - lambda;
    double scale = -(1 - next) * expm1(-h);
    out->next[SAMPLER_X] = next / sigma;
    add_row(out->next, scale, out->denoised);
    if (i > 0 && i + 1 < sampler->steps) {
        double r = (lambda - log_snr(sigmas[i - 1])) / h;
        add_row(out->next, 0.5 * scale / r, out->denoised);
        out->next[SAMPLER_M0] -= 0.5 * scale / r;
    }
}

void sampler_step(const Sampler *sampler, uint32_t index, SamplerStep *out)
{
    memset(out, 0, sizeof(*out));
    out->timestep = sampler->timesteps[index];
    out->sigma = sampler->sigmas[index];
    out->sigma_next = sampler->sigmas[index + 1];
    out->denoised[SAMPLER_X] = 1;
    out->denoised[SAMPLER_V] = -out->sigma;

    if (sampler->kind == SAMPLER_UNIPC || sampler->kind == SAMPLER_UNIPC_DIFFUSERS) {
        unipc_step(sampler, index, out);
    } else if (sampler->kind == SAMPLER_DPMPP) {
        dpmpp_step(sampler, index, out);
    } else {
        out->corrected[SAMPLER_X] = 1;
        out->next[SAMPLER_X] = 1;
        out->next[SAMPLER_V] = out->sigma_next - out->sigma;
    }
}

void sampler_step_from_clean(SamplerStep *step)
{
    double *const rows[] = {step->denoised, step->corrected, step->next};
    for (int i = 0; i < 3; i++) {
        double part = rows[i][SAMPLER_V] / step->sigma;
        rows[i][SAMPLER_X] += part;
        rows[i][SAMPLER_V] = -part;
    }
}
