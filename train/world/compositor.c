// SPDX-License-Identifier: GPL-3.0-or-later
// Software compositor of the toy world: runs a flat list of draw commands per frame.
//
// A command is COMMAND_FLOATS floats, the first being its kind; stage.py writes them. Coordinates
// are pixels of the frame (x right, y down), colours 0..1, angles radians. Sprites are
// premultiplied RGBA, SPRITE_SIDE pixels a side.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SPRITE_SIDE    128
#define COMMAND_FLOATS 20

enum command_kind {
    SKY = 0,    // horizon, sky top, sky bottom, ground far, ground near (rgb each)
    SPRITE = 1, // frame, x, y, width, height, rotation, flip, opacity, tint rgb
    DISC = 2,   // x, y, radius x, radius y, rgb, alpha, softness (0 hard .. 1), light from above
    BAND = 3,   // top, bottom, rgb top, rgb bottom, alpha, softness in pixels
    RAIN = 4,   // seed, time, count, wind, alpha, length
    FLAKES = 5, // seed, time, count, speed (negative: rising), alpha, radius, rgb, light
    STARS = 6,  // seed, time, count, height of the starry sky, shift
    GRADE = 7,  // gain rgb, vignette
    WAVES = 8,  // top, bottom, time, amplitude, rgb, shift
    GROUND = 9, // top, strength, shift, scale, phase
};

struct frame {
    float *rgb;
    int width, height;
};

static inline float clamp(float value, float low, float high)
{
    return value < low ? low : (value > high ? high : value);
}

static inline float smooth(float value)
{
    value = clamp(value, 0, 1);
    return value * value * (3 - 2 * value);
}

static inline uint32_t hash(uint32_t x)
{
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ x >> 16;
}

// Uniform number 0..1 that depends only on its three keys.
static inline float uniform(uint32_t seed, uint32_t index, uint32_t key)
{
    return (float)(hash(seed * 9781u + index * 6271u + key * 26699u + 17u) >> 8) *
           (1.f / 16777216.f);
}

static inline float fraction(float value)
{
    return value - floorf(value);
}

static inline float *pixel(const struct frame *f, int x, int y)
{
    return f->rgb + ((size_t)y * (size_t)f->width + (size_t)x) * 3;
}

static inline void blend(float *p, float r, float g, float b, float alpha)
{
    p[0] += (r - p[0]) * alpha;
    p[1] += (g - p[1]) * alpha;
    p[2] += (b - p[2]) * alpha;
}

// The pixels that a box of half sizes ex, ey around cx, cy can touch, cut to the frame.
static void box_of(const struct frame *f, float cx, float cy, float ex, float ey, int box[4])
{
    box[0] = (int)clamp(floorf(cx - ex), 0, (float)f->width);
    box[1] = (int)clamp(floorf(cy - ey), 0, (float)f->height);
    box[2] = (int)clamp(ceilf(cx + ex), 0, (float)f->width);
    box[3] = (int)clamp(ceilf(cy + ey), 0, (float)f->height);
}

static void draw_sky(const float *c, const struct frame *f)
{
    float horizon = c[1];
    for (int y = 0; y < f->height; y++) {
        float up = horizon > 1 ? clamp(((float)y + .5f) / horizon, 0, 1) : 0;
        float down =
            sqrtf(clamp(((float)y + .5f - horizon) / ((float)f->height - horizon + 1e-3f), 0, 1));
        float below = smooth(((float)y + .5f - horizon) / 1.6f + .5f);
        float colour[3];
        for (int k = 0; k < 3; k++) {
            float sky = c[2 + k] + (c[5 + k] - c[2 + k]) * up;
            float ground = c[8 + k] + (c[11 + k] - c[8 + k]) * down;
            colour[k] = sky + (ground - sky) * below;
        }
        for (int x = 0; x < f->width; x++)
            memcpy(pixel(f, x, y), colour, sizeof colour);
    }
}

