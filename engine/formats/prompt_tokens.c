// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/prompt_tokens.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/text_clean.h"
#include "formats/text_repair.h"

typedef char *(*TextStep)(const char *text, size_t length);

// Wan runs ftfy and unescapes twice: captions scraped from the web are often escaped twice.
static char *clean_prompt(const PromptStyle *style, const char *prompt)
{
    const TextStep steps[] = {
        style->unescape_html ? text_repair : NULL,
        style->unescape_html ? text_unescape_html : NULL,
        style->unescape_html ? text_unescape_html : NULL,
        text_collapse_spaces,
        style->lowercase ? text_lowercase : NULL,
    };
    char *text = NULL;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (!steps[i])
            continue;
        const char *from = text ? text : prompt;
        char *next = steps[i](from, strlen(from));
        free(text);
        if (!next)
            return NULL;
        text = next;
    }
    return text;
}

RshStatus prompt_encode(const Tokenizer *tokenizer, const PromptStyle *style, const char *text,
                        int32_t *ids, size_t capacity, size_t *count, size_t *needed,
                        RshError *error)
{
    *count = 0;
    size_t length = strnlen(text, TOKENIZER_MAX_TEXT_BYTES + 1);
    if (length > TOKENIZER_MAX_TEXT_BYTES / 2) // cleaning can double it
        return error_set(error, RSH_ERROR_ARGUMENT, "the prompt has more than %d bytes",
                         TOKENIZER_MAX_TEXT_BYTES / 2);
    char *clean = clean_prompt(style, text);
    if (!clean)
        return error_set(error, RSH_ERROR_MEMORY, "out of memory for a prompt of %zu bytes",
                         length);

    size_t room = capacity < style->max_tokens ? capacity : style->max_tokens, found = 0;
    size_t end_marks = style->eos >= 0 ? 1 : 0;
    RshStatus status = RSH_OK;
    if (room < end_marks)
        status = error_set(error, RSH_ERROR_ARGUMENT, "there is no room for the end of the prompt");
    else
        status =
            tokenizer_encode(tokenizer, clean, strlen(clean), ids, room - end_marks, &found, error);
    free(clean);
    if (status != RSH_OK)
        return status;
    size_t kept = found < room - end_marks ? found : room - end_marks;
    if (end_marks)
        ids[kept] = style->eos;
    *count = kept + end_marks;
    if (needed)
        *needed = found + end_marks;
    return RSH_OK;
}
