// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/mark-evidence.h"

#include <math.h>
#include <string.h>

#include "marks/mark-motion.h"
#include "marks/mark-tiles.h"

// Gaussian widths in canonical pixels, found by trial on composed clips: the band that is kept, the neighbourhood
// whose power decides what one change of sign is worth, and the one that evens out the sum.
#define BAND_FINE   1.0
#define BAND_COARSE 4.5
#define CHANGE_NEAR 5.0
#define SUM_NEAR    5.0
#define FLOOR       0.02f // code values squared: less local power than this is rounding

// How many slots on each side of a change are compared: the next, where little has moved yet, to all.
static const guint spans[] = {1, 2, 4};

struct RushesMarkEvidence {
    int width, height; // canonical
    guint first, count;
    float *upto; // [count + 1, height, width]: sums of all slots before
    int *frames; // [count + 1]: pictures in them
    float *change, *power, *sum, *weight, *work;
    float *before, *after; // means of the slots on both sides of a change
    RushesMarkMotion *motion;
};

static void add_scaled(float *restrict out, const float *restrict in, float factor, int count)
{
    for (int i = 0; i < count; i++)
        out[i] += factor * in[i];
}

// Gaussian blur in place, edges continued.
static void blur(float *pixels, int width, int height, double sigma, float *work)
{
    int radius = (int)(3.0 * sigma + 0.5);
    float kernel[64];
    double total = 0.0;

    for (int k = -radius; k <= radius; k++)
        total += exp(-0.5 * k * k / (sigma * sigma));
    for (int k = -radius; k <= radius; k++)
        kernel[k + radius] = (float)(exp(-0.5 * k * k / (sigma * sigma)) / total);
    g_autofree float *wide = g_new(float, (gsize)(width + 2 * radius));
    for (int y = 0; y < height; y++) {
        const float *row = pixels + y * width;
        float *out = work + y * width;
        for (int x = -radius; x < width + radius; x++)
            wide[x + radius] = row[CLAMP(x, 0, width - 1)];
        memset(out, 0, sizeof(float) * (gsize)width);
        for (int k = 0; k <= 2 * radius; k++)
            add_scaled(out, wide + k, kernel[k], width);
    }
    for (int y = 0; y < height; y++) {
        float *row = pixels + y * width;
        memset(row, 0, sizeof(float) * (gsize)width);
        for (int k = -radius; k <= radius; k++) {
            const float *from = work + CLAMP(y + k, 0, height - 1) * width;
            add_scaled(row, from, kernel[k + radius], width);
        }
    }
}

RushesMarkEvidence *rushes_mark_evidence_new(const RushesMarkStretch *stretch)
{
    RushesMarkEvidence *self = g_new0(RushesMarkEvidence, 1);
    double step = (double)MIN(stretch->width, stretch->height) / RUSHES_MARK_SIDE;

    self->width = MAX(1, (int)lrint(stretch->width / step));
    self->height = MAX(1, (int)lrint(stretch->height / step));
    self->first = stretch->first;
    self->count = stretch->count;
    gsize pixels = (gsize)self->width * (gsize)self->height;
    self->upto = g_new0(float, (self->count + 1) * pixels);
    self->frames = g_new0(int, self->count + 1);
    float **spares[] = {&self->change, &self->power,  &self->sum,  &self->weight,
                        &self->work,   &self->before, &self->after};
    for (guint i = 0; i < G_N_ELEMENTS(spares); i++)
        *spares[i] = g_new0(float, pixels);
    self->motion = rushes_mark_motion_new(self->width, self->height);
    for (guint s = 0; s < self->count; s++) {
        const float *before = self->upto + s * pixels;
        float *after = self->upto + (s + 1) * pixels;
        if (stretch->frames[s] > 0)
            rushes_mark_resample(stretch->sums[s], stretch->width, stretch->height, after,
                                 self->width, self->height, step, FALSE);
        for (gsize i = 0; i < pixels; i++)
            after[i] += before[i];
        self->frames[s + 1] = self->frames[s] + stretch->frames[s];
    }
    return self;
}

void rushes_mark_evidence_free(RushesMarkEvidence *self)
{
    if (!self)
        return;
    g_free(self->upto);
    g_free(self->frames);
    g_free(self->change);
    g_free(self->power);
    g_free(self->sum);
    g_free(self->weight);
    g_free(self->work);
    g_free(self->before);
    g_free(self->after);
    rushes_mark_motion_free(self->motion);
    g_free(self);
}

// Adds what happens at slot `at` of the stretch, seen over `span` slots on each side, weighted by how quiet its
// surroundings are. FALSE when there is no picture on one side.
static gboolean add_change(RushesMarkEvidence *self, guint at, guint span, float sign)
{
    gsize pixels = (gsize)self->width * (gsize)self->height;
    guint from = at > span ? at - span : 0, to = MIN(at + span, self->count);
    int before = self->frames[at] - self->frames[from];
    int after = self->frames[to] - self->frames[at];

    if (before < 1 || after < 1)
        return FALSE;
    const float *a = self->upto + from * pixels, *b = self->upto + at * pixels;
    const float *c = self->upto + to * pixels;
    for (gsize i = 0; i < pixels; i++) {
        self->before[i] = (b[i] - a[i]) / (float)before;
        self->after[i] = (c[i] - b[i]) / (float)after;
    }
    if (span == 1)
        rushes_mark_motion_subtract(self->motion, self->before, self->after, self->change);
    else
        for (gsize i = 0; i < pixels; i++)
            self->change[i] = self->after[i] - self->before[i];
    for (gsize i = 0; i < pixels; i++) {
        self->change[i] *= 0.5f * sign;
        self->power[i] = self->change[i];
    }
    blur(self->change, self->width, self->height, BAND_FINE, self->work);
    blur(self->power, self->width, self->height, BAND_COARSE, self->work);
    for (gsize i = 0; i < pixels; i++) {
        self->change[i] -= self->power[i];
        self->power[i] = self->change[i] * self->change[i];
    }
    blur(self->power, self->width, self->height, CHANGE_NEAR, self->work);
    for (gsize i = 0; i < pixels; i++) {
        float weight = 1.0f / (self->power[i] + FLOOR);
        self->sum[i] += self->change[i] * weight;
        self->weight[i] += weight;
    }
    return TRUE;
}

const float *rushes_mark_evidence_at(RushesMarkEvidence *self, guint phase, int *width, int *height)
{
    gsize pixels = (gsize)self->width * (gsize)self->height;
    gboolean has_change = FALSE, has_contrast = FALSE;

    memset(self->sum, 0, sizeof(float) * pixels);
    memset(self->weight, 0, sizeof(float) * pixels);
    for (guint at = 1; at < self->count; at++) {
        guint slot = self->first + at + phase;
        if (slot % RUSHES_MARK_PHASES != 0)
            continue;
        float sign = slot / RUSHES_MARK_PHASES % 2 ? -1.0f : 1.0f;
        for (guint s = 0; s < G_N_ELEMENTS(spans); s++)
            has_change |= add_change(self, at, spans[s], sign);
    }
    if (!has_change)
        return NULL;
    for (gsize i = 0; i < pixels; i++) {
        self->sum[i] /= self->weight[i];
        self->power[i] = self->sum[i] * self->sum[i];
        has_contrast |= self->power[i] > 1e-8f;
    }
    blur(self->power, self->width, self->height, SUM_NEAR, self->work);
    for (gsize i = 0; i < pixels; i++)
        self->sum[i] /= sqrtf(self->power[i] + FLOOR);
    *width = self->width;
    *height = self->height;
    return has_contrast ? self->sum : NULL;
}