// Adds the bilinear sample of a sprite at u, v (pixels of the sprite) to sum.
static void add_sample(const uint8_t *sprite, float u, float v, float sum[4])
{
    if (u <= -1 || v <= -1 || u >= SPRITE_SIDE || v >= SPRITE_SIDE)
        return;
    int left = (int)floorf(u), top = (int)floorf(v);
    float fu = u - (float)left, fv = v - (float)top;
    float weight[4] = {(1 - fu) * (1 - fv), fu * (1 - fv), (1 - fu) * fv, fu * fv};
    for (int corner = 0; corner < 4; corner++) {
        int px = left + (corner & 1), py = top + (corner >> 1);
        if (px < 0 || py < 0 || px >= SPRITE_SIDE || py >= SPRITE_SIDE)
            continue;
        const uint8_t *texel = sprite + ((size_t)py * SPRITE_SIDE + (size_t)px) * 4;
        for (int k = 0; k < 4; k++)
            sum[k] += weight[corner] * texel[k];
    }
}

static void draw_sprite(const float *c, const uint8_t *pixels, const struct frame *f)
{
    const uint8_t *sprite = pixels + (size_t)c[1] * SPRITE_SIDE * SPRITE_SIDE * 4;
    float cx = c[2], cy = c[3], width = c[4], height = c[5], opacity = c[8];
    int flip = c[7] > .5f;
    if (width < 1 || height < 1 || opacity <= 0)
        return;
    float cosine = cosf(c[6]), sine = sinf(c[6]);
    int box[4];
    box_of(f, cx, cy, .5f * (fabsf(cosine) * width + fabsf(sine) * height) + 1,
           .5f * (fabsf(sine) * width + fabsf(cosine) * height) + 1, box);
    // Enough sub-samples that a shrunken sprite does not alias.
    int sub = (int)clamp(ceilf(SPRITE_SIDE / (fminf(width, height) * 1.6f)), 1, 5);
    float share = 1.f / (float)(sub * sub), scale_x = SPRITE_SIDE / width,
          scale_y = SPRITE_SIDE / height;
    for (int y = box[1]; y < box[3]; y++) {
        for (int x = box[0]; x < box[2]; x++) {
            float sum[4] = {0, 0, 0, 0};
            for (int j = 0; j < sub; j++) {
                for (int i = 0; i < sub; i++) {
                    float dx = (float)x + ((float)i + .5f) / (float)sub - cx;
                    float dy = (float)y + ((float)j + .5f) / (float)sub - cy;
                    float u = (cosine * dx + sine * dy) * scale_x,
                          v = (-sine * dx + cosine * dy) * scale_y;
                    add_sample(sprite, (flip ? -u : u) + SPRITE_SIDE * .5f - .5f,
                               v + SPRITE_SIDE * .5f - .5f, sum);
                }
            }
            if (sum[3] <= 0)
                continue;
            float gain = share * opacity * (1.f / 255), keep = 1 - sum[3] * gain;
            float *p = pixel(f, x, y);
            for (int k = 0; k < 3; k++)
                p[k] = p[k] * keep + sum[k] * gain * c[9 + k];
        }
    }
}

static void draw_disc(const float *c, const struct frame *f)
{
    float cx = c[1], cy = c[2], rx = c[3], ry = c[4], alpha = c[8], softness = c[9], light = c[10];
    if (rx < .3f || ry < .3f)
        return;
    int box[4];
    box_of(f, cx, cy, rx + 2, ry + 2, box);
    float edge = 1.2f / fminf(rx, ry);
    for (int y = box[1]; y < box[3]; y++) {
        for (int x = box[0]; x < box[2]; x++) {
            float dx = ((float)x + .5f - cx) / rx, dy = ((float)y + .5f - cy) / ry;
            float distance = sqrtf(dx * dx + dy * dy);
            float cover = softness > 0 ? smooth((1 - distance) / softness)
                                       : clamp((1 - distance) / edge + .5f, 0, 1);
            if (cover <= 0)
                continue;
            float shade = 1 - light * dy * .5f;
            blend(pixel(f, x, y), c[5] * shade, c[6] * shade, c[7] * shade, cover * alpha);
        }
    }
}

