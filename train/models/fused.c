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

// y = (x - mean) / std * (1 + scale) + shift over rows of width numbers. x float [groups * rows, width], scale and
// shift float [groups, width], y bf16; statistics[2 * groups * rows] keeps mean and 1 / std for the gradient.
void modulate_forward(const float *x, const float *scale, const float *shift, uint16_t *y,
                      float *statistics, long groups, long rows, int width, float epsilon)
{
#pragma omp parallel for
    for (long r = 0; r < groups * rows; r++) {
        const float *in = x + r * width, *a = scale + r / rows * width,
                    *b = shift + r / rows * width;
        float mean = 0, square = 0;
        for (int i = 0; i < width; i++)
            mean += in[i];
        mean /= (float)width;
        for (int i = 0; i < width; i++)
            square += (in[i] - mean) * (in[i] - mean);
        float inverse = 1.f / sqrtf(square / (float)width + epsilon);
        statistics[2 * r] = mean;
        statistics[2 * r + 1] = inverse;
        for (int i = 0; i < width; i++)
            y[r * width + i] = narrow((in[i] - mean) * inverse * (1.f + a[i]) + b[i]);
    }
}

// Gradients of modulate_forward: gx float like x, gscale and gshift float [groups, width].
void modulate_backward(const float *x, const uint16_t *gy, const float *scale,
                       const float *statistics, float *gx, float *gscale, float *gshift,
                       long groups, long rows, int width)
{
#pragma omp parallel for
    for (long g = 0; g < groups; g++) {
        const float *a = scale + g * width;
        float *ga = gscale + g * width, *gb = gshift + g * width;
        for (int i = 0; i < width; i++)
            ga[i] = gb[i] = 0;
        for (long r = g * rows; r < (g + 1) * rows; r++) {
            const float *in = x + r * width;
            const uint16_t *out = gy + r * width;
            float mean = statistics[2 * r], inverse = statistics[2 * r + 1], sum = 0, dot = 0;
            for (int i = 0; i < width; i++) {
                float d = widen(out[i]), n = (in[i] - mean) * inverse;
                gb[i] += d;
                ga[i] += d * n;
                d *= 1.f + a[i];
                sum += d;
                dot += d * n;
            }
            sum /= (float)width;
            dot /= (float)width;
            for (int i = 0; i < width; i++)
                gx[r * width + i] =
                    inverse * (widen(out[i]) * (1.f + a[i]) - sum - (in[i] - mean) * inverse * dot);
        }
    }
}

// z = x + y * gate. x, z float [groups * rows, width], y bf16, gate float [groups, width].
void gate_forward(const float *x, const uint16_t *y, const float *gates, float *z, long groups,
                  long rows, int width)
{
#pragma omp parallel for
    for (long r = 0; r < groups * rows; r++)
        for (int i = 0; i < width; i++)
            z[r * width + i] =
                x[r * width + i] + widen(y[r * width + i]) * gates[r / rows * width + i];
}

// Gradients of gate_forward: gy bf16 like y, ggates float [groups, width]; that of x is gz itself.
void gate_backward(const uint16_t *y, const float *gates, const float *gz, uint16_t *gy,
                   float *ggates, long groups, long rows, int width)
{
#pragma omp parallel for
    for (long g = 0; g < groups; g++) {
        float *sum = ggates + g * width;
        for (int i = 0; i < width; i++)
            sum[i] = 0;
        for (long r = g * rows; r < (g + 1) * rows; r++)
            for (int i = 0; i < width; i++) {
                sum[i] += gz[r * width + i] * widen(y[r * width + i]);
                gy[r * width + i] = narrow(gz[r * width + i] * gates[g * width + i]);
            }
    }
}

// Turns the first `pairs` pairs of every head and changes the order of tokens and heads: in bf16
// [batch, tokens, heads, width] -> out [batch, heads, tokens, width]; cosines and sines float [tokens, pairs]. Back
// (the gradient): from the second order to the first, by the angles the other way round.
void rotary(const uint16_t *in, const float *cosines, const float *sines, uint16_t *out, long batch,
            long tokens, long heads, int width, int pairs, float factor, int back)
{
#pragma omp parallel for
    for (long row = 0; row < batch * tokens; row++) {
        long b = row / tokens, t = row % tokens;
        const float *c = cosines + t * pairs, *s = sines + t * pairs;
        for (long h = 0; h < heads; h++) {
            long early = ((b * tokens + t) * heads + h) * width;
            long late = ((b * heads + h) * tokens + t) * width;
            const uint16_t *from = in + (back ? late : early);
            uint16_t *to = out + (back ? early : late);
            float turn = back ? -factor : factor;
            for (int i = 0; i < pairs; i++) {
                float p = widen(from[2 * i]), q = widen(from[2 * i + 1]);
                to[2 * i] = narrow(p * c[i] * factor - q * s[i] * turn);
                to[2 * i + 1] = narrow(p * s[i] * turn + q * c[i] * factor);
            }
            for (int i = 2 * pairs; i < width; i++)
                to[i] = narrow(widen(from[i]) * factor);
        }
    }
}
