// SPDX-License-Identifier: GPL-3.0-or-later
// SentencePiece's normaliser: longest rule first, whitespace trimmed and escaped. The rules are a
// double-array trie as the Darts-clone library lays it out (github.com/s-yata/darts-clone).
#include <stdlib.h>
#include <string.h>

#include "formats/number_types.h"
#include "formats/tokenizer_model.h"
#include "formats/utf8.h"

static const char space_mark[] = "\xe2\x96\x81"; // U+2581, what a space is written as
enum {
    SPACE_MARK_BYTES = 3,
    // The longest expansion of NFKC, U+FDFA, has 33 bytes. A hostile table gets no more.
    MAX_REPLACEMENT_BYTES = 64,
};

typedef struct Text {
    char *bytes;
    size_t length, capacity;
    bool failed; // out of memory
} Text;

static void append(Text *text, const char *bytes, size_t length)
{
    if (text->failed || length == 0)
        return;
    if (length > text->capacity - text->length) {
        size_t wanted = (text->length + length) * 2 + 64;
        char *larger = realloc(text->bytes, wanted);
        if (!larger) {
            text->failed = true;
            return;
        }
        text->bytes = larger;
        text->capacity = wanted;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

// A unit of the double array. A position outside the array reads as a unit that no key matches.
static bool unit_at(const Tokenizer *tokenizer, uint32_t position, uint32_t *unit)
{
    if (position >= tokenizer->trie_units)
        return false;
    *unit = load_u32(tokenizer->trie + (size_t)position * 4);
    return true;
}

static uint32_t unit_offset(uint32_t unit)
{
    return (unit >> 10) << ((unit & 1u << 9) >> 6);
}

// The longest rule that `text` starts with. Returns its length, 0 for none, and stores where its
// replacement starts.
static size_t longest_rule(const Tokenizer *tokenizer, const char *text, size_t length,
                           uint32_t *replacement)
{
    uint32_t unit, leaf, position = 0;
    size_t longest = 0;
    if (!tokenizer->trie || !unit_at(tokenizer, 0, &unit))
        return 0;
    position ^= unit_offset(unit);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        position ^= byte;
        if (!unit_at(tokenizer, position, &unit) || (unit & (1u << 31 | 0xff)) != byte)
            break;
        position ^= unit_offset(unit);
        if ((unit >> 8 & 1) && unit_at(tokenizer, position, &leaf)) {
            longest = i + 1;
            *replacement = leaf & 0x7fffffff;
        }
    }
    return *replacement < tokenizer->replacements_size ? longest : 0;
}

typedef struct Chunk {
    const char *bytes; // what the text becomes
    size_t length;
    size_t consumed; // bytes of the text, at least 1
} Chunk;

static Chunk next_chunk(const Tokenizer *tokenizer, const char *text, size_t length)
{
    uint32_t replacement = 0, code_point;
    size_t size = user_defined_prefix(tokenizer, text, length);
    if (size > 0)
        return (Chunk){text, size, size};
    size = longest_rule(tokenizer, text, length, &replacement);
    if (size > 0) {
        const char *to = tokenizer->replacements + replacement;
        // The table ends with a NUL, which was checked at open.
        return (Chunk){to, strnlen(to, MAX_REPLACEMENT_BYTES), size};
    }
    size = utf8_decode(text, length, &code_point);
    if (size == 0)
        return (Chunk){"\xef\xbf\xbd", 3, 1};
    return (Chunk){text, size, size};
}

static void append_escaped(const Tokenizer *tokenizer, Text *out, const char *bytes, size_t length)
{
    size_t start = 0;
    for (size_t i = 0; tokenizer->escape_whitespace && i < length; i++) {
        if (bytes[i] != ' ')
            continue;
        append(out, bytes + start, i - start);
        append(out, space_mark, SPACE_MARK_BYTES);
        start = i + 1;
    }
    append(out, bytes + start, length - start);
}

static size_t skip_leading_spaces(const Tokenizer *tokenizer, const char *text, size_t length)
{
    size_t at = 0;
    while (at < length) {
        Chunk chunk = next_chunk(tokenizer, text + at, length - at);
        if (chunk.length != 1 || chunk.bytes[0] != ' ')
            break;
        at += chunk.consumed;
    }
    return at;
}

static void trim_end(const Tokenizer *tokenizer, Text *out)
{
    const char *space = tokenizer->escape_whitespace ? space_mark : " ";
    size_t size = tokenizer->escape_whitespace ? SPACE_MARK_BYTES : 1;
    while (out->length >= size && memcmp(out->bytes + out->length - size, space, size) == 0)
        out->length -= size;
}

char *tokenizer_normalise(const Tokenizer *tokenizer, const char *text, size_t length,
                          size_t *out_length)
{
    Text out = {0};
    bool trim = tokenizer->remove_extra_whitespace, after_space = trim;
    size_t at = trim ? skip_leading_spaces(tokenizer, text, length) : 0;

    if (at < length && tokenizer->add_dummy_prefix && !tokenizer->whitespace_is_suffix)
        append_escaped(tokenizer, &out, " ", 1);
    bool any = at < length;
    while (at < length) {
        Chunk chunk = next_chunk(tokenizer, text + at, length - at);
        at += chunk.consumed;
        while (after_space && chunk.length > 0 && chunk.bytes[0] == ' ') {
            chunk.bytes++;
            chunk.length--;
        }
        if (chunk.length > 0) {
            append_escaped(tokenizer, &out, chunk.bytes, chunk.length);
            after_space = trim && chunk.bytes[chunk.length - 1] == ' ';
        }
    }
    if (trim)
        trim_end(tokenizer, &out);
    if (any && tokenizer->add_dummy_prefix && tokenizer->whitespace_is_suffix)
        append_escaped(tokenizer, &out, " ", 1);
    append(&out, "", 1);
    if (out.failed) {
        free(out.bytes);
        return NULL;
    }
    *out_length = out.length - 1;
    return out.bytes;
}
