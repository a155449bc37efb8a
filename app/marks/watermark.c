// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/watermark.h"

#include <math.h>

#include "marks/mark-texture.h"
#include "marks/mark-tiles.h"

// Code values that the mark changes at most, where nothing hides it and where texture does.
#define FLAT 3.4
#define BUSY 8.0
#define KNEE 1.25 // standard deviations of the pattern: how early the limiter sets in

struct RushesWatermarker {
    int width, height;
    double fps;
    gboolean has_pattern;
    RushesMarkPayload payload; // that `pattern` was made for
    float *pattern;            // [height, width], -1 to 1
    float *texture;            // [height, width], of the present picture
};

RushesWatermarker *rushes_watermarker_new(int width, int height, double fps)
{
    RushesWatermarker *self = g_new0(RushesWatermarker, 1);

    self->width = width;
    self->height = height;
    self->fps = fps;
    self->pattern = g_new(float, (gsize)width *(gsize)height);
    self->texture = g_new(float, (gsize)width *(gsize)height);
    return self;
}

void rushes_watermarker_free(RushesWatermarker *self)
{
    if (!self)
        return;
    g_free(self->pattern);
    g_free(self->texture);
    g_free(self);
}

// The sync tile and one shifted, signed tile a symbol, all equally strong.
static void add_tiles(RushesMarkPayload payload, float *sum)
{
    const RushesMarkTiles *tiles = rushes_mark_tiles_get(0);
    guint symbols[RUSHES_MARK_SYMBOLS];

    rushes_mark_payload_encode(payload, symbols);
    for (guint t = 0; t < RUSHES_MARK_TILES; t++) {
        const float *pixels = rushes_mark_tiles_pixels(tiles, t);
        guint symbol = t == 0 ? 0 : symbols[t - 1];
        guint rows = RUSHES_MARK_TILE / RUSHES_MARK_STEP;
        guint dy = symbol / rows % rows * RUSHES_MARK_STEP;
        guint dx = symbol % rows * RUSHES_MARK_STEP;
        float sign = symbol >= rows * rows ? -1.0f : 1.0f;
        for (guint y = 0; y < RUSHES_MARK_TILE; y++)
            for (guint x = 0; x < RUSHES_MARK_TILE; x++)
                sum[((y + dy) % RUSHES_MARK_TILE) * RUSHES_MARK_TILE +
                    (x + dx) % RUSHES_MARK_TILE] += sign * pixels[y * RUSHES_MARK_TILE + x];
    }
}

// The limiter. A pattern whose peaks are cut says nearly as much to the detector, and no place shows more of it than
// another.
static float limit(float value)
{
    return tanhf(value / (float)KNEE);
}

static void make_pattern(RushesWatermarker *self, RushesMarkPayload payload)
{
    g_autofree float *tile = g_new0(float, RUSHES_MARK_TILE *RUSHES_MARK_TILE);
    gsize count = (gsize)self->width * (gsize)self->height;
    double power = 0.0;

    add_tiles(payload, tile);
    rushes_mark_resample(tile, RUSHES_MARK_TILE, RUSHES_MARK_TILE, self->pattern, self->width,
                         self->height, (double)RUSHES_MARK_SIDE / MIN(self->width, self->height),
                         TRUE);
    for (gsize i = 0; i < count; i++)
        power += (double)self->pattern[i] * (double)self->pattern[i];
    float factor = (float)(1.0 / sqrt(power / (double)count + 1e-30));
    for (gsize i = 0; i < count; i++)
        self->pattern[i] = limit(factor * self->pattern[i]);
    self->payload = payload;
    self->has_pattern = TRUE;
}

// What a picture may lose, as a mean square of code values.
static double allowance(void)
{
    return 255.0 * 255.0 / pow(10.0, (RUSHES_WATERMARK_PSNR + 0.05) / 10.0);
}

// How much of the full strength texture takes, so that the picture stays within its allowance: rounding to whole code
// values adds about 1/12 of its own. The mean square is a quadratic in it.
static float find_texture_share(const RushesWatermarker *self)
{
    double allowed = allowance() - 1.0 / 12.0;
    gsize count = (gsize)self->width * (gsize)self->height;
    double flat = 0.0, mixed = 0.0, busy = 0.0;

    for (gsize i = 0; i < count; i++) {
        double square = (double)self->pattern[i] * (double)self->pattern[i];
        double more = (BUSY - FLAT) * (double)self->texture[i];
        flat += square * FLAT * FLAT;
        mixed += square * FLAT * more;
        busy += square * more * more;
    }
    flat /= (double)count;
    mixed /= (double)count;
    busy /= (double)count;
    if (busy < 1e-9 || flat >= allowed)
        return 0.0f;
    double share = (sqrt(mixed * mixed + busy * (allowed - flat)) - mixed) / busy;
    return (float)CLAMP(share, 0.0, 1.0);
}

static int change_at(const RushesWatermarker *self, gsize i, float flat, float more)
{
    return (int)lrintf((flat + more * self->texture[i]) * self->pattern[i]);
}

// The strengths in flat and on top of it in busy places. What rounding really adds is known only by doing it.
static void find_strengths(const RushesWatermarker *self, float *flat, float *more)
{
    gsize count = (gsize)self->width * (gsize)self->height;

    *flat = (float)FLAT;
    *more = (float)(BUSY - FLAT) * find_texture_share(self);
    for (int attempt = 0; attempt < 8; attempt++) {
        guint64 sum = 0;
        for (gsize i = 0; i < count; i++) {
            int change = change_at(self, i, *flat, *more);
            sum += (guint64)(change * change);
        }
        double excess = (double)sum / (double)count / allowance();
        if (excess <= 1.0)
            break;
        float less = (float)(0.999 / sqrt(excess));
        *flat *= less;
        *more *= less;
    }
}

void rushes_watermarker_apply(RushesWatermarker *self, RushesMarkPayload payload, int frame,
                              guint8 *rgb)
{
    gsize count = (gsize)self->width * (gsize)self->height;
    // The middle of the picture's time, so that a rate that does not divide the period rounds evenly.
    int sign = rushes_mark_is_negative((frame + 0.5) / self->fps) ? -1 : 1;
    float flat, more;

    if (!self->has_pattern || self->payload.id != payload.id ||
        self->payload.version != payload.version)
        make_pattern(self, payload);
    rushes_mark_texture(rgb, self->width, self->height, self->texture);
    find_strengths(self, &flat, &more);
    // The same on all three channels: luminance changes and colour does not, but at the ends of the scale.
    for (gsize i = 0; i < count; i++) {
        int change = sign * change_at(self, i, flat, more);
        for (int c = 0; c < 3; c++)
            rgb[3 * i + (gsize)c] = (guint8)CLAMP(rgb[3 * i + (gsize)c] + change, 0, 255);
    }
}
