// SPDX-License-Identifier: GPL-3.0-or-later
#include "models/mel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { PAD = (MEL_WINDOW - MEL_HOP) / 2 };

uint64_t mel_frames(uint64_t samples)
{
    if (samples <= PAD || samples + 2 * PAD < MEL_WINDOW)
        return 0;
    return (samples + 2 * PAD - MEL_WINDOW) / MEL_HOP + 1;
}

void mel_window(float *out)
{
    for (int i = 0; i < MEL_WINDOW; i++)
        out[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * i / MEL_WINDOW));
}

// Slaney's scale: linear below 1 kHz, logarithmic above.
static double mel_to_hertz(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * exp((mel - 15) * log(6.4) / 27);
}

static double hertz_to_mel(double hertz)
{
    return hertz < 1000 ? hertz * 3 / 200 : 15 + log(hertz / 1000) * 27 / log(6.4);
}

void mel_filter_bank(float *out)
{
    double edges[MEL_BANDS + 2], top = hertz_to_mel(MEL_RATE / 2);
    for (int i = 0; i < MEL_BANDS + 2; i++)
        edges[i] = mel_to_hertz(top * i / (MEL_BANDS + 1));
    for (int band = 0; band < MEL_BANDS; band++) {
        double low = edges[band], middle = edges[band + 1], high = edges[band + 2];
        for (int bin = 0; bin < MEL_BINS; bin++) {
            double hertz = (double)bin * MEL_RATE / MEL_WINDOW;
            double rise = (hertz - low) / (middle - low), fall = (high - hertz) / (high - middle);
            // Each triangle has unit area.
            out[band * MEL_BINS + bin] = (float)(fmax(0, fmin(rise, fall)) * 2 / (high - low));
        }
    }
}

// In-place radix-2 Fourier transform (Cooley and Tukey) of MEL_WINDOW complex numbers.
static void fourier(double *re, double *im, const double *cosines, const double *sines)
{
    for (unsigned i = 1, j = 0; i < MEL_WINDOW; i++) {
        unsigned bit = MEL_WINDOW >> 1;
        for (; j & bit; bit >>= 1)
            j ^= bit;
        j ^= bit;
        if (i < j) {
            double t = re[i];
            re[i] = re[j];
            re[j] = t;
            t = im[i];
            im[i] = im[j];
            im[j] = t;
        }
    }
    for (unsigned size = 2; size <= MEL_WINDOW; size *= 2) {
        for (unsigned start = 0; start < MEL_WINDOW; start += size) {
            for (unsigned k = 0; k < size / 2; k++) {
                unsigned a = start + k, b = a + size / 2, angle = k * (MEL_WINDOW / size);
                double x = re[b] * cosines[angle] + im[b] * sines[angle];
                double y = im[b] * cosines[angle] - re[b] * sines[angle];
                re[b] = re[a] - x;
                im[b] = im[a] - y;
                re[a] += x;
                im[a] += y;
            }
        }
    }
}

// The sample at `position` of the wave with its edges reflected, clamped.
static double reflected(const float *wave, uint64_t samples, int64_t position)
{
    if (position < 0)
        position = -position;
    if ((uint64_t)position >= samples)
        position = 2 * (int64_t)(samples - 1) - position;
    return fmax(-1, fmin(1, (double)wave[position]));
}

typedef struct Tables {
    float bank[MEL_BANDS * MEL_BINS], window[MEL_WINDOW];
    double cosines[MEL_WINDOW / 2], sines[MEL_WINDOW / 2];
    double re[MEL_WINDOW], im[MEL_WINDOW];
} Tables;

RshStatus mel_compute(const float *wave, uint64_t samples, float *out, RshError *error)
{
    uint64_t frames = mel_frames(samples);
    if (frames == 0 || samples > INT32_MAX)
        return error_set(error, RSH_ERROR_ARGUMENT, "A sound of %llu samples cannot be analysed.",
                         (unsigned long long)samples);
    Tables *t = malloc(sizeof(*t));
    if (!t)
        return error_set(error, RSH_ERROR_MEMORY, "No memory to analyse a sound.");
    mel_filter_bank(t->bank);
    mel_window(t->window);
    for (int i = 0; i < MEL_WINDOW / 2; i++) {
        t->cosines[i] = cos(2 * M_PI * i / MEL_WINDOW);
        t->sines[i] = sin(2 * M_PI * i / MEL_WINDOW);
    }
    for (uint64_t frame = 0; frame < frames; frame++) {
        for (int i = 0; i < MEL_WINDOW; i++) {
            int64_t position = (int64_t)(frame * MEL_HOP) + i - PAD;
            t->re[i] = reflected(wave, samples, position) * (double)t->window[i];
        }
        memset(t->im, 0, sizeof(t->im));
        fourier(t->re, t->im, t->cosines, t->sines);
        for (int bin = 0; bin < MEL_BINS; bin++)
            t->re[bin] = sqrt(t->re[bin] * t->re[bin] + t->im[bin] * t->im[bin] + 1e-9);
        for (int band = 0; band < MEL_BANDS; band++) {
            double sum = 0;
            for (int bin = 0; bin < MEL_BINS; bin++)
                sum += (double)t->bank[band * MEL_BINS + bin] * t->re[bin];
            out[frame * MEL_BANDS + (uint64_t)band] = (float)log10(fmax(sum, 1e-5));
        }
    }
    free(t);
    return RSH_OK;
}
