// SPDX-License-Identifier: GPL-3.0-or-later
// A SentencePiece model, and a text after its last 0xff byte if there is one: any model is refused
// with a sentence or turns any text into ids that exist.
#include <stdlib.h>
#include <string.h>

#include "formats/prompt_tokens.h"
#include "fuzz.h"

enum { FUZZ_IDS = 4096 };

static void encode(const Tokenizer *tokenizer, const char *text, size_t length)
{
    static int32_t ids[FUZZ_IDS];
    size_t count = 0;
    if (tokenizer_encode(tokenizer, text, length, ids, FUZZ_IDS, &count, NULL) != RSH_OK)
        abort(); // only out of memory, or too long a text
    for (size_t i = 0; i < count && i < FUZZ_IDS; i++)
        if (ids[i] < 0 || (size_t)ids[i] >= tokenizer_piece_count(tokenizer))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char sample[] =
        "A red fox \xe2\x96\x81  hops &amp; sings in \xf0\x9f\x98\x80\tsnow.";
    Tokenizer *tokenizer = NULL;
    RshError error = {0};
    const uint8_t *mark = size ? memrchr(data, 0xff, size) : NULL;
    size_t model_size = mark ? (size_t)(mark - data) : size;
    char *model = malloc(model_size ? model_size : 1); // exact length
    if (!model)
        return 0;
    memcpy(model, data, model_size);
    if (tokenizer_open_bytes(model, model_size, "fuzz", &tokenizer, &error) == RSH_OK) {
        PromptStyle style = {.unescape_html = true, .lowercase = true, .eos = 1, .max_tokens = 64};
        int32_t ids[64];
        size_t count = 0;
        encode(tokenizer, sample, sizeof(sample) - 1);
        if (mark && size - model_size < 20000)
            encode(tokenizer, (const char *)mark + 1, size - model_size - 1);
        if (prompt_encode(tokenizer, &style, sample, ids, 64, &count, NULL, NULL) != RSH_OK ||
            count < 1 || count > 64)
            abort();
        (void)tokenizer_specials(tokenizer);
    } else if (tokenizer || !error.text[0]) {
        abort();
    }
    tokenizer_close(&tokenizer);
    free(model);
    return 0;
}
