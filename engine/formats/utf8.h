// SPDX-License-Identifier: GPL-3.0-or-later
// utf8.h - reading and writing UTF-8 in hostile bytes.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Decodes one code point at `bytes`, of which `length` > 0 are readable. Returns the bytes it
// takes (1 to 4), or 0 when they are not valid UTF-8: overlong, a surrogate, above U+10FFFF, cut.
size_t utf8_decode(const char *bytes, size_t length, uint32_t *code_point);

// Writes `code_point` (at most U+10FFFF, not a surrogate) and returns the bytes written, 1 to 4.
size_t utf8_encode(uint32_t code_point, char out[4]);

bool utf8_is_valid(const char *bytes, size_t length);

// The longest prefix of at most `limit` bytes that does not cut a character.
size_t utf8_prefix(const char *bytes, size_t length, size_t limit);
