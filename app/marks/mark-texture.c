// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/mark-texture.h"

#include <math.h>

// Deviations in code values: below the first nothing is hidden, from the second on everything that is put in.
#define SMOOTH 2.0f
#define ROUGH  12.0f
// A square's side, as a part of the picture's shorter side: half a wave of the mark.
#define SQUARES 16

// Sums over rectangles in four look-ups: [height + 1, width + 1], of luminance and of its square.
typedef struct Sums {
    int width, height;
    guint64 *value, *square;
} Sums;

static void sums_fill(Sums *sums, const guint8 *rgb)
{
    gsize stride = (gsize)sums->width + 1;

    for (int y = 0; y < sums->height; y++) {
        guint64 value = 0, square = 0;
        gsize above = (gsize)y * stride, here = above + stride;
        for (int x = 0; x < sums->width; x++, rgb += 3) {
            guint luma = (54u * rgb[0] + 183u * rgb[1] + 19u * rgb[2]) >> 8; // BT.709
            value += luma;
            square += luma * luma;
            sums->value[here + (gsize)x + 1] = sums->value[above + (gsize)x + 1] + value;
            sums->square[here + (gsize)x + 1] = sums->square[above + (gsize)x + 1] + square;
        }
    }
}

// The deviation in the square of `side` at (x, y), cut at the picture's edges.
static float deviation(const Sums *sums, int x, int y, int side)
{
    gsize stride = (gsize)sums->width + 1;
    int left = CLAMP(x, 0, sums->width - 1), top = CLAMP(y, 0, sums->height - 1);
    int right = CLAMP(x + side, left + 1, sums->width);
    int bottom = CLAMP(y + side, top + 1, sums->height);
    gsize a = (gsize)top * stride, b = (gsize)bottom * stride;
    gsize l = (gsize)left, r = (gsize)right;
    double count = (double)(right - left) * (bottom - top);
    double mean = (double)(sums->value[b + r] - sums->value[b + l] - sums->value[a + r] +
                           sums->value[a + l]) /
                  count;
    double square = (double)(sums->square[b + r] - sums->square[b + l] - sums->square[a + r] +
                             sums->square[a + l]) /
                    count;

    return (float)sqrt(MAX(square - mean * mean, 0.0));
}

void rushes_mark_texture(const guint8 *rgb, int width, int height, float *texture)
{
    gsize cells = ((gsize)width + 1) * ((gsize)height + 1), stride = (gsize)width;
    int side = MAX(2, MIN(width, height) / SQUARES);
    Sums sums = {width, height, g_new0(guint64, cells), g_new0(guint64, cells)};
    // Deviations of the squares by their lower right corner, from (0, 0) to (width + side, height + side).
    gsize span = (gsize)(width + side);
    g_autofree float *squares = g_new(float, span *(gsize)(height + side));

    sums_fill(&sums, rgb);
    for (int y = 0; y < height + side; y++)
        for (int x = 0; x < width + side; x++)
            squares[(gsize)y * span + (gsize)x] = deviation(&sums, x - side, y - side, side);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            const float *at = squares + (gsize)y * span + (gsize)x;
            const float *below = at + (gsize)side * span;
            float least = MIN(MIN(at[0], at[side]), MIN(below[0], below[side]));
            texture[(gsize)y * stride + (gsize)x] =
                CLAMP((least - SMOOTH) / (ROUGH - SMOOTH), 0.0f, 1.0f);
        }
    g_free(sums.value);
    g_free(sums.square);
}
