// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/watermark.h"

#include <math.h>

#include "marks/mark-tiles.h"

struct RushesWatermarker {
    int width, height;
    double fps;
    gboolean has_pattern;
    RushesMarkPayload payload; // that `pattern` was made for
    float *pattern;            // [height, width], mean square 1 over the picture
};

RushesWatermarker *rushes_watermarker_new(int width, int height, double fps)
{
    RushesWatermarker *self = g_new0(RushesWatermarker, 1);

    self->width = width;
    self->height = height;
    self->fps = fps;
    self->pattern = g_new(float, (gsize)width *(gsize)height);
    return self;
}

void rushes_watermarker_free(RushesWatermarker *self)
{
    if (!self)
        return;
    g_free(self->pattern);
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
        self->pattern[i] *= factor;
    self->payload = payload;
    self->has_pattern = TRUE;
}

// The strength that spends the whole allowance: rounding to whole code values adds its own 1/12.
static float strength(void)
{
    double allowed = 255.0 * 255.0 / pow(10.0, (RUSHES_WATERMARK_PSNR + 0.05) / 10.0);

    return (float)sqrt(allowed - 1.0 / 12.0);
}

void rushes_watermarker_apply(RushesWatermarker *self, RushesMarkPayload payload, int frame,
                              guint8 *rgb)
{
    gsize count = (gsize)self->width * (gsize)self->height;
    // The middle of the picture's time, so that a rate that does not divide the period rounds evenly.
    gboolean negative = rushes_mark_is_negative((frame + 0.5) / self->fps);
    float gain = negative ? -strength() : strength();

    if (!self->has_pattern || self->payload.id != payload.id ||
        self->payload.version != payload.version)
        make_pattern(self, payload);
    // The same on all three channels: luminance changes and colour does not, but at the ends of the scale.
    for (gsize i = 0; i < count; i++) {
        int change = (int)lrintf(gain * self->pattern[i]);
        for (int c = 0; c < 3; c++)
            rgb[3 * i + (gsize)c] = (guint8)CLAMP(rgb[3 * i + (gsize)c] + change, 0, 255);
    }
}
