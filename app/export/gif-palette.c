// SPDX-License-Identifier: GPL-3.0-or-later
//
// Heckbert's boxes ("Color image quantization for frame buffer display", 1982), of which the one with the largest error
// is cut next, at its mean; then Lloyd's iteration on what came out.
#include "export/gif-palette.h"

#include <math.h>
#include <string.h>

// Pixels are counted in cells of this many bits a channel, each with the mean of what fell in it.
#define CELL_BITS 6
#define CELLS     (1 << (3 * CELL_BITS))
#define ROUNDS    6

typedef struct Cell {
    float at[3], weight;
} Cell;

typedef struct Box {
    gsize from, to; // cells
    double error;   // along `axis`
    float middle;
    int axis;
} Box;

static GArray *count_cells(const guint8 *rgb, gsize pixels)
{
    typedef struct Sum {
        guint32 count, sum[3];
    } Sum;
    g_autofree Sum *sums = g_new0(Sum, CELLS);
    GArray *cells = g_array_new(FALSE, FALSE, sizeof(Cell));

    for (gsize i = 0; i < pixels; i++, rgb += 3) {
        Sum *sum = &sums[(rgb[0] >> (8 - CELL_BITS)) << (2 * CELL_BITS) |
                         (rgb[1] >> (8 - CELL_BITS)) << CELL_BITS | rgb[2] >> (8 - CELL_BITS)];
        sum->count++;
        for (int c = 0; c < 3; c++)
            sum->sum[c] += rgb[c];
    }
    for (gsize i = 0; i < CELLS; i++) {
        if (sums[i].count == 0)
            continue;
        Cell cell = {.weight = (float)sums[i].count};
        for (int c = 0; c < 3; c++)
            cell.at[c] = (float)sums[i].sum[c] / (float)sums[i].count;
        g_array_append_val(cells, cell);
    }
    return cells;
}

static void measure(const Cell *cells, Box *box)
{
    double weight = 0.0, sum[3] = {0}, square[3] = {0};

    for (gsize i = box->from; i < box->to; i++) {
        weight += (double)cells[i].weight;
        for (int c = 0; c < 3; c++) {
            double value = (double)cells[i].at[c];
            sum[c] += (double)cells[i].weight * value;
            square[c] += (double)cells[i].weight * value * value;
        }
    }
    box->error = -1.0;
    for (int c = 0; c < 3; c++) {
        double error = square[c] - sum[c] * sum[c] / weight;
        if (error > box->error) {
            box->error = error;
            box->axis = c;
            box->middle = (float)(sum[c] / weight);
        }
    }
    if (box->to - box->from < 2)
        box->error = -1.0; // one cell is not cut
}

// Cells at or below the middle come first. Returns where the others begin, never an end of the box.
static gsize part(Cell *cells, const Box *box)
{
    gsize low = box->from, high = box->to;

    while (low < high) {
        if (cells[low].at[box->axis] <= box->middle) {
            low++;
        } else {
            Cell swapped = cells[low];
            cells[low] = cells[--high];
            cells[high] = swapped;
        }
    }
    return CLAMP(low, box->from + 1, box->to - 1);
}

static void set_colour(RushesGifPalette *self, int index, const double sum[3], double weight)
{
    for (int c = 0; c < 3; c++)
        self->colours[index][c] = (guint8)CLAMP(lrint(sum[c] / weight), 0, 255);
}

static void cut_boxes(RushesGifPalette *self, Cell *cells, gsize count)
{
    Box boxes[RUSHES_GIF_COLOURS] = {{.to = count}};

    self->count = 1;
    measure(cells, &boxes[0]);
    while (self->count < RUSHES_GIF_COLOURS) {
        int worst = 0;
        for (int i = 1; i < self->count; i++)
            if (boxes[i].error > boxes[worst].error)
                worst = i;
        if (boxes[worst].error <= 0.0)
            break;
        gsize at = part(cells, &boxes[worst]);
        boxes[self->count] = (Box){.from = at, .to = boxes[worst].to};
        boxes[worst].to = at;
        measure(cells, &boxes[worst]);
        measure(cells, &boxes[self->count++]);
    }
    for (int b = 0; b < self->count; b++) {
        double sum[3] = {0}, weight = 0.0;
        for (gsize i = boxes[b].from; i < boxes[b].to; i++) {
            weight += (double)cells[i].weight;
            for (int c = 0; c < 3; c++)
                sum[c] += (double)(cells[i].weight * cells[i].at[c]);
        }
        set_colour(self, b, sum, weight);
    }
}

// Each cell goes to its nearest colour, and each colour to the middle of its cells.
static void settle(RushesGifPalette *self, const Cell *cells, gsize count)
{
    double sums[RUSHES_GIF_COLOURS][3] = {{0}}, weights[RUSHES_GIF_COLOURS] = {0};

    for (gsize i = 0; i < count; i++) {
        int index =
            rushes_gif_palette_nearest(self, (int)lrintf(cells[i].at[0]),
                                       (int)lrintf(cells[i].at[1]), (int)lrintf(cells[i].at[2]));
        weights[index] += (double)cells[i].weight;
        for (int c = 0; c < 3; c++)
            sums[index][c] += (double)(cells[i].weight * cells[i].at[c]);
    }
    for (int b = 0; b < self->count; b++)
        if (weights[b] > 0.0)
            set_colour(self, b, sums[b], weights[b]);
}

// Whether the picture has so few colours that each can stay; fills the palette then.
static gboolean keep_all(RushesGifPalette *self, const guint8 *rgb, gsize pixels)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint last = G_MAXUINT;

    self->count = 0;
    for (gsize i = 0; i < pixels; i++, rgb += 3) {
        guint colour = (guint)rgb[0] << 16 | (guint)rgb[1] << 8 | rgb[2];
        if (colour == last || !g_hash_table_add(seen, GUINT_TO_POINTER(colour))) {
            last = colour;
            continue;
        }
        if (self->count == RUSHES_GIF_COLOURS)
            return FALSE;
        memcpy(self->colours[self->count++], rgb, 3);
        last = colour;
    }
    return TRUE;
}

void rushes_gif_palette_make(RushesGifPalette *self, const guint8 *rgb, gsize pixels)
{
    if (keep_all(self, rgb, pixels))
        return;
    g_autoptr(GArray) cells = count_cells(rgb, pixels);
    Cell *first = (Cell *)(void *)cells->data;

    cut_boxes(self, first, cells->len);
    for (int i = 0; i < ROUNDS; i++)
        settle(self, first, cells->len);
}

int rushes_gif_palette_nearest(const RushesGifPalette *self, int red, int green, int blue)
{
    int best = 0, distance = G_MAXINT;

    for (int i = 0; i < self->count; i++) {
        const guint8 *colour = self->colours[i];
        int dr = colour[0] - red, dg = colour[1] - green, db = colour[2] - blue;
        int d = dr * dr + 2 * dg * dg + db * db; // the eye sees green best
        if (d < distance) {
            distance = d;
            best = i;
        }
    }
    return best;
}
