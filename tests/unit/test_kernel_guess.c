// SPDX-License-Identifier: GPL-3.0-or-later
// What building an unknown kernel is expected to take follows from those that are known.
#include "gpu/kernel_guess.h"
#include "tap.h"

static const ShaderBlob linear = {.name = "gemm_linear"}, conv = {.name = "gemm_conv"},
                        norm = {.name = "norm"};

static void one_known_kernel_tells_of_its_like(void)
{
    const uint32_t known[] = {8, 2, 16};
    const KernelSample sample = {&linear, known, 0.5};
    CHECK_NEAR(kernel_guess(&linear, known, 3, &sample, 1), 0.5, 1e-9);
}

static void shaders_of_one_family_are_alike(void)
{
    CHECK(kernel_guess_alike(&linear, &conv));
    CHECK(!kernel_guess_alike(&linear, &norm));
}

static void time_grows_with_the_constants_that_it_grew_with(void)
{
    // Seconds are 0.01 times the product of the second and third; the first and the last say nothing.
    static const uint32_t known[][4] = {
        {8, 1, 16, 0}, {8, 2, 16, 1}, {8, 2, 32, 0}, {8, 3, 16, 1}, {8, 1, 32, 1}};
    const uint32_t wanted[] = {8, 3, 32, 0}, same[] = {8, 3, 32, 1};
    KernelSample samples[5];
    for (size_t i = 0; i < 5; i++)
        samples[i] = (KernelSample){&linear, known[i], 0.01 * known[i][1] * known[i][2]};
    const double guess = kernel_guess(&linear, wanted, 4, samples, 5);
    CHECK(guess > 0.8 && guess < 1.05);
    CHECK_NEAR(kernel_guess(&linear, same, 4, samples, 5) / guess, 1.0, 0.1);
}

static void another_shader_of_the_family_costs_more_by_the_same_factor(void)
{
    static const uint32_t known[][2] = {{1, 1}, {2, 1}, {4, 1}, {8, 1}, {1, 1}, {2, 1}};
    static const double seconds[] = {0.1, 0.2, 0.4, 0.8, 0.3, 0.6};
    const uint32_t wanted[] = {8, 1};
    KernelSample samples[6];
    for (size_t i = 0; i < 6; i++)
        samples[i] = (KernelSample){i < 4 ? &linear : &conv, known[i], seconds[i]};
    const double guess = kernel_guess(&conv, wanted, 2, samples, 6);
    CHECK(guess > 2.1 && guess < 2.6);
}

static void as_many_samples_as_are_allowed_are_taken(void)
{
    uint32_t constants[KERNEL_GUESS_MOST][2];
    KernelSample samples[KERNEL_GUESS_MOST];
    const uint32_t wanted[] = {1000, 0};
    for (uint32_t i = 0; i < KERNEL_GUESS_MOST; i++) {
        constants[i][0] = i % 7;
        constants[i][1] = 0;
        samples[i] = (KernelSample){&linear, constants[i], 1e-6 + i % 3};
    }
    CHECK(isfinite(kernel_guess(&linear, wanted, 2, samples, KERNEL_GUESS_MOST)));
}

int main(void)
{
    TAP_RUN(one_known_kernel_tells_of_its_like);
    TAP_RUN(shaders_of_one_family_are_alike);
    TAP_RUN(time_grows_with_the_constants_that_it_grew_with);
    TAP_RUN(another_shader_of_the_family_costs_more_by_the_same_factor);
    TAP_RUN(as_many_samples_as_are_allowed_are_taken);
    return tap_done();
}
