// SPDX-License-Identifier: GPL-3.0-or-later
// References: the HTML standard's "character reference" states, as far as html.unescape() of
// Python follows them.
#include "formats/text_clean.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text_tables.h"
#include "formats/utf8.h"

// Longest name looked at, in characters, as in Python; the longest that exists has 32.
enum { MAX_REFERENCE_NAME = 32 };

static int compare_reference(const char *name, size_t length, const char *entry)
{
    int order = strncmp(name, entry, length);
    return order != 0 ? order : (entry[length] ? -1 : 0);
}

// The value of a name of exactly `length` bytes, or NULL.
static const char *find_reference(const char *name, size_t length)
{
    size_t low = 0, high = html_reference_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_reference(name, length, html_references[middle].name);
        if (order == 0)
            return html_references[middle].value;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

// A number's character: what the standard puts in place of C1 controls and impossible values.
// Returns the bytes written; 0 for a character that is dropped.
static size_t write_numbered(uint32_t value, char out[4])
{
    if (value >= 0x80 && value < 0xa0)
        return utf8_encode(windows_1252_c1[value - 0x80], out);
    if (value == 0 || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
        return utf8_encode(0xfffd, out);
    bool control = value < 0x20 && !(value >= 0x9 && value <= 0xd && value != 0xb);
    if (control || value == 0x7f || (value >= 0xfdd0 && value <= 0xfdef) ||
        (value & 0xfffe) == 0xfffe)
        return 0;
    return utf8_encode(value, out);
}

// "&#..." at text. Returns the bytes it takes, 0 when there are no digits.
static size_t resolve_number(const char *text, size_t length, char out[4], size_t *written)
{
    size_t at = 2;
    bool hex = at < length && (text[at] == 'x' || text[at] == 'X');
    uint32_t value = 0, base = hex ? 16 : 10;
    size_t first = at += hex;
    for (; at < length; at++) {
        char c = text[at];
        uint32_t digit = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                       : 16;
        if (digit >= base)
            break;
        value = value > 0x110000 ? value : value * base + digit; // more digits keep it too large
    }
    if (at == first)
        return 0;
    *written = write_numbered(value, out);
    return at + (at < length && text[at] == ';');
}

// "&name" at text: the longest known name. Returns the bytes it takes, 0 for none.
static size_t resolve_name(const char *text, size_t length, const char **value)
{
    size_t end = 1;
    uint32_t code_point;
    for (int count = 0; count < MAX_REFERENCE_NAME && end < length; count++) {
        if (text[end] == '\0' || strchr("\t\n\f <&#;", text[end]))
            break;
        size_t size = utf8_decode(text + end, length - end, &code_point);
        end += size ? size : 1;
    }
    if (end < length && end > 1 && text[end] == ';')
        end++;
    for (; end > 2; end--) { // a name has two letters at least
        *value = find_reference(text + 1, end - 1);
        if (*value)
            return end;
    }
    return 0;
}

static char *unescape(const char *text, size_t length, bool closed)
{
    // No reference is shorter than what it stands for in UTF-8, but for a few names whose value
    // has two characters of up to 3 bytes: "&nGt;" is 5 bytes and stands for 6.
    char *out = malloc(length * 2 + 1);
    size_t at = 0, used = 0;
    if (!out)
        return NULL;
    while (at < length) {
        const char *value = NULL;
        char number[4];
        size_t written = 0, taken = 0;
        if (text[at] == '&' && at + 1 < length && text[at + 1] == '#') {
            taken = resolve_number(text + at, length - at, number, &written);
            value = number;
        } else if (text[at] == '&') {
            taken = resolve_name(text + at, length - at, &value);
            written = taken ? strlen(value) : 0;
        }
        if (taken == 0 || (closed && text[at + taken - 1] != ';')) {
            out[used++] = text[at++];
            continue;
        }
        memcpy(out + used, value, written);
        used += written;
        at += taken;
    }
    out[used] = '\0';
    return out;
}

char *text_unescape_html(const char *text, size_t length)
{
    return unescape(text, length, false);
}

char *text_unescape_closed(const char *text, size_t length)
{
    return unescape(text, length, true);
}

static bool is_space(uint32_t code_point)
{
    return (code_point >= 0x9 && code_point <= 0xd) || (code_point >= 0x1c && code_point <= 0x20) ||
           code_point == 0x85 || code_point == 0xa0 || code_point == 0x1680 ||
           (code_point >= 0x2000 && code_point <= 0x200a) || code_point == 0x2028 ||
           code_point == 0x2029 || code_point == 0x202f || code_point == 0x205f ||
           code_point == 0x3000;
}

char *text_collapse_spaces(const char *text, size_t length)
{
    char *out = malloc(length + 1);
    size_t used = 0;
    bool pending = false;
    if (!out)
        return NULL;
    for (size_t at = 0; at < length;) {
        uint32_t code_point = 0xfffd;
        size_t size = utf8_decode(text + at, length - at, &code_point);
        if (size == 0)
            size = 1;
        if (is_space(code_point)) {
            pending = used > 0;
        } else {
            if (pending)
                out[used++] = ' ';
            pending = false;
            memcpy(out + used, text + at, size);
            used += size;
        }
        at += size;
    }
    out[used] = '\0';
    return out;
}

static uint32_t lower_case(uint32_t code_point)
{
    size_t low = 0, high = lower_range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const LowerRange *range = &lower_ranges[middle];
        if (code_point < range->first)
            high = middle;
        else if (code_point > range->last)
            low = middle + 1;
        else if ((code_point - range->first) % range->stride == 0)
            return (uint32_t)((int32_t)code_point + range->delta);
        else
            break;
    }
    return code_point;
}

char *text_lowercase(const char *text, size_t length)
{
    char *out = malloc(length * 2 + 1); // the worst: U+0130, 2 bytes, becomes 3; U+023A, 2, 3
    size_t used = 0;
    if (!out)
        return NULL;
    for (size_t at = 0; at < length;) {
        uint32_t code_point;
        size_t size = utf8_decode(text + at, length - at, &code_point);
        if (size == 0) {
            out[used++] = text[at++];
            continue;
        }
        if (code_point == 0x130) { // the one capital that becomes two characters
            memcpy(out + used, "i\xcc\x87", 3);
            used += 3;
        } else {
            used += utf8_encode(lower_case(code_point), out + used);
        }
        at += size;
    }
    out[used] = '\0';
    return out;
}
