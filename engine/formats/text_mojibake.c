// SPDX-License-Identifier: GPL-3.0-or-later
// UTF-8 whose bytes somebody read as Windows-1252 or Latin-1: "cafÃ©" for "café". A sequence is undone when its
// characters, as the bytes they were read from, are one valid UTF-8 character.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text_repair.h"
#include "formats/text_tables.h"
#include "formats/utf8.h"

enum { MAX_BYTES = 4 };

// The byte that Windows-1252 or Latin-1 reads as this character; -1 when neither does.
static int byte_of(uint32_t code_point)
{
    if (code_point < 0x100)
        return (int)code_point;
    for (int i = 0; i < 32; i++)
        if (windows_1252_c1[i] == code_point)
            return 0x80 + i;
    return -1;
}

static bool is_lower(uint32_t code_point)
{
    return (code_point >= 'a' && code_point <= 'z') ||
           (code_point >= 0xdf && code_point < 0x100 && code_point != 0xf7);
}

// Signs that do stand right after a word: "CAFÉ™", "DÉJÀ»", "20 Å…".
static bool ends_words(uint32_t code_point)
{
    static const uint16_t signs[] = {0x2122, 0xae,   0xa9,   0xb0,   0xb2,   0xb3,   0xb9,   0xbb,
                                     0x2019, 0x201d, 0x203a, 0x2026, 0x2013, 0x2014, 0x2022, 0xb7};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (signs[i] == code_point)
            return true;
    return false;
}

// Whether two characters may be meant as they are: a capital or a sharp s at the end of a word, and a sign.
// Inside a word of small letters they are not: "siÄ™", "Å›wiat".
static bool may_be_meant(uint32_t before, uint32_t first, uint32_t second, uint32_t after)
{
    if (!ends_words(second) || first == 0xc3)
        return false;
    if (first == 0xc2) // "20Â°"
        return is_lower(before) || (before >= 'A' && before <= 'Z');
    return first == 0xd7 || first == 0xdf || (!is_lower(before) && !is_lower(after));
}

// The character that begins at `text` when it was misread; stores it and returns the bytes of `text` that
// stand for it, or 0. `before` is the character to the left, 0 at the start.
static size_t misread(const char *text, size_t length, uint32_t before, uint32_t *out)
{
    char bytes[MAX_BYTES];
    uint32_t points[MAX_BYTES] = {0};
    size_t at = 0, count = 0, wanted = 1;
    while (count < wanted && at < length) {
        size_t size = utf8_decode(text + at, length - at, &points[count]);
        int byte = size ? byte_of(points[count]) : -1;
        if (byte < 0x80 || (count > 0 && byte >= 0xc0))
            return 0;
        if (count == 0)
            wanted = byte < 0xc2 ? 0 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : byte < 0xf5 ? 4 : 0;
        if (wanted == 0)
            return 0;
        bytes[count++] = (char)byte;
        at += size;
    }
    if (count < wanted || utf8_decode(bytes, count, out) != count || *out < 0xa0)
        return 0;
    uint32_t after = 0;
    if (at < length && !utf8_decode(text + at, length - at, &after))
        after = 0;
    if (wanted == 2 && may_be_meant(before, points[0], points[1], after))
        return 0;
    return at;
}

char *text_undo_mojibake(const char *text, size_t length)
{
    char *out = malloc(length + 1); // what was misread is longer than what it stands for
    size_t used = 0;
    uint32_t before = 0;
    if (!out)
        return NULL;
    for (size_t at = 0; at < length;) {
        uint32_t code_point = 0;
        size_t taken = misread(text + at, length - at, before, &code_point);
        if (taken) {
            used += utf8_encode(code_point, out + used);
        } else {
            taken = utf8_decode(text + at, length - at, &code_point);
            taken = taken ? taken : 1;
            memcpy(out + used, text + at, taken);
            used += taken;
        }
        before = code_point;
        at += taken;
    }
    out[used] = '\0';
    return out;
}
