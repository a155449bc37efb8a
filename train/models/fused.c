// SPDX-License-Identifier: GPL-3.0-or-later
// bfloat16 tanh-GELU and RMS norm with their gradients: PyTorch's own take a third of a
// transformer step on a CPU, because they go through float32 copies.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#define GELU_SLOPE 1.5957691216f // 2 sqrt(2 / pi): tanh-GELU written with a logistic
#define GELU_CUBIC .044715f

static inline float widen(uint16_t value)
{
    union {
        uint32_t bits;
        float number;
    } cast = {.bits = (uint32_t)value << 16};
    return cast.number;
}

static inline uint16_t narrow(float value)
{
    union {
        float number;
        uint32_t bits;
    } cast = {.number = value};
    return (uint16_t)((cast.bits + 0x7fff + ((cast.bits >> 16) & 1)) >> 16);
}

// Below -10 the exponential overflows, and with -ffast-math one over infinity is not zero but NaN.
static inline float gate(float v)
{
    float exponent = -GELU_SLOPE * (v + GELU_CUBIC * v * v * v);
    return 1.f / (1.f + expf(exponent < 80.f ? exponent : 80.f));
}

// y = gelu(x), both bf16 [count].
void gelu_forward(const uint16_t *x, uint16_t *y, long count)
{
#pragma omp parallel for
    for (long i = 0; i < count; i++) {
        float v = widen(x[i]);
        y[i] = narrow(v * gate(v));
    }
}

// gx = gy * gelu'(x), all bf16 [count].
void gelu_backward(const uint16_t *x, const uint16_t *gy, uint16_t *gx, long count)
{
#pragma omp parallel for
    for (long i = 0; i < count; i++) {
        float v = widen(x[i]), s = gate(v);
        float slope = s + v * s * (1.f - s) * GELU_SLOPE * (1.f + 3 * GELU_CUBIC * v * v);
        gx[i] = narrow(widen(gy[i]) * slope);
    }
}

// y = x / rms(x) * weight over rows of width numbers; inverse[rows] keeps 1 / rms for the gradient.
void rms_forward(const uint16_t *x, const float *weight, uint16_t *y, float *inverse, long rows,
                 int width, float epsilon)
{
#pragma omp parallel for
    for (long r = 0; r < rows; r++) {
        const uint16_t *in = x + r * width;
        float sum = 0;
        for (int i = 0; i < width; i++)
            sum += widen(in[i]) * widen(in[i]);
        inverse[r] = 1.f / sqrtf(sum / (float)width + epsilon);
        for (int i = 0; i < width; i++)
            y[r * width + i] = narrow(widen(in[i]) * inverse[r] * weight[i]);
    }
}

// Gradients of rms_forward: gx bf16 [rows, width], gweight float [width] is added to. Returns 0,
// or -1 when memory is short.
int rms_backward(const uint16_t *x, const uint16_t *gy, const float *weight, const float *inverse,
                 uint16_t *gx, float *gweight, long rows, int width)
{
    int failed = 0;
#pragma omp parallel
    {
        float *partial = calloc((size_t)width, sizeof *partial);
        if (!partial)
            failed = -1;
#pragma omp for
        for (long r = 0; r < rows; r++) {
            if (!partial)
                continue;
            const uint16_t *in = x + r * width, *out = gy + r * width;
            float scale = inverse[r], dot = 0;
            for (int i = 0; i < width; i++) {
                float v = widen(in[i]), g = widen(out[i]);
                dot += g * weight[i] * v;
                partial[i] += g * v * scale;
            }
            dot *= scale * scale * scale / (float)width;
            for (int i = 0; i < width; i++)
                gx[r * width + i] = narrow(widen(out[i]) * weight[i] * scale - widen(in[i]) * dot);
        }
#pragma omp critical
        for (int i = 0; partial && i < width; i++)
            gweight[i] += partial[i];
        free(partial);
    }
    return failed;
}
