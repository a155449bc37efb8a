// SPDX-License-Identifier: GPL-3.0-or-later
//
// For every phase in time and every scale, the evidence is laid onto the tile, brought to the same power at all
// frequencies and correlated with the sync tile at every shift. The best places are then read: each symbol's
// likeliest values, put together so that the check bits fit. The score is the sum of the five agreements, so a place
// that the sync tile alone would lose is still found by what it says.
#include "marks/mark-search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "marks/mark-tiles.h"

#define TILE    RUSHES_MARK_TILE
#define SCALES  15   // the picture's shorter side may have been cut down to 86 % of what it was,
#define SMALL   0.86 // which makes the rest look larger by as much
#define REACH_Y 20   // canonical pixels that may have been cut from the top,
#define REACH_X 32   // and from the left
#define PEAKS   6    // places looked at a phase and scale
#define READ    40   // places read in all
#define LIKELY  8    // values kept a symbol
#define RINGS   5    // rings of frequencies brought to the same power

typedef struct Spectrum {
    fftwf_complex *bins;
    float *symbols[RUSHES_MARK_SYMBOLS]; // correlations, made when first needed
} Spectrum;

typedef struct Place {
    float value; // agreement of the sync tile
    float sign;
    int dy, dx;
    Spectrum *spectrum;
} Place;

typedef struct Likely {
    float value;
    guint symbol;
} Likely;

// Which ring a frequency is in; -1 outside the band.
static int ring_of(int y, int x)
{
    int fy = y < TILE / 2 ? y : y - TILE;
    double radius = sqrt((double)(fy * fy + x * x)) / TILE;

    if (radius < RUSHES_MARK_LOW || radius > RUSHES_MARK_HIGH)
        return -1;
    return MIN(RINGS - 1,
               (int)((radius - RUSHES_MARK_LOW) / (RUSHES_MARK_HIGH - RUSHES_MARK_LOW) * RINGS));
}

static void even_rings(fftwf_complex *bins)
{
    double power[RINGS] = {0};
    int count[RINGS] = {0};
    const int half = TILE / 2 + 1;

    for (int i = 0; i < RUSHES_MARK_BINS; i++) {
        int ring = ring_of(i / half, i % half);
        if (ring < 0)
            continue;
        power[ring] += (double)(bins[i][0] * bins[i][0] + bins[i][1] * bins[i][1]);
        count[ring]++;
    }
    for (int i = 0; i < RUSHES_MARK_BINS; i++) {
        int ring = ring_of(i / half, i % half);
        float gain = ring < 0 ? 0.0f : (float)(1.0 / sqrt(power[ring] / count[ring] + 1e-20));
        bins[i][0] *= gain;
        bins[i][1] *= gain;
    }
}

// The evidence of one phase at one scale, laid onto the tile and transformed.
static fftwf_complex *transform(const float *evidence, int width, int height, double scale)
{
    int small_width = (int)lrint(width * scale), small_height = (int)lrint(height * scale);
    g_autofree float *pixels = g_new(float, (gsize)small_width *(gsize)small_height);
    fftwf_complex *bins = fftwf_alloc_complex(RUSHES_MARK_BINS);
    float *tile = fftwf_alloc_real(TILE * TILE);

    rushes_mark_resample(evidence, width, height, pixels, small_width, small_height, 1.0 / scale,
                         FALSE);
    memset(tile, 0, sizeof(float) * TILE * TILE);
    for (int y = 0; y < small_height; y++)
        for (int x = 0; x < small_width; x++)
            tile[(y % TILE) * TILE + x % TILE] += pixels[y * small_width + x];
    rushes_mark_forward(tile, bins);
    fftwf_free(tile);
    even_rings(bins);
    return bins;
}

// The highest peaks of the sync tile's correlation, within reach, none beside another.
static void find_places(const float *correlation, Spectrum *spectrum, GArray *places)
{
    Place found[PEAKS];
    int count = 0;

    for (int n = 0; n < PEAKS; n++) {
        Place best = {.value = 0.0f, .spectrum = spectrum};
        for (int dy = -REACH_Y; dy <= REACH_Y; dy++) {
            for (int dx = -REACH_X; dx <= REACH_X; dx++) {
                float c = correlation[((dy + TILE) % TILE) * TILE + (dx + TILE) % TILE];
                if (fabsf(c) <= best.value)
                    continue;
                gboolean is_beside = FALSE;
                for (int k = 0; k < count; k++)
                    is_beside |= abs(found[k].dy - dy) <= 2 && abs(found[k].dx - dx) <= 2;
                if (is_beside)
                    continue;
                best.value = fabsf(c);
                best.sign = c < 0.0f ? -1.0f : 1.0f;
                best.dy = dy;
                best.dx = dx;
            }
        }
        if (best.value <= 0.0f)
            break;
        found[count++] = best;
    }
    g_array_append_vals(places, found, (guint)count);
}

static int by_value(gconstpointer a, gconstpointer b)
{
    float difference = ((const Place *)b)->value - ((const Place *)a)->value;

    return (difference > 0.0f) - (difference < 0.0f);
}

