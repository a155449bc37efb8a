// SPDX-License-Identifier: GPL-3.0-or-later
//
// Each moment says what factor it would need; the smallest of the next 5 ms is held, let go slowly, and averaged over
// 5 ms. Where a peak is, the whole of the average holds what it needs, so the result never passes the limit there. All
// channels get the same factor, so that nothing moves from side to side.
#include "export/limiter.h"

#include <math.h>
#include <string.h>

#define AHEAD_SECONDS   0.005
#define RELEASE_SECONDS 0.1
#define PHASES          4 // places looked at between two samples, the sample itself included
#define HALF            8 // samples on each side that a value between two is made of
#define TAPS            (2 * HALF)
#define MARGIN                                                                                     \
    0.1 // dB below the limit, for what the changing factor itself puts between the samples
#define BLOCK 4096 // samples a channel read at a time

struct RushesLimiter {
    RushesFrameSource *source;
    int channels;
    gsize ahead; // samples in AHEAD_SECONDS
    float gain, ceiling;
    double release;
    float taps[PHASES][TAPS];

    float *block; // [BLOCK, channels]: read, times gain
    gsize block_at, block_count;
    gint64 read; // samples a channel asked of the source
    gint64 pushed;

    float *delay; // [ahead + TAPS, channels], a ring
    float *needs; // [ahead], a ring: factors of the last moments
    int needy;    // of these, how many are below 1
    float *held;  // [ahead], a ring: the smallest of those, released
    double sum;   // of `held`
    float last;   // what was put into it last
};

// A sinc under a Hann window, one for each place between two samples.
static void make_taps(RushesLimiter *self)
{
    for (int p = 0; p < PHASES; p++) {
        double total = 0.0;
        for (int t = 0; t < TAPS; t++) {
            double x = t - (HALF - 1) - (double)p / PHASES;
            double sinc = fabs(x) < 1e-9 ? 1.0 : sin(G_PI * x) / (G_PI * x);
            double window = 0.5 + 0.5 * cos(G_PI * x / HALF);
            self->taps[p][t] = (float)(sinc * window);
            total += sinc * window;
        }
        for (int t = 0; t < TAPS; t++)
            self->taps[p][t] /= (float)total;
    }
}

RushesLimiter *rushes_limiter_new(RushesFrameSource *source, double gain)
{
    RushesLimiter *self = g_new0(RushesLimiter, 1);
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    self->source = g_object_ref(source);
    self->channels = MAX(1, format.channels);
    self->ahead = (gsize)MAX(1, lround(AHEAD_SECONDS * format.rate));
    self->gain = (float)gain;
    self->ceiling = (float)pow(10.0, -(RUSHES_TRUE_PEAK + MARGIN) / 20.0);
    self->release = 1.0 - exp(-1.0 / (RELEASE_SECONDS * MAX(1, format.rate)));
    self->block = g_new(float, (gsize)BLOCK *(gsize)self->channels);
    self->delay = g_new0(float, (self->ahead + TAPS) * (gsize)self->channels);
    self->needs = g_new(float, self->ahead);
    self->held = g_new(float, self->ahead);
    for (gsize i = 0; i < self->ahead; i++)
        self->needs[i] = self->held[i] = 1.0f;
    self->sum = (double)self->ahead;
    self->last = 1.0f;
    make_taps(self);
    return self;
}

void rushes_limiter_free(RushesLimiter *self)
{
    if (!self)
        return;
    g_object_unref(self->source);
    g_free(self->block);
    g_free(self->delay);
    g_free(self->needs);
    g_free(self->held);
    g_free(self);
}

// The moment `back` moments before the one pushed last; silence before the first.
static const float *moment(const RushesLimiter *self, gsize back)
{
    gsize size = self->ahead + TAPS;
    gsize at = (gsize)((self->pushed - 1 - (gint64)back + (gint64)(2 * size)) % (gint64)size);

    return self->delay + at * (gsize)self->channels;
}

// The highest value from the moment HALF ago up to the next one.
static float peak_between(const RushesLimiter *self)
{
    float peak = 0.0f, near = 0.0f;

    for (gsize t = 0; t < TAPS; t++) {
        const float *values = moment(self, t);
        for (int c = 0; c < self->channels; c++)
            near = fmaxf(near, fabsf(values[c]));
    }
    // The taps' absolute values add up to less than 3: far below the limit nothing between the samples reaches it.
    if (near * 3.0f < self->ceiling)
        return near;
    for (int c = 0; c < self->channels; c++) {
        float values[TAPS];
        for (gsize t = 0; t < TAPS; t++)
            values[t] = moment(self, TAPS - 1 - t)[c];
        for (int p = 0; p < PHASES; p++) {
            float sum = 0.0f;
            for (int t = 0; t < TAPS; t++)
                sum += values[t] * self->taps[p][t];
            peak = fmaxf(peak, fabsf(sum));
        }
    }
    return peak;
}

static float smallest(const float *values, gsize count)
{
    float least = 1.0f;

    for (gsize i = 0; i < count; i++)
        least = values[i] < least ? values[i] : least;
    return least;
}

// Takes one moment in; the factor for the moment that then leaves, `ahead + HALF - 1` moments ago.
static float push(RushesLimiter *self, const float *values)
{
    gsize slot = (gsize)(self->pushed % (gint64)self->ahead);

    memcpy(self->delay +
               (gsize)(self->pushed % (gint64)(self->ahead + TAPS)) * (gsize)self->channels,
           values, sizeof(float) * (gsize)self->channels);
    self->pushed++;
    float peak = peak_between(self);
    float gone = self->needs[slot], need = peak > self->ceiling ? self->ceiling / peak : 1.0f;
    self->needs[slot] = need;
    self->needy += (need < 1.0f) - (gone < 1.0f);
    float wanted = self->needy > 0 ? smallest(self->needs, self->ahead) : 1.0f;
    float eased = self->last + (1.0f - self->last) * (float)self->release;
    if (eased > 0.99999f)
        eased = 1.0f;
    self->last = MIN(wanted, eased);
    self->sum += (double)self->last - (double)self->held[slot];
    self->held[slot] = self->last;
    if (slot == 0) { // so that rounding does not add up over hours
        self->sum = 0.0;
        for (gsize i = 0; i < self->ahead; i++)
            self->sum += (double)self->held[i];
    }
    return (float)(self->sum / (double)self->ahead);
}

static gboolean next_moment(RushesLimiter *self, const float **values, GError **error)
{
    if (self->block_at == self->block_count) {
        gsize count = (gsize)BLOCK * (gsize)self->channels;
        if (!rushes_frame_source_read_samples(self->source, self->read, BLOCK, self->block, error))
            return FALSE;
        for (gsize i = 0; i < count; i++)
            self->block[i] = isfinite(self->block[i]) ? self->block[i] * self->gain : 0.0f;
        self->read += BLOCK;
        self->block_at = 0;
        self->block_count = BLOCK;
    }
    *values = self->block + self->block_at++ * (gsize)self->channels;
    return TRUE;
}

gboolean rushes_limiter_read(RushesLimiter *self, gsize count, float *out, GError **error)
{
    gsize late = self->ahead - 1 + HALF;

    for (gsize done = 0; done < count;) {
        const float *values;
        if (!next_moment(self, &values, error))
            return FALSE;
        float factor = push(self, values);
        if (self->pushed <= (gint64)late)
            continue;
        const float *leaving = moment(self, late);
        for (int c = 0; c < self->channels; c++)
            *out++ = leaving[c] * factor;
        done++;
    }
    return TRUE;
}
