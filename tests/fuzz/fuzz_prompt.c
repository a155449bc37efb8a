// SPDX-License-Identifier: GPL-3.0-or-later
// Prompt cleaning: any bytes go in, text comes out that is valid wherever the input was.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "formats/text_clean.h"
#include "formats/text_repair.h"
#include "formats/utf8.h"
#include "fuzz.h"

typedef char *(*TextStep)(const char *text, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const TextStep steps[] = {text_repair, text_unescape_html, text_unescape_html,
                                     text_collapse_spaces, text_lowercase};
    size_t length = size;
    char *text = malloc(size ? size : 1); // exact length: a read past the end is seen
    if (!text)
        return 0;
    memcpy(text, data, size);
    bool valid = utf8_is_valid(text, length);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        char *next = steps[i](text, length);
        if (!next)
            abort();
        length = strlen(next);
        if (length > 3 * size * (i + 1) || (valid && !utf8_is_valid(next, length)))
            abort();
        free(text);
        text = next;
    }
    char *again = text_collapse_spaces(text, length);
    if (!again || strcmp(again, text) != 0) // clean text stays as it is
        abort();
    free(again);
    free(text);
    return 0;
}
