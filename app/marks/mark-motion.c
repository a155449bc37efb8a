// SPDX-License-Identifier: GPL-3.0-or-later
//
// Motion by blocks, to a quarter of a pixel, made into a smooth field between the blocks' middles.
#include "marks/mark-motion.h"

#include <math.h>

#define SPACING 8  // canonical pixels between blocks
#define RADIUS  10 // a block reaches this far from its middle
#define REACH   8  // how far it may have moved
#define BORDER  (RADIUS + REACH + 3)
// The mark's own change of sign must not pass for motion: it alone leaves about 15 code values squared between two
// still pictures. Only where much more is left, and moving takes most of it away, has something moved.
#define STILL  50.0f
#define BETTER 0.5f

typedef struct Vector {
    float y, x;
} Vector;

struct RushesMarkMotion {
    int width, height;
    int rows, columns;
    Vector *vectors;        // [rows, columns]
    int stride;             // width and two borders
    float *wide_a, *wide_b; // the pictures with their edges continued into a border on all sides
};

RushesMarkMotion *rushes_mark_motion_new(int width, int height)
{
    RushesMarkMotion *self = g_new0(RushesMarkMotion, 1);

    self->width = width;
    self->height = height;
    self->rows = MAX(1, height / SPACING);
    self->columns = MAX(1, width / SPACING);
    self->vectors = g_new(Vector, (gsize)self->rows * (gsize)self->columns);
    self->stride = width + 2 * BORDER;
    gsize wide = (gsize)self->stride * (gsize)(height + 2 * BORDER);
    self->wide_a = g_new(float, wide);
    self->wide_b = g_new(float, wide);
    return self;
}

void rushes_mark_motion_free(RushesMarkMotion *self)
{
    if (!self)
        return;
    g_free(self->vectors);
    g_free(self->wide_a);
    g_free(self->wide_b);
    g_free(self);
}

static void widen(const RushesMarkMotion *self, const float *picture, float *wide)
{
    for (int y = 0; y < self->height + 2 * BORDER; y++) {
        const float *row = picture + CLAMP(y - BORDER, 0, self->height - 1) * self->width;
        for (int x = 0; x < self->stride; x++)
            wide[y * self->stride + x] = row[CLAMP(x - BORDER, 0, self->width - 1)];
    }
}

// Linear between pixels; (y, x) at most REACH + RADIUS outside the picture.
static float at(const RushesMarkMotion *self, const float *wide, float y, float x)
{
    int top = (int)(y + BORDER), left = (int)(x + BORDER);
    float down = y + BORDER - (float)top, right = x + BORDER - (float)left;
    const float *above = wide + top * self->stride + left, *below = above + self->stride;

    return (above[0] * (1.0f - right) + above[1] * right) * (1.0f - down) +
           (below[0] * (1.0f - right) + below[1] * right) * down;
}

#define SIDE (2 * RADIUS)

// Sum of squares of what is left of the block around (y, x) of `to`, when it is taken
// away from `from` at (dy, dx) whole pixels from there. Gives up beyond `most`.
static float left_over(const RushesMarkMotion *self, const float *from, const float *to, int y,
                       int x, int dy, int dx, int step, float most)
{
    const float *target = to + (y - RADIUS + BORDER) * self->stride + x - RADIUS + BORDER;
    const float *source = target - to + from + dy * self->stride + dx;
    float sum = 0.0f;

    for (int band = 0; band < SIDE && sum <= most; band += SIDE / 2) {
        float lanes[SIDE] = {0};
        for (int row = band; row < band + SIDE / 2; row += step) {
            const float *restrict one = target + row * self->stride;
            const float *restrict other = source + row * self->stride;
            for (int i = 0; i < SIDE; i++)
                lanes[i] += (one[i] - other[i]) * (one[i] - other[i]);
        }
        for (int i = 0; i < SIDE; i++)
            sum += lanes[i];
    }
    return sum;
}

// The same, fractions of a pixel away.
static float left_over_between(const RushesMarkMotion *self, const float *from, const float *to,
                               int y, int x, float dy, float dx)
{
    int down = (int)floorf(dy), right = (int)floorf(dx);
    float fy = dy - (float)down, fx = dx - (float)right, sum = 0.0f;
    const float *target = to + (y - RADIUS + BORDER) * self->stride + x - RADIUS + BORDER;
    const float *source =
        from + (y + down - RADIUS + BORDER) * self->stride + x + right - RADIUS + BORDER;
    float a = (1.0f - fy) * (1.0f - fx), b = (1.0f - fy) * fx, c = fy * (1.0f - fx), d = fy * fx;

    float lanes[SIDE] = {0};
    for (int row = 0; row < SIDE; row++, target += self->stride, source += self->stride) {
        const float *next = source + self->stride;
        for (int i = 0; i < SIDE; i++) {
            float rest =
                target[i] - (a * source[i] + b * source[i + 1] + c * next[i] + d * next[i + 1]);
            lanes[i] += rest * rest;
        }
    }
    for (int i = 0; i < SIDE; i++)
        sum += lanes[i];
    return sum;
}