static void draw_band(const float *c, const struct frame *f)
{
    float top = c[1], bottom = c[2], alpha = c[9], soft = fmaxf(c[10], .5f);
    for (int y = 0; y < f->height; y++) {
        float row = (float)y + .5f;
        float cover = clamp((row - top) / soft + .5f, 0, 1) *
                      clamp((bottom - row) / soft + .5f, 0, 1) * alpha;
        if (cover <= 0)
            continue;
        float t = clamp((row - top) / (bottom - top + 1e-3f), 0, 1);
        for (int x = 0; x < f->width; x++)
            blend(pixel(f, x, y), c[3] + (c[6] - c[3]) * t, c[4] + (c[7] - c[4]) * t,
                  c[5] + (c[8] - c[5]) * t, cover);
    }
}

static void draw_rain(const float *c, const struct frame *f)
{
    uint32_t seed = (uint32_t)c[1];
    float time = c[2], wind = c[4], alpha = c[5], length = c[6];
    int count = (int)c[3];
    for (int i = 0; i < count; i++) {
        uint32_t drop = (uint32_t)i;
        float near = .55f + .45f * uniform(seed, drop, 2);
        float phase = uniform(seed, drop, 1) + time * (1.3f + .5f * uniform(seed, drop, 3)) * near;
        uint32_t lap = (uint32_t)floorf(phase);
        float x = fraction(uniform(seed, drop, 4) + uniform(seed, lap, 5 + drop));
        float y = (fraction(phase) * 1.25f - .15f) * (float)f->height,
              pixels = length * near * (float)f->height;
        x = (x * 1.3f - .15f) * (float)f->width + wind * y;
        for (float k = 0; k < pixels; k += .5f) {
            int px = (int)(x + wind * k), py = (int)(y + k);
            if (px < 0 || py < 0 || px >= f->width || py >= f->height)
                continue;
            blend(pixel(f, px, py), .86f, .92f, 1.f, alpha * near * (k / pixels) * .7f);
        }
    }
}

// Snow, bubbles and dust.
static void draw_flakes(const float *c, const struct frame *f)
{
    uint32_t seed = (uint32_t)c[1];
    float time = c[2], speed = c[4], alpha = c[5], radius = c[6];
    int count = (int)c[3];
    for (int i = 0; i < count; i++) {
        uint32_t flake = (uint32_t)i;
        float near = .4f + .6f * uniform(seed, flake, 2);
        float fall = fraction(uniform(seed, flake, 1) + time * speed * near);
        float drift = fraction(uniform(seed, flake, 4) +
                               .03f * sinf(time * 2 + 6.28f * uniform(seed, flake, 6)));
        float size = radius * near * (float)f->height;
        float disc[COMMAND_FLOATS] = {DISC,
                                      drift * (float)(f->width + 12) - 6,
                                      fall * (float)(f->height + 12) - 6,
                                      size,
                                      size,
                                      c[7],
                                      c[8],
                                      c[9],
                                      alpha * (.5f + .5f * near),
                                      .7f,
                                      c[10]};
        draw_disc(disc, f);
    }
}

static void draw_stars(const float *c, const struct frame *f)
{
    uint32_t seed = (uint32_t)c[1];
    float time = c[2];
    int count = (int)c[3];
    for (int i = 0; i < count; i++) {
        uint32_t star = (uint32_t)i;
        float x = fraction(uniform(seed, star, 1) + c[5]) * (float)f->width,
              y = uniform(seed, star, 2) * c[4];
        float twinkle = .75f + .25f * sinf(time * 3 + 6.28f * uniform(seed, star, 4));
        float bright = (.45f + .55f * uniform(seed, star, 3)) * twinkle;
        float radius = (.7f + 1.1f * uniform(seed, star, 5) * uniform(seed, star, 6)) * 1.6f;
        float disc[COMMAND_FLOATS] = {DISC, x, y, radius, radius, 1, 1, .93f, bright, .9f, 0};
        draw_disc(disc, f);
    }
}

