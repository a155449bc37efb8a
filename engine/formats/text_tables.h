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

// Every stride-th code point from first to last becomes itself + delta. In ascending order.
typedef struct LowerRange {
    uint32_t first, last, stride;
    int32_t delta;
} LowerRange;
extern const LowerRange lower_ranges[];
extern const size_t lower_range_count;
