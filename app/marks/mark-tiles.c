// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/mark-tiles.h"

#include <math.h>
#include <string.h>

#define TILE  RUSHES_MARK_TILE
#define HALF  (TILE / 2 + 1)
#define COUNT (TILE * TILE)

struct RushesMarkTiles {
    float *pixels[RUSHES_MARK_TILES];
    fftwf_complex *bins[RUSHES_MARK_TILES];
};

// FFTW's planner is not safe in several threads; running a plan on other arrays is.
static fftwf_plan forward_plan, backward_plan;

static void make_plans(void)
{
    static gsize once;

    if (!g_once_init_enter(&once))
        return;
    float *pixels = fftwf_alloc_real(COUNT);
    fftwf_complex *bins = fftwf_alloc_complex(RUSHES_MARK_BINS);
    // Estimated, not measured: the same plan, and so the same rounding, on every run.
    forward_plan = fftwf_plan_dft_r2c_2d(TILE, TILE, pixels, bins, FFTW_ESTIMATE);
    backward_plan = fftwf_plan_dft_c2r_2d(TILE, TILE, bins, pixels, FFTW_ESTIMATE);
    fftwf_free(pixels);
    fftwf_free(bins);
    g_once_init_leave(&once, 1);
}

void rushes_mark_forward(float *pixels, fftwf_complex *bins)
{
    make_plans();
    fftwf_execute_dft_r2c(forward_plan, pixels, bins);
}

// splitmix64 (Steele, Lea, Flood 2014): the tiles must be the same on every machine for ever.
static double next_random(guint64 *state)
{
    guint64 z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
}

static void normalise(float *values)
{
    double power = 0.0;

    for (int i = 0; i < COUNT; i++)
        power += (double)values[i] * (double)values[i];
    float factor = (float)(1.0 / sqrt(power / COUNT + 1e-30));
    for (int i = 0; i < COUNT; i++)
        values[i] *= factor;
}

// Every frequency of the ring with the same power and a random phase.
static void make_tile(RushesMarkTiles *self, guint key, guint index)
{
    guint64 state = ((guint64)key << 32) ^ (0x5275736865730000u + index);
    fftwf_complex *bins = fftwf_alloc_complex(RUSHES_MARK_BINS);
    float *pixels = fftwf_alloc_real(COUNT);

    memset(bins, 0, sizeof(fftwf_complex) * RUSHES_MARK_BINS);
    for (int y = -TILE / 2 + 1; y < TILE / 2; y++) {
        for (int x = 0; x < TILE / 2; x++) {
            double radius = sqrt((double)(x * x + y * y)) / TILE;
            double phase = 2.0 * G_PI * next_random(&state);
            if (radius < RUSHES_MARK_LOW || radius > RUSHES_MARK_HIGH || (x == 0 && y < 0))
                continue; // a real picture's column 0 is its own mirror
            float re = (float)cos(phase), im = (float)sin(phase);
            fftwf_complex *bin = &bins[((y + TILE) % TILE) * HALF + x];
            (*bin)[0] = re;
            (*bin)[1] = im;
            if (x == 0) {
                bins[(TILE - y) * HALF][0] = re;
                bins[(TILE - y) * HALF][1] = -im;
            }
        }
    }
    make_plans();
    fftwf_execute_dft_c2r(backward_plan, bins, pixels);
    normalise(pixels);
    // The transform above destroys its input, and the one below does not read what it keeps.
    float *copy = fftwf_alloc_real(COUNT);
    memcpy(copy, pixels, sizeof(float) * COUNT);
    rushes_mark_forward(copy, bins);
    fftwf_free(copy);
    self->pixels[index] = pixels;
    self->bins[index] = bins;
}

const RushesMarkTiles *rushes_mark_tiles_get(guint key)
{
    static GMutex lock;
    static GHashTable *known; // key -> tiles, never freed: a handful at most

    g_mutex_lock(&lock);
    if (!known)
        known = g_hash_table_new(NULL, NULL);
    RushesMarkTiles *self = g_hash_table_lookup(known, GUINT_TO_POINTER(key));
    if (!self) {
        self = g_new0(RushesMarkTiles, 1);
        for (guint i = 0; i < RUSHES_MARK_TILES; i++)
            make_tile(self, key, i);
        g_hash_table_insert(known, GUINT_TO_POINTER(key), self);
    }
    g_mutex_unlock(&lock);
    return self;
}

const float *rushes_mark_tiles_pixels(const RushesMarkTiles *self, guint index)
{
    return self->pixels[index];
}

void rushes_mark_tiles_correlate(const RushesMarkTiles *self, guint index,
                                 const fftwf_complex *bins, fftwf_complex *work, float *correlation)
{
    for (int i = 0; i < RUSHES_MARK_BINS; i++) {
        const float *a = bins[i], *b = self->bins[index][i];
        work[i][0] = a[0] * b[0] + a[1] * b[1];
        work[i][1] = a[1] * b[0] - a[0] * b[1];
    }
    fftwf_execute_dft_c2r(backward_plan, work, correlation);
    normalise(correlation);
}

gboolean rushes_mark_is_negative(double seconds)
{
    return (gint64)floor(seconds / RUSHES_MARK_PERIOD + 1e-6) & 1;
}

// Catmull and Rom's cubic.
static double cubic(double x)
{
    if (x < 1.0)
        return (1.5 * x - 2.5) * x * x + 1.0;
    return x < 2.0 ? ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0 : 0.0;
}

// The taps of output `i`: writes at most `most` indices and weights, returns how many.
static int find_taps(int i, int count, double step, gboolean periodic, int most, int *index,
                     float *weight)
{
    double width = MAX(1.0, step), at = (i + 0.5) * step - 0.5, sum = 0.0;
    int taps = 0;

    for (int k = (int)ceil(at - 2.0 * width); k <= (int)floor(at + 2.0 * width); k++) {
        if (taps == most || (!periodic && (k < 0 || k >= count)))
            continue;
        double w = cubic(fabs(k - at) / width);
        index[taps] = ((k % count) + count) % count;
        weight[taps++] = (float)w;
        sum += w;
    }
    for (int t = 0; t < taps; t++)
        weight[t] = sum != 0.0 ? (float)((double)weight[t] / sum) : 0.0f;
    return taps;
}

void rushes_mark_resample(const float *in, int in_width, int in_height, float *out, int width,
                          int height, double step, gboolean periodic)
{
    int most = (int)ceil(4.0 * MAX(1.0, step)) + 2;
    g_autofree int *index = g_new(int, (gsize)most);
    g_autofree float *weight = g_new(float, (gsize)most);
    g_autofree float *rows = g_new0(float, (gsize)height *(gsize)in_width);

    for (int y = 0; y < height; y++) {
        int taps = find_taps(y, in_height, step, periodic, most, index, weight);
        for (int t = 0; t < taps; t++) {
            const float *from = in + (gsize)index[t] * (gsize)in_width;
            float *row = rows + (gsize)y * (gsize)in_width;
            for (int x = 0; x < in_width; x++)
                row[x] += weight[t] * from[x];
        }
    }
    for (int x = 0; x < width; x++) {
        int taps = find_taps(x, in_width, step, periodic, most, index, weight);
        for (int y = 0; y < height; y++) {
            const float *row = rows + (gsize)y * (gsize)in_width;
            float sum = 0.0f;
            for (int t = 0; t < taps; t++)
                sum += weight[t] * row[index[t]];
            out[(gsize)y * (gsize)width + (gsize)x] = sum;
        }
    }
}
