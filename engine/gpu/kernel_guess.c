// SPDX-License-Identifier: GPL-3.0-or-later
#include "gpu/kernel_guess.h"

#include <math.h>
#include <string.h>

// How far things are expected to vary, as natural logarithms of seconds: what is common to a family, one shader from
// another, each doubling of a constant, and one measurement from the next. Chosen by the error over 89 kernels of
// lavapipe, each told from those before it.
#define COMMON 2.0
#define SHADER 0.5
#define SLOPE  1.0
#define NOISE  0.1

bool kernel_guess_alike(const ShaderBlob *one, const ShaderBlob *other)
{
    const size_t length = strcspn(one->name, "_");
    return length == strcspn(other->name, "_") && memcmp(one->name, other->name, length) == 0;
}

double kernel_guess_weight(const ShaderBlob *blob)
{
    // Means of the 75 kernels of a first clip on lavapipe.
    static const struct {
        const char *family;
        double weight;
    } weights[] = {{"gemm", 1.0}, {"attention", 2.3}, {"snake", 1.8}, {"winograd", 0.15}};
    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
        if (strncmp(blob->name, weights[i].family, strlen(weights[i].family)) == 0)
            return weights[i].weight;
    return 0.1; // a few lines
}

// A constant on the scale that code grows with.
static double size_of(uint32_t constant)
{
    return log2(constant > 0 ? (double)constant : 0.5);
}

// Solves k w = y for a symmetric positive k [count, count], of which the lower half is read and overwritten; w
// replaces y.
static void solve(double k[][KERNEL_GUESS_MOST], double *y, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = k[i][j];
            for (size_t m = 0; m < j; m++)
                sum -= k[i][m] * k[j][m];
            k[i][j] = i == j ? sqrt(sum) : sum / k[j][j];
        }
        for (size_t m = 0; m < i; m++)
            y[i] -= k[i][m] * y[m];
        y[i] /= k[i][i];
    }
    for (size_t i = count; i-- > 0;) {
        for (size_t m = i + 1; m < count; m++)
            y[i] -= k[m][i] * y[m];
        y[i] /= k[i][i];
    }
}

double kernel_guess(const ShaderBlob *blob, const uint32_t *constants, uint32_t constant_count,
                    const KernelSample *samples, size_t count)
{
    double k[KERNEL_GUESS_MOST][KERNEL_GUESS_MOST], weights[KERNEL_GUESS_MOST], mean = 0.0;
    double away[KERNEL_GUESS_MOST][GPU_MAX_CONSTANTS]; // from the kernel that is asked about

    for (size_t i = 0; i < count; i++) {
        mean += log(samples[i].seconds) / (double)count;
        for (uint32_t c = 0; c < constant_count; c++)
            away[i][c] = size_of(samples[i].constants[c]) - size_of(constants[c]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            k[i][j] = COMMON * COMMON + (i == j ? NOISE * NOISE : 0.0);
            if (samples[i].blob == samples[j].blob)
                k[i][j] += SHADER * SHADER;
            for (uint32_t c = 0; c < constant_count; c++)
                k[i][j] += SLOPE * SLOPE * away[i][c] * away[j][c];
        }
        weights[i] = log(samples[i].seconds) - mean;
    }
    solve(k, weights, count);
    double guess = mean;
    for (size_t i = 0; i < count; i++)
        guess += weights[i] * (COMMON * COMMON + (samples[i].blob == blob ? SHADER * SHADER : 0.0));
    return exp(guess);
}
