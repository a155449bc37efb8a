// SPDX-License-Identifier: GPL-3.0-or-later
//
// name_scheme.h - the naming habits of model files, one table each. Only recognise.c and
// name_map.c include this.
//
// A rule rewrites the start of a name, up to a dot or the end; the rest is kept. In `from`, '#'
// stands for a number. In `to`, $0 and $1 are the numbers found and
//   $e  residual blocks in a stage of the encoder      $d  the same of the decoder
//   $f  $0 * (d + 1) + $1                              $u  $0 * (d + 1) + d
// which turn diffusers' nested VAE stages into the flat lists of Wan 2.1.
#pragma once
#include "formats/recognise.h"

typedef struct NameRule {
    const char *from, *to;
    uint8_t slice; // which third of a joined tensor this is: 0 for not joined, else 1 to 3
} NameRule;

typedef struct TextRule {
    const char *from, *to;
} TextRule;

struct NameScheme {
    ModelPart part;
    const char *names;       // "original", "diffusers": for messages
    const char *anchor;      // a tensor only this scheme has
    const char *required[4]; // others that must be there
    const char *forbidden;   // one that must not, or NULL
    const NameRule *rules;   // NULL: the names are the original ones
    size_t rule_count;
    const TextRule *inner; // rewrites the start of what a rule left over; may be NULL
    size_t inner_count;
    const TextRule *endings; // rewrites the end of a name; may be NULL
    size_t ending_count;
};

extern const NameScheme name_schemes[];
extern const size_t name_scheme_count;

// Residual blocks a stage, which the rules for diffusers' VAEs need.
typedef struct StageCounts {
    uint32_t encoder, decoder;
} StageCounts;

// Writes the original name of `name` (prefix removed) to `out` and the slice number to *slice.
// A name no rule knows stays as it is. False when the result does not fit.
bool name_scheme_apply(const NameScheme *scheme, StageCounts stages, const char *name, char *out,
                       size_t capacity, uint8_t *slice);
