// SPDX-License-Identifier: GPL-3.0-or-later
// text_tables.h - tables that make_text_tables.py writes at build time.
#pragma once
#include <stddef.h>
#include <stdint.h>

// In byte order of the names. A name ends with ';' unless HTML also knows it without.
typedef struct HtmlReference {
    const char *name;  // without the '&'
    const char *value; // UTF-8, one or two characters
} HtmlReference;
extern const HtmlReference html_references[];
extern const size_t html_reference_count;

// What Windows-1252 has in place of the controls U+0080 to U+009F; those that it lacks stay.
extern const uint16_t windows_1252_c1[32];

// Curly quotes, Latin ligatures, full- and half-width forms and what stands for them. In ascending order.
typedef struct Replacement {
    uint32_t code_point;
    const char *text; // UTF-8
} Replacement;
extern const Replacement replacements[];
extern const size_t replacement_count;

// Canonical decompositions (`second` is 0 for a single character) in order of `whole`; those that may be put
// together again in order of `first` and `second`. Hangul is computed.
typedef struct Decomposition {
    uint32_t whole, first, second;
} Decomposition;
extern const Decomposition decompositions[], compositions[];
extern const size_t decomposition_count, composition_count;

// Canonical combining classes other than 0. In ascending order.
typedef struct MarkClass {
    uint32_t first, last, value;
} MarkClass;
extern const MarkClass mark_classes[];
extern const size_t mark_class_count;

// Every stride-th code point from first to last becomes itself + delta. In ascending order.
typedef struct LowerRange {
    uint32_t first, last, stride;
    int32_t delta;
} LowerRange;
extern const LowerRange lower_ranges[];
extern const size_t lower_range_count;
