// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/text_repair.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text_clean.h"
#include "formats/text_tables.h"
#include "formats/utf8.h"

// Text that was misread, saved and misread again shrinks with every round.
enum { MAX_ROUNDS = 16 };

static const char *find_replacement(uint32_t code_point)
{
    size_t low = 0, high = replacement_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (replacements[middle].code_point == code_point)
            return replacements[middle].text;
        if (code_point < replacements[middle].code_point)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

// "ESC [ 1 ; 31 m". Returns the bytes it takes, 0 for none.
static size_t terminal_escape(const char *text, size_t length)
{
    size_t at = 2;
    if (length < 3 || text[0] != '\x1b' || text[1] != '[')
        return 0;
    while (at < length && ((text[at] >= '0' && text[at] <= '9') || text[at] == ';'))
        at++;
    const bool ends = at < length && ((text[at] | 0x20) >= 'a' && (text[at] | 0x20) <= 'z');
    return ends ? at + 1 : 0;
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x9 || code_point == 0xb || (code_point >= 0xe && code_point < 0x20) ||
           code_point == 0x7f || (code_point >= 0x206a && code_point < 0x2070) ||
           code_point == 0xfeff || (code_point >= 0xfff9 && code_point < 0xfffd);
}

// Everything that looks at one character, or at a sequence of fixed form.
static char *replace_characters(const char *text, size_t length)
{
    char *out = malloc(length * 3 + 1); // the worst: U+0132 and C1 controls, 2 bytes, become 3
    size_t used = 0;
    if (!out)
        return NULL;
    for (size_t at = 0; at < length;) {
        uint32_t code_point;
        const size_t escape = terminal_escape(text + at, length - at);
        size_t size = escape ? escape : utf8_decode(text + at, length - at, &code_point);
        if (escape) {
            at += escape;
            continue;
        }
        if (size == 0) {
            out[used++] = text[at++];
            continue;
        }
        if (code_point >= 0x80 && code_point < 0xa0 && code_point != 0x85)
            code_point = windows_1252_c1[code_point - 0x80];
        const char *replacement = find_replacement(code_point);
        if (code_point == '\r' || code_point == 0x85 || code_point == 0x2028 ||
            code_point == 0x2029) {
            out[used++] = '\n';
            size += code_point == '\r' && at + 1 < length && text[at + 1] == '\n';
        } else if (replacement) {
            memcpy(out + used, replacement, strlen(replacement));
            used += strlen(replacement);
        } else if (!is_control(code_point)) {
            used += utf8_encode(code_point, out + used);
        }
        at += size;
    }
    out[used] = '\0';
    return out;
}

char *text_repair(const char *text, size_t length)
{
    typedef char *(*Step)(const char *text, size_t length);
    const bool markup = memchr(text, '<', length) != NULL;
    const Step steps[] = {markup ? NULL : text_unescape_closed, text_undo_mojibake,
                          replace_characters, text_compose};
    char *current = malloc(length + 1);
    if (!current)
        return NULL;
    memcpy(current, text, length);
    current[length] = '\0';
    for (int round = 0; round < MAX_ROUNDS; round++) {
        bool changed = false;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            char *next = steps[i] ? steps[i](current, strlen(current)) : NULL;
            if (!steps[i])
                continue;
            if (!next) {
                free(current);
                return NULL;
            }
            changed = changed || strcmp(current, next) != 0;
            free(current);
            current = next;
        }
        if (!changed)
            break;
    }
    return current;
}
