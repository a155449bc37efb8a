// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/utf8.h"

size_t utf8_decode(const char *text, size_t length, uint32_t *code_point)
{
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t first = bytes[0], value, smallest;
    size_t size;

    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    if (first >= 0xc2 && first < 0xe0) {
        size = 2;
        value = first & 0x1f;
        smallest = 0x80;
    } else if (first >= 0xe0 && first < 0xf0) {
        size = 3;
        value = first & 0x0f;
        smallest = 0x800;
    } else if (first >= 0xf0 && first < 0xf5) {
        size = 4;
        value = first & 0x07;
        smallest = 0x10000;
    } else {
        return 0;
    }
    if (size > length)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3fu);
    }
    if (value < smallest || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
        return 0;
    *code_point = value;
    return size;
}

size_t utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xc0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xe0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code_point & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code_point & 0x3f));
    return 4;
}

bool utf8_is_valid(const char *bytes, size_t length)
{
    uint32_t code_point;
    for (size_t at = 0; at < length;) {
        size_t size = utf8_decode(bytes + at, length - at, &code_point);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

size_t utf8_prefix(const char *bytes, size_t length, size_t limit)
{
    if (length <= limit)
        return length;
    while (limit > 0 && ((unsigned char)bytes[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}
