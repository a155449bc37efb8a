// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdbool.h>
#include <string.h>

#include "sample/sampler.h"
#include "tap.h"

static void every_sampler_ends_at_zero_noise(void)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++) {
        for (uint32_t steps = 1; steps < 30; steps++) {
            Sampler sampler;
            CHECK(sampler_init(&sampler, (SamplerKind)kind, steps, 3, NULL) == RSH_OK);
            CHECK(sampler.sigmas[steps] == 0);
            for (uint32_t i = 0; i < steps; i++)
                CHECK(sampler.sigmas[i] > sampler.sigmas[i + 1]);
            sampler_clear(&sampler);
        }
    }
}

static double dot(const double *row, const double *terms)
{
    double sum = 0;
    for (int i = 0; i < SAMPLER_TERMS; i++)
        sum += row[i] != 0 ? row[i] * terms[i] : 0;
    return sum;
}

// With the velocity of a single picture, every solver lands on that picture exactly.
static void a_straight_path_is_followed_to_its_end(void)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++) {
        for (uint32_t steps = 1; steps < 12; steps++) {
            Sampler sampler;
            const double picture = 0.7, noise = -1.3;
            CHECK(sampler_init(&sampler, (SamplerKind)kind, steps, 5, NULL) == RSH_OK);
            double start = sampler.sigmas[0];
            double terms[SAMPLER_TERMS] = {(1 - start) * picture + start * noise};
            for (uint32_t i = 0; i < steps; i++) {
                SamplerStep step;
                sampler_step(&sampler, i, &step);
                terms[SAMPLER_V] = (terms[SAMPLER_X] - picture) / step.sigma;
                double m = dot(step.denoised, terms), last = dot(step.corrected, terms);
                double next = dot(step.next, terms);
                terms[SAMPLER_M1] = terms[SAMPLER_M0];
                terms[SAMPLER_M0] = m;
                terms[SAMPLER_LAST] = last;
                terms[SAMPLER_X] = next;
            }
            CHECK_NEAR(terms[SAMPLER_X], picture, 1e-6);
            sampler_clear(&sampler);
        }
    }
}

// A network that answers x0 takes the path of the one that answers (x - x0) / sigma.
static void a_clean_answer_counts_as_its_velocity(void)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++) {
        Sampler sampler;
        const double terms[SAMPLER_TERMS] = {0.6, 0, -0.4, 1.7, 0.9};
        CHECK(sampler_init(&sampler, (SamplerKind)kind, 9, 3, NULL) == RSH_OK);
        for (uint32_t i = 0; i < 9; i++) {
            SamplerStep velocity, clean;
            sampler_step(&sampler, i, &velocity);
            clean = velocity;
            sampler_step_from_clean(&clean);
            double v[SAMPLER_TERMS], x0[SAMPLER_TERMS];
            memcpy(v, terms, sizeof(v));
            memcpy(x0, terms, sizeof(x0));
            x0[SAMPLER_V] = -0.8;
            v[SAMPLER_V] = (terms[SAMPLER_X] - -0.8) / velocity.sigma;
            CHECK(dot(clean.denoised, x0) == -0.8 && clean.denoised[SAMPLER_X] == 0);
            CHECK_NEAR(dot(clean.corrected, x0), dot(velocity.corrected, v), 1e-12);
            CHECK_NEAR(dot(clean.next, x0), dot(velocity.next, v), 1e-12);
            CHECK(clean.sigma == velocity.sigma && clean.timestep == velocity.timestep);
        }
        sampler_clear(&sampler);
    }
}

static void the_first_step_needs_no_history(void)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++) {
        Sampler sampler;
        SamplerStep step;
        CHECK(sampler_init(&sampler, (SamplerKind)kind, 6, 3, NULL) == RSH_OK);
        sampler_step(&sampler, 0, &step);
        for (int i = SAMPLER_M0; i < SAMPLER_TERMS; i++)
            CHECK(step.denoised[i] == 0 && step.corrected[i] == 0 && step.next[i] == 0);
        sampler_clear(&sampler);
    }
}

static void impossible_settings_are_refused(void)
{
    Sampler sampler;
    RshError error = {0};
    CHECK(sampler_init(&sampler, SAMPLER_EULER, 0, 3, &error) == RSH_ERROR_ARGUMENT);
    CHECK(sampler_init(&sampler, SAMPLER_EULER, SAMPLER_MAX_STEPS + 1, 3, &error) ==
          RSH_ERROR_ARGUMENT);
    CHECK(sampler_init(&sampler, SAMPLER_EULER, 4, 0, &error) == RSH_ERROR_ARGUMENT);
    CHECK(sampler_init(&sampler, SAMPLER_EULER, 4, NAN, &error) == RSH_ERROR_ARGUMENT);
    CHECK(sampler_init(&sampler, SAMPLER_COUNT, 4, 3, &error) == RSH_ERROR_ARGUMENT);
    CHECK(strlen(error.text) > 0);
}

static void names_go_there_and_back(void)
{
    for (int kind = 0; kind < SAMPLER_COUNT; kind++)
        CHECK(sampler_from_name(sampler_name((SamplerKind)kind)) == (SamplerKind)kind);
    CHECK(sampler_from_name("heun") == SAMPLER_COUNT);
    CHECK(sampler_from_name(NULL) == SAMPLER_COUNT);
}

int main(void)
{
    TAP_RUN(every_sampler_ends_at_zero_noise);
    TAP_RUN(a_straight_path_is_followed_to_its_end);
    TAP_RUN(a_clean_answer_counts_as_its_velocity);
    TAP_RUN(the_first_step_needs_no_history);
    TAP_RUN(impossible_settings_are_refused);
    TAP_RUN(names_go_there_and_back);
    return tap_done();
}