static Vector find_vector(const RushesMarkMotion *self, const float *from, const float *to, int y,
                          int x)
{
    float still = left_over(self, from, to, y, x, 0, 0, 1, G_MAXFLOAT), best = still;
    Vector vector = {0.0f, 0.0f};

    if (still < STILL * SIDE * SIDE)
        return vector;
    // Every second place first, by half of the rows; then its neighbours.
    int near_y = 0, near_x = 0;
    float coarse = left_over(self, from, to, y, x, 0, 0, 2, G_MAXFLOAT);
    for (int dy = -REACH; dy <= REACH; dy += 2) {
        for (int dx = -REACH; dx <= REACH; dx += 2) {
            float rest = left_over(self, from, to, y, x, dy, dx, 2, coarse);
            if (rest < coarse) {
                coarse = rest;
                near_y = dy;
                near_x = dx;
            }
        }
    }
    for (int dy = near_y - 1; dy <= near_y + 1; dy++) {
        for (int dx = near_x - 1; dx <= near_x + 1; dx++) {
            float rest = left_over(self, from, to, y, x, dy, dx, 1, best);
            if (rest < best) {
                best = rest;
                vector = (Vector){(float)dy, (float)dx};
            }
        }
    }
    for (float step = 0.5f; step >= 0.25f; step /= 2.0f) {
        Vector middle = vector;
        for (int i = 0; i < 9; i++) {
            float dy = middle.y + (float)(i / 3 - 1) * step;
            float dx = middle.x + (float)(i % 3 - 1) * step;
            float rest = left_over_between(self, from, to, y, x, dy, dx);
            if (rest < best) {
                best = rest;
                vector = (Vector){dy, dx};
            }
        }
    }
    return best < BETTER * still ? vector : (Vector){0.0f, 0.0f};
}

static Vector mix(Vector a, Vector b, float share)
{
    return (Vector){a.y + (b.y - a.y) * share, a.x + (b.x - a.x) * share};
}

// The field at a pixel, linear between the blocks' middles.
static Vector vector_at(const RushesMarkMotion *self, int y, int x)
{
    float row = CLAMP(((float)y + 0.5f) / SPACING - 0.5f, 0.0f, (float)(self->rows - 1));
    float column = CLAMP(((float)x + 0.5f) / SPACING - 0.5f, 0.0f, (float)(self->columns - 1));
    int r0 = (int)row, c0 = (int)column;
    int r1 = MIN(r0 + 1, self->rows - 1), c1 = MIN(c0 + 1, self->columns - 1);
    const Vector *v = self->vectors;

    return mix(mix(v[r0 * self->columns + c0], v[r0 * self->columns + c1], column - (float)c0),
               mix(v[r1 * self->columns + c0], v[r1 * self->columns + c1], column - (float)c0),
               row - (float)r0);
}

// Adds half of `sign` times what `to` has beyond `from`, moved to fit. Both with their borders.
static void add_half(RushesMarkMotion *self, const float *from, const float *to, float sign,
                     float *difference)
{
    for (int r = 0; r < self->rows; r++)
        for (int c = 0; c < self->columns; c++)
            self->vectors[r * self->columns + c] =
                find_vector(self, from, to, r * SPACING + SPACING / 2, c * SPACING + SPACING / 2);
    for (int y = 0; y < self->height; y++) {
        for (int x = 0; x < self->width; x++) {
            Vector v = vector_at(self, y, x);
            int i = y * self->width + x;
            float here = to[(y + BORDER) * self->stride + x + BORDER];
            difference[i] += 0.5f * sign * (here - at(self, from, (float)y + v.y, (float)x + v.x));
        }
    }
}

void rushes_mark_motion_subtract(RushesMarkMotion *self, const float *a, const float *b,
                                 float *difference)
{
    for (int i = 0; i < self->width * self->height; i++)
        difference[i] = 0.0f;
    widen(self, a, self->wide_a);
    widen(self, b, self->wide_b);
    add_half(self, self->wide_a, self->wide_b, 1.0f, difference);
    add_half(self, self->wide_b, self->wide_a, -1.0f, difference);
}
