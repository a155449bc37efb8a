// SPDX-License-Identifier: GPL-3.0-or-later
//
// text_clean.h - what Wan does to a prompt before it is tokenised, after ftfy's repairs (text_repair.h): HTML
// references are resolved twice and whitespace is collapsed.
#pragma once
#include <stddef.h>
#include <stdint.h>

// All return a malloc'd, NUL-terminated text for the caller to free, or NULL when out of
// memory. `length` bytes go in; a byte that is not valid UTF-8 stays as it is.

// HTML5 character references as Python's html.unescape() resolves them, once.
char *text_unescape_html(const char *text, size_t length);

// Only references that end with a semicolon, as ftfy resolves them, once.
char *text_unescape_closed(const char *text, size_t length);

// Runs of Unicode whitespace (Python's \s) become one space; none is left at the ends.
char *text_collapse_spaces(const char *text, size_t length);

// Unicode lower case, character by character; final sigma becomes an ordinary sigma.
char *text_lowercase(const char *text, size_t length);