// The likeliest values of one symbol at this place, best first.
static void list_likely(const Place *place, const float *correlation, Likely likely[LIKELY])
{
    const int rows = TILE / RUSHES_MARK_STEP;

    for (int i = 0; i < LIKELY; i++)
        likely[i] = (Likely){.value = -G_MAXFLOAT};
    for (int i = 0; i < 2 * rows * rows; i++) {
        int shift = i % (rows * rows);
        int y = (shift / rows * RUSHES_MARK_STEP + place->dy + TILE) % TILE;
        int x = (shift % rows * RUSHES_MARK_STEP + place->dx + TILE) % TILE;
        float value = correlation[y * TILE + x] * place->sign * (i < rows * rows ? 1.0f : -1.0f);
        if (value <= likely[LIKELY - 1].value)
            continue;
        int at = LIKELY - 1;
        for (; at > 0 && likely[at - 1].value < value; at--)
            likely[at] = likely[at - 1];
        likely[at] = (Likely){.value = value, .symbol = (guint)i};
    }
}

// The best word of these symbols whose check bits fit, if it beats `best`.
static void read_word(float sync, Likely likely[RUSHES_MARK_SYMBOLS][LIKELY], double *best,
                      RushesMarkPayload *payload)
{
    for (guint n = 0; n < LIKELY * LIKELY * LIKELY * LIKELY; n++) {
        const Likely *chosen[RUSHES_MARK_SYMBOLS] = {
            &likely[0][n / (LIKELY * LIKELY * LIKELY)],
            &likely[1][n / (LIKELY * LIKELY) % LIKELY],
            &likely[2][n / LIKELY % LIKELY],
            &likely[3][n % LIKELY],
        };
        guint symbols[RUSHES_MARK_SYMBOLS];
        double score = (double)sync;
        for (int s = 0; s < RUSHES_MARK_SYMBOLS; s++) {
            score += (double)chosen[s]->value;
            symbols[s] = chosen[s]->symbol;
        }
        RushesMarkPayload read;
        if (score > *best && rushes_mark_payload_decode(symbols, &read) &&
            read.version == RUSHES_MARK_VERSION) {
            *best = score;
            *payload = read;
        }
    }
}

static void read_place(const RushesMarkTiles *tiles, const Place *place, fftwf_complex *work,
                       double *best, RushesMarkPayload *payload)
{
    Likely likely[RUSHES_MARK_SYMBOLS][LIKELY];
    double most = (double)place->value;

    for (int s = 0; s < RUSHES_MARK_SYMBOLS; s++) {
        float **correlation = &place->spectrum->symbols[s];
        if (!*correlation) {
            *correlation = fftwf_alloc_real(TILE * TILE);
            rushes_mark_tiles_correlate(tiles, (guint)s + 1, place->spectrum->bins, work,
                                        *correlation);
        }
        list_likely(place, *correlation, likely[s]);
        most += (double)likely[s][0].value;
    }
    if (most > *best)
        read_word(place->value, likely, best, payload);
}

static void spectrum_free(gpointer data)
{
    Spectrum *spectrum = data;

    fftwf_free(spectrum->bins);
    for (int s = 0; s < RUSHES_MARK_SYMBOLS; s++)
        fftwf_free(spectrum->symbols[s]);
    g_free(spectrum);
}

struct RushesMarkSearch {
    GPtrArray *spectra; // Spectrum, one a phase and scale
};

RushesMarkSearch *rushes_mark_search_new(const RushesMarkStretch *stretch)
{
    RushesMarkSearch *self = g_new0(RushesMarkSearch, 1);
    g_autoptr(RushesMarkEvidence) evidence = rushes_mark_evidence_new(stretch);

    self->spectra = g_ptr_array_new_with_free_func(spectrum_free);
    for (guint phase = 0; phase < RUSHES_MARK_PHASES; phase++) {
        int width, height;
        const float *pixels = rushes_mark_evidence_at(evidence, phase, &width, &height);
        for (int i = 0; pixels && i < SCALES; i++) {
            Spectrum *spectrum = g_new0(Spectrum, 1);
            spectrum->bins = transform(pixels, width, height, SMALL + 0.01 * i);
            g_ptr_array_add(self->spectra, spectrum);
        }
    }
    return self;
}

void rushes_mark_search_free(RushesMarkSearch *self)
{
    if (!self)
        return;
    g_ptr_array_unref(self->spectra);
    g_free(self);
}

double rushes_mark_search_read(RushesMarkSearch *self, guint key, RushesMarkPayload *payload)
{
    const RushesMarkTiles *tiles = rushes_mark_tiles_get(key);
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(Place));
    fftwf_complex *work = fftwf_alloc_complex(RUSHES_MARK_BINS);
    float *correlation = fftwf_alloc_real(TILE * TILE);
    double best = 0.0;

    for (guint i = 0; i < self->spectra->len; i++) {
        Spectrum *spectrum = g_ptr_array_index(self->spectra, i);
        for (int s = 0; s < RUSHES_MARK_SYMBOLS; s++) // of another key
            g_clear_pointer(&spectrum->symbols[s], fftwf_free);
        rushes_mark_tiles_correlate(tiles, 0, spectrum->bins, work, correlation);
        find_places(correlation, spectrum, places);
    }
    g_array_sort(places, by_value);
    for (guint i = 0; i < MIN(places->len, READ); i++)
        read_place(tiles, &g_array_index(places, Place, i), work, &best, payload);
    fftwf_free(correlation);
    fftwf_free(work);
    return best;
}
