// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>

#include "media/condition.h"

// One output position along one axis: weights of a run of input positions.
typedef struct Taps {
    int first, count;
    float *weights;
} Taps;

// `size` positions over the input's [start, start + length), a triangle filter that widens when shrinking.
static Taps *make_taps(int size, double start, double length, int limit)
{
    Taps *taps = g_new(Taps, size);
    double scale = length / size, reach = MAX(scale, 1.0);

    for (int i = 0; i < size; i++) {
        double centre = start + (i + 0.5) * scale - 0.5;
        int first = (int)ceil(centre - reach), last = (int)floor(centre + reach);
        double sum = 0.0;
        first = CLAMP(first, 0, limit - 1);
        last = CLAMP(last, first, limit - 1);
        taps[i] = (Taps){first, last - first + 1, g_new(float, last - first + 1)};
        for (int j = 0; j < taps[i].count; j++) {
            double weight = MAX(1.0 - fabs(first + j - centre) / reach, 0.0);
            taps[i].weights[j] = (float)weight;
            sum += weight;
        }
        for (int j = 0; j < taps[i].count; j++)
            taps[i].weights[j] = sum > 0.0 ? taps[i].weights[j] / (float)sum : 1.0f / taps[i].count;
    }
    return taps;
}

static void free_taps(Taps *taps, int size)
{
    for (int i = 0; i < size; i++)
        g_free(taps[i].weights);
    g_free(taps);
}

guint8 *rushes_picture_cover(const guint8 *rgb, int from_width, int from_height, gsize from_stride,
                             int width, int height)
{
    double shape = (double)width / height;
    double kept_width = MIN((double)from_width, from_height * shape);
    double kept_height = MIN((double)from_height, from_width / shape);
    Taps *columns = make_taps(width, (from_width - kept_width) / 2.0, kept_width, from_width);
    Taps *rows = make_taps(height, (from_height - kept_height) / 2.0, kept_height, from_height);
    float *narrow = g_new(float, (gsize)width *(gsize)from_height * 3);
    guint8 *out = g_malloc((gsize)width * (gsize)height * 3);

    for (int y = 0; y < from_height; y++) {
        const guint8 *row = rgb + (gsize)y * from_stride;
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                float sum = 0.0f;
                for (int j = 0; j < columns[x].count; j++)
                    sum += columns[x].weights[j] * row[(columns[x].first + j) * 3 + c];
                narrow[((gsize)y * (gsize)width + (gsize)x) * 3 + (gsize)c] = sum;
            }
    }
    gsize line = (gsize)width * 3;
    for (int y = 0; y < height; y++)
        for (gsize i = 0; i < line; i++) {
            float sum = 0.0f;
            for (int j = 0; j < rows[y].count; j++)
                sum += rows[y].weights[j] * narrow[(gsize)(rows[y].first + j) * line + i];
            out[(gsize)y * line + i] = (guint8)CLAMP(lrintf(sum), 0, 255);
        }
    g_free(narrow);
    free_taps(columns, width);
    free_taps(rows, height);
    return out;
}
