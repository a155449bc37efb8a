// SPDX-License-Identifier: GPL-3.0-or-later
// Unicode normalisation form C (Unicode Standard Annex 15): characters taken apart, marks put in order, and put
// together again.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text_repair.h"
#include "formats/text_tables.h"
#include "formats/utf8.h"

// Hangul syllables are computed (The Unicode Standard, 3.12).
enum {
    S_BASE = 0xac00,
    L_BASE = 0x1100,
    V_BASE = 0x1161,
    T_BASE = 0x11a7,
    L_COUNT = 19,
    V_COUNT = 21,
    T_COUNT = 28,
    S_COUNT = L_COUNT * V_COUNT * T_COUNT,
    // Bytes that are not UTF-8 pass through as code points beyond Unicode.
    RAW = 0x200000,
};

static uint32_t mark_class(uint32_t code_point)
{
    size_t low = 0, high = mark_class_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point < mark_classes[middle].first)
            high = middle;
        else if (code_point > mark_classes[middle].last)
            low = middle + 1;
        else
            return mark_classes[middle].value;
    }
    return 0;
}

// The two characters (the second may be 0) that this one is made of; false for none.
static bool take_apart(uint32_t code_point, uint32_t out[2])
{
    size_t low = 0, high = decomposition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Decomposition *entry = &decompositions[middle];
        if (entry->whole == code_point) {
            out[0] = entry->first;
            out[1] = entry->second;
            return true;
        }
        if (code_point < entry->whole)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static size_t decompose(uint32_t code_point, uint32_t *out)
{
    uint32_t parts[2];
    if (code_point >= S_BASE && code_point < S_BASE + S_COUNT) {
        const uint32_t index = code_point - S_BASE, tail = index % T_COUNT;
        out[0] = L_BASE + index / (V_COUNT * T_COUNT);
        out[1] = V_BASE + index % (V_COUNT * T_COUNT) / T_COUNT;
        out[2] = T_BASE + tail;
        return tail ? 3 : 2;
    }
    if (!take_apart(code_point, parts)) {
        out[0] = code_point;
        return 1;
    }
    size_t count = decompose(parts[0], out); // only the first part is ever made of others
    if (parts[1])
        out[count++] = parts[1];
    return count;
}

// 0 when the two do not combine.
static uint32_t combine(uint32_t first, uint32_t second)
{
    if (first >= L_BASE && first < L_BASE + L_COUNT && second >= V_BASE &&
        second < V_BASE + V_COUNT)
        return S_BASE + ((first - L_BASE) * V_COUNT + second - V_BASE) * T_COUNT;
    if (first >= S_BASE && first < S_BASE + S_COUNT && (first - S_BASE) % T_COUNT == 0 &&
        second > T_BASE && second < T_BASE + T_COUNT)
        return first + second - T_BASE;
    size_t low = 0, high = composition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Decomposition *entry = &compositions[middle];
        if (entry->first == first && entry->second == second)
            return entry->whole;
        if (first < entry->first || (first == entry->first && second < entry->second))
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

static void order_marks(uint32_t *points, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const uint32_t point = points[i], class = mark_class(point);
        size_t at = i;
        while (class && at > 0 && mark_class(points[at - 1]) > class) {
            points[at] = points[at - 1];
            at--;
        }
        points[at] = point;
    }
}

static size_t compose(uint32_t *points, size_t count)
{
    size_t used = 0, starter = SIZE_MAX;
    uint32_t last_class = 0; // of the last mark kept after the starter
    for (size_t i = 0; i < count; i++) {
        const uint32_t class = mark_class(points[i]);
        const bool open = starter != SIZE_MAX && (used == starter + 1 || last_class < class);
        const uint32_t whole = open ? combine(points[starter], points[i]) : 0;
        if (whole) {
            points[starter] = whole;
            continue;
        }
        if (class == 0)
            starter = used;
        last_class = class;
        points[used++] = points[i];
    }
    return used;
}

char *text_compose(const char *text, size_t length)
{
    // No character is taken apart into more than 4, none grows beyond 3 times its bytes.
    uint32_t *points = malloc((length * 4 + 1) * sizeof(*points));
    char *out = malloc(length * 4 + 1);
    size_t count = 0, used = 0;
    if (points && out) {
        for (size_t at = 0; at < length;) {
            uint32_t code_point;
            size_t size = utf8_decode(text + at, length - at, &code_point);
            if (size)
                count += decompose(code_point, points + count);
            else
                points[count++] = RAW + (unsigned char)text[at];
            at += size ? size : 1;
        }
        order_marks(points, count);
        count = compose(points, count);
        for (size_t i = 0; i < count; i++) {
            if (points[i] >= RAW)
                out[used++] = (char)(points[i] - RAW);
            else
                used += utf8_encode(points[i], out + used);
        }
        out[used] = '\0';
    } else {
        free(out);
        out = NULL;
    }
    free(points);
    return out;
}
