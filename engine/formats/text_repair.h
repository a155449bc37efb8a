// SPDX-License-Identifier: GPL-3.0-or-later
//
// text_repair.h - what ftfy.fix_text() does to a prompt before Wan's own cleaning, written anew from its
// documentation: HTML references (unless the text holds a '<'), UTF-8 that was read as Windows-1252 or
// Latin-1, C1 controls meant as Windows-1252, Latin ligatures, full- and half-width forms, curly quotes, line
// breaks, terminal escapes, control characters, and NFC at the end; all of it again until nothing changes.
//
// ftfy also knows text misread as other code pages, and judges by how likely the result is. Here only
// sequences that hardly any text holds on purpose are undone; see text_mojibake.c.
#pragma once
#include <stddef.h>

// A malloc'd, NUL-terminated text for the caller to free, or NULL when out of memory. `length` bytes go in; a
// byte that is not valid UTF-8 stays as it is.
char *text_repair(const char *text, size_t length);

// The parts, with the same rules. UTF-8 read as Windows-1252 or Latin-1, once:
char *text_undo_mojibake(const char *text, size_t length);
// Unicode normalisation form C.
char *text_compose(const char *text, size_t length);
