// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bookkeeping of time: pictures are summed by slots, and every four seconds of slots are searched, by two seconds
// further each time, since each shot of a film carries a mark of its own.
#include "marks/watermark-detect.h"

#include <math.h>
#include <string.h>

#include "marks/mark-search.h"
#include "marks/mark-tiles.h"

#define SLOT_SECONDS (RUSHES_MARK_PERIOD / RUSHES_MARK_PHASES)
#define STRETCH      48 // slots searched together
#define ADVANCE      24
#define KEPT_SIDE    160 // larger pictures are averaged down to about this: the mark has nothing finer
#define MOST_SIDE    16384
#define MOST_NARROW  4 // times as long as wide

// What one key has found.
typedef struct Finds {
    GArray *marks; // RushesFoundMark, odds as if the stretch had been the only one
    double best;
} Finds;

struct RushesMarkDetector {
    int factor;        // pixels averaged into one, along each side
    int width, height; // after that
    double fps;
    int frames_added;
    guint keys, stretches;
    Finds *finds; // [keys]

    guint first, count, searched; // slots kept, and up to which one they have been searched
    float *sums[STRETCH];
    int frames[STRETCH];
};

RushesMarkDetector *rushes_mark_detector_new(int width, int height, double fps, guint keys)
{
    int side = MIN(width, height);

    if (side < RUSHES_MARK_SIDE / 2 || !(fps >= 1.0) || MAX(width, height) > MOST_SIDE ||
        MAX(width, height) > MOST_NARROW * side)
        return NULL;
    RushesMarkDetector *self = g_new0(RushesMarkDetector, 1);
    self->factor = MAX(1, side / KEPT_SIDE);
    self->width = width / self->factor;
    self->height = height / self->factor;
    self->fps = fps;
    self->keys = keys;
    self->finds = g_new0(Finds, keys);
    for (guint k = 0; k < keys; k++)
        self->finds[k].marks = g_array_new(FALSE, FALSE, sizeof(RushesFoundMark));
    for (guint i = 0; i < STRETCH; i++)
        self->sums[i] = g_new0(float, (gsize)self->width *(gsize)self->height);
    return self;
}

void rushes_mark_detector_free(RushesMarkDetector *self)
{
    if (!self)
        return;
    for (guint k = 0; k < self->keys; k++)
        g_array_unref(self->finds[k].marks);
    for (guint i = 0; i < STRETCH; i++)
        g_free(self->sums[i]);
    g_free(self->finds);
    g_free(self);
}

// The score of unmarked stretches follows a Gumbel law; place and width bound the upper end of thousands of them.
#define NULL_PLACE 16.65
#define NULL_WIDTH 0.40

double rushes_watermark_score_odds(double score)
{
    // 1 - exp(-exp(-z)), without losing small values.
    double probability = -expm1(-exp(-(score - NULL_PLACE) / NULL_WIDTH));

    return 1.0 / MAX(probability, 1e-300);
}

static void keep(GArray *marks, const RushesFoundMark *mark)
{
    for (guint i = 0; i < marks->len; i++) {
        RushesFoundMark *known = &g_array_index(marks, RushesFoundMark, i);
        if (known->payload.id != mark->payload.id ||
            known->payload.version != mark->payload.version)
            continue;
        known->end = mark->end;
        known->score = MAX(known->score, mark->score);
        known->odds = MAX(known->odds, mark->odds);
        return;
    }
    g_array_append_vals(marks, mark, 1);
}

// Searches all the slots that are kept.
static void search(RushesMarkDetector *self)
{
    RushesMarkStretch stretch = {
        .width = self->width,
        .height = self->height,
        .first = self->first,
        .count = self->count,
        .sums = self->sums,
        .frames = self->frames,
    };
    g_autoptr(RushesMarkSearch) place = rushes_mark_search_new(&stretch);

    for (guint k = 0; k < self->keys; k++) {
        RushesFoundMark mark = {
            .start = self->first * SLOT_SECONDS,
            .end = MIN((self->first + self->count) * SLOT_SECONDS, self->frames_added / self->fps),
        };
        mark.score = rushes_mark_search_read(place, k, &mark.payload);
        mark.odds = rushes_watermark_score_odds(mark.score);
        self->finds[k].best = MAX(self->finds[k].best, mark.score);
        if (mark.odds >= RUSHES_WATERMARK_ODDS)
            keep(self->finds[k].marks, &mark);
    }
    self->stretches++;
    self->searched = self->first + self->count;
}

// Makes room for this slot, dropping what has been searched twice.
static void advance(RushesMarkDetector *self, guint slot)
{
    gsize pixels = (gsize)self->width * (gsize)self->height;

    while (slot >= self->first + STRETCH) {
        search(self);
        for (guint i = 0; i < STRETCH; i++) {
            guint from = i + ADVANCE;
            if (from < STRETCH) {
                float *spare = self->sums[i];
                self->sums[i] = self->sums[from];
                self->sums[from] = spare;
            }
            self->frames[i] = from < STRETCH ? self->frames[from] : 0;
            if (from >= STRETCH)
                memset(self->sums[i], 0, sizeof(float) * pixels);
        }
        self->first += ADVANCE;
        self->count = STRETCH - ADVANCE;
    }
    self->count = MAX(self->count, slot + 1 - self->first);
}

static float average(const guint8 *luma, gsize stride, int factor, int x, int y)
{
    guint sum = 0;

    for (int dy = 0; dy < factor; dy++) {
        const guint8 *row = luma + (gsize)(y * factor + dy) * stride + (gsize)(x * factor);
        for (int dx = 0; dx < factor; dx++)
            sum += row[dx];
    }
    return (float)sum / (float)(factor * factor);
}

void rushes_mark_detector_add(RushesMarkDetector *self, const guint8 *luma, gsize stride)
{
    double seconds = (self->frames_added + 0.5) / self->fps;
    guint slot = (guint)floor(seconds / SLOT_SECONDS + 1e-6);

    advance(self, slot);
    float *sum = self->sums[slot - self->first];
    for (int y = 0; y < self->height; y++)
        for (int x = 0; x < self->width; x++)
            sum[(gsize)y * (gsize)self->width + (gsize)x] +=
                average(luma, stride, self->factor, x, y);
    self->frames[slot - self->first]++;
    self->frames_added++;
}

static int by_score(gconstpointer a, gconstpointer b)
{
    double difference = ((const RushesFoundMark *)b)->score - ((const RushesFoundMark *)a)->score;

    return (difference > 0.0) - (difference < 0.0);
}

GArray *rushes_mark_detector_find(RushesMarkDetector *self, guint key, double *best)
{
    GArray *found = g_array_new(FALSE, FALSE, sizeof(RushesFoundMark));
    const Finds *finds = &self->finds[key];

    if (self->first + self->count > self->searched)
        search(self);
    for (guint i = 0; i < finds->marks->len; i++) {
        RushesFoundMark mark = g_array_index(finds->marks, RushesFoundMark, i);
        mark.odds /= self->stretches; // each stretch was a chance to be wrong
        if (mark.odds >= RUSHES_WATERMARK_ODDS)
            g_array_append_val(found, mark);
    }
    g_array_sort(found, by_score);
    if (best)
        *best = finds->best;
    return found;
}
