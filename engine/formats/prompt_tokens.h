// SPDX-License-Identifier: GPL-3.0-or-later
// prompt_tokens.h - a person's prompt to the ids a text encoder takes.
#pragma once
#include "formats/tokenizer.h"

// How a model family prepares its prompts. Whitespace is always stripped and collapsed.
typedef struct PromptStyle {
    bool
        unescape_html; // Wan and Ovi: repairs, and "&amp;amp;" becomes "&" (text_repair.h, text_clean.h)
    bool lowercase; // the bundled model
    int32_t eos;    // appended; -1 for none
    uint32_t max_tokens;
} PromptStyle;

// Cleans and encodes `text` (NUL-terminated). Writes at most `capacity` ids, at most
// style->max_tokens with the last one eos, and stores how many of them there are. *needed, if not
// NULL, gets the count the whole text has, so that a caller can say what was cut.
RSH_MUST_USE RshStatus prompt_encode(const Tokenizer *tokenizer, const PromptStyle *style,
                                     const char *text, int32_t *ids, size_t capacity, size_t *count,
                                     size_t *needed, RshError *error);