static void draw_grade(const float *c, const struct frame *f)
{
    for (int y = 0; y < f->height; y++) {
        for (int x = 0; x < f->width; x++) {
            float dx = ((float)x + .5f) / (float)f->width - .5f,
                  dy = ((float)y + .5f) / (float)f->height - .5f;
            float vignette = 1 - c[4] * (dx * dx + dy * dy) * 2, *p = pixel(f, x, y);
            for (int k = 0; k < 3; k++)
                p[k] *= c[1 + k] * vignette;
        }
    }
}

static void draw_waves(const float *c, const struct frame *f)
{
    float top = c[1], bottom = c[2], t = c[3], amplitude = c[4], shift = c[8];
    for (int y = (int)top < 0 ? 0 : (int)top; y < f->height && (float)y < bottom; y++) {
        float depth = ((float)y - top + 1) / (bottom - top + 1), squeeze = .30f / (.18f + depth);
        float row = 9.f * sqrtf(depth);
        for (int x = 0; x < f->width; x++) {
            float u = ((float)x - (float)f->width * .5f - shift * depth) * squeeze * .16f;
            float crest = sinf(u + row * 3.1f + t * 1.7f) + sinf(u * 1.7f - row * 5.3f - t * 1.3f) +
                          sinf(row * 8 + t * 2.1f + .7f * sinf(u * .8f));
            blend(pixel(f, x, y), c[5], c[6], c[7], smooth((crest - .9f) * .7f) * amplitude);
        }
    }
}

// Soft mottled ground in rough perspective.
static void draw_ground(const float *c, const struct frame *f)
{
    float top = c[1], strength = c[2], shift = c[3], scale = c[4], phase = c[5];
    for (int y = (int)top < 0 ? 0 : (int)top; y < f->height; y++) {
        float depth = ((float)y - top + 1) / ((float)f->height - top + 1),
              near = .25f + .75f * depth;
        float row = 6.f * sqrtf(depth), gain = strength * smooth(depth * 6);
        for (int x = 0; x < f->width; x++) {
            float u =
                (((float)x - (float)f->width * .5f) - shift * near) * (1.f / near) * .035f * scale;
            float mottle =
                sinf(u * 1.3f + phase + row * 1.9f) * sinf(row * 3.7f + phase * 2 - u * .6f) +
                .6f * sinf(u * 3.1f - row * 2.3f + phase * 3);
            float *p = pixel(f, x, y);
            for (int k = 0; k < 3; k++)
                p[k] *= 1 + gain * mottle;
        }
    }
}

static void draw(const float *c, const uint8_t *sprites, const struct frame *f)
{
    switch ((enum command_kind)(int)c[0]) {
    case SKY:
        draw_sky(c, f);
        break;
    case SPRITE:
        draw_sprite(c, sprites, f);
        break;
    case DISC:
        draw_disc(c, f);
        break;
    case BAND:
        draw_band(c, f);
        break;
    case RAIN:
        draw_rain(c, f);
        break;
    case FLAKES:
        draw_flakes(c, f);
        break;
    case STARS:
        draw_stars(c, f);
        break;
    case GRADE:
        draw_grade(c, f);
        break;
    case WAVES:
        draw_waves(c, f);
        break;
    case GROUND:
        draw_ground(c, f);
        break;
    }
}

// Draws frames into out, uint8 [frames, height, width, 3]. commands: all commands of all frames in
// order, counts[frame] of them each. Returns 0, or -1 when memory is short.
int compose(const uint8_t *sprites, const float *commands, const int32_t *counts, int frames,
            int width, int height, uint8_t *out)
{
    size_t samples = (size_t)width * (size_t)height * 3;
    struct frame frame = {malloc(samples * sizeof(float)), width, height};
    if (!frame.rgb)
        return -1;
    for (int index = 0; index < frames; index++, out += samples) {
        memset(frame.rgb, 0, samples * sizeof(float));
        for (int i = 0; i < counts[index]; i++, commands += COMMAND_FLOATS)
            draw(commands, sprites, &frame);
        for (size_t i = 0; i < samples; i++)
            out[i] = (uint8_t)(clamp(frame.rgb[i], 0, 1) * 255.f + .5f);
    }
    free(frame.rgb);
    return 0;
}
