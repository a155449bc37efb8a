// SPDX-License-Identifier: GPL-3.0-or-later
//
// sampler.h - flow-matching solvers. A sampler is a table of noise levels and, for each step, three rows of
// numbers: every solver here is a linear combination of a handful of stored tensors, so that a step on the
// device is a combine with coefficients from the host and latents never leave it.
//
// x = (1 - sigma) x0 + sigma noise; the network predicts the velocity v = noise - x0, or x0 itself. Numbers are
// f64.
#pragma once
#include "rsh.h"

typedef enum SamplerKind {
    SAMPLER_EULER, // diffusers' FlowMatchEulerDiscreteScheduler(shift), as Ovi calls it: shifted twice
    SAMPLER_EULER_LINEAR, // linspace(1, 0, n + 1) shifted once: the mini, few-step distilled models
    SAMPLER_UNIPC,        // UniPC bh2, order 2, as Wan runs it
    SAMPLER_UNIPC_DIFFUSERS, // the same solver over diffusers' noise levels
    SAMPLER_DPMPP,           // DPM-Solver++ 2M, midpoint, as Wan runs it
    SAMPLER_COUNT,
} SamplerKind;

// What a step combines. X is the current latent, V the guided velocity; M0 and M1 are the last two x0
// predictions, LAST the (corrected) latent that the previous step started from.
enum { SAMPLER_X, SAMPLER_V, SAMPLER_M0, SAMPLER_M1, SAMPLER_LAST, SAMPLER_TERMS };

typedef struct SamplerStep {
    double timestep; // what the network gets, 0 to 1000
    double sigma, sigma_next;
    double denoised[SAMPLER_TERMS];  // x0 prediction; becomes M0 for the next step, M0 becomes M1
    double corrected[SAMPLER_TERMS]; // becomes LAST
    double next[SAMPLER_TERMS];      // becomes X
} SamplerStep;

typedef struct Sampler {
    SamplerKind kind;
    uint32_t steps;
    double *sigmas;    // [steps + 1], the last is 0
    double *timesteps; // [steps]
} Sampler;

enum { SAMPLER_MAX_STEPS = 1000 };

// Fails for 0 or more than SAMPLER_MAX_STEPS steps, and for a shift that is not in (0, 100].
RSH_MUST_USE RshStatus sampler_init(Sampler *sampler, SamplerKind kind, uint32_t steps,
                                    double shift, RshError *error);
void sampler_clear(Sampler *sampler);
// Step `index` of 0..steps - 1; terms with a zero coefficient need not exist yet.
void sampler_step(const Sampler *sampler, uint32_t index, SamplerStep *out);
// Rewrites the rows for a network that answers x0: SAMPLER_V then multiplies its answer, which stands for the
// velocity (x - x0) / sigma. No step starts at sigma 0, so nothing is divided by it.
void sampler_step_from_clean(SamplerStep *step);
// Whether a solver ever reads M0, M1 or LAST (Euler does not).
bool sampler_has_history(SamplerKind kind);

const char *
sampler_name(SamplerKind kind); // "euler", "unipc", ... as model.json and recipes spell it
SamplerKind sampler_from_name(const char *name); // SAMPLER_COUNT when unknown
