// SPDX-License-Identifier: GPL-3.0-or-later
#include "marks/visible-mark.h"

#include <math.h>
#include <string.h>

#define ROWS     7
#define COLUMNS  5
#define MARGIN   2     // dots of plate around the letters
#define SHARE    0.045 // height of the letters, of the picture's shorter side
#define MOST     0.8   // of the picture's width that the plate may take
#define PERIOD_X 7.0   // seconds to wander across and back
#define PERIOD_Y 11.0

static const char text[] = "MADE WITH AI";

// Five columns of seven dots a letter, the top row first, the left column in the highest bit.
static const struct {
    char letter;
    guint8 rows[ROWS];
} letters[] = {
    {'A', {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'D', {0x1e, 0x11, 0x11, 0x11, 0x11, 0x11, 0x1e}},
    {'E', {0x1f, 0x10, 0x10, 0x1e, 0x10, 0x10, 0x1f}},
    {'H', {0x11, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11}},
    {'I', {0x0e, 0x04, 0x04, 0x04, 0x04, 0x04, 0x0e}},
    {'M', {0x11, 0x1b, 0x15, 0x15, 0x11, 0x11, 0x11}},
    {'T', {0x1f, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04}},
    {'W', {0x11, 0x11, 0x11, 0x15, 0x15, 0x1b, 0x11}},
};

RushesVisibleMark rushes_visible_mark_place(int width, int height, double seconds)
{
    const int across = (int)strlen(text) * (COLUMNS + 1) - 1 + 2 * MARGIN;
    RushesVisibleMark mark = {.dot = MAX(1, (int)lround(SHARE * MIN(width, height) / ROWS))};

    mark.dot = MIN(mark.dot, (int)(MOST * width / across));
    mark.width = across * mark.dot;
    mark.height = (ROWS + 2 * MARGIN) * mark.dot;
    if (mark.height > height)
        mark.dot = 0;
    // Two periods that share no small multiple: the path covers the picture, its middle included.
    double x = 0.5 + 0.5 * sin(2.0 * G_PI * seconds / PERIOD_X);
    double y = 0.5 + 0.5 * cos(2.0 * G_PI * seconds / PERIOD_Y);
    mark.x = (int)lround((width - mark.width) * x);
    mark.y = (int)lround((height - mark.height) * y);
    return mark;
}

static gboolean is_lit(int column, int row)
{
    int place = column / (COLUMNS + 1), inside = column % (COLUMNS + 1);

    if (column < 0 || row < 0 || row >= ROWS || inside == COLUMNS || place >= (int)strlen(text))
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(letters); i++)
        if (letters[i].letter == text[place])
            return (letters[i].rows[row] >> (COLUMNS - 1 - inside)) & 1;
    return FALSE;
}

void rushes_visible_mark_draw(guint8 *rgb, int width, int height, double seconds)
{
    RushesVisibleMark mark = rushes_visible_mark_place(width, height, seconds);

    for (int y = 0; mark.dot > 0 && y < mark.height; y++) {
        for (int x = 0; x < mark.width; x++) {
            guint8 *pixel = rgb + 3 * ((gsize)(mark.y + y) * (gsize)width + (gsize)(mark.x + x));
            gboolean lit = is_lit(x / mark.dot - MARGIN, y / mark.dot - MARGIN);
            // The plate keeps a quarter of what is below it: on white it is still dark enough for white letters.
            for (int c = 0; c < 3; c++)
                pixel[c] = lit ? 240 : (guint8)(pixel[c] / 4);
        }
    }
}
