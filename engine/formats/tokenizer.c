// SPDX-License-Identifier: GPL-3.0-or-later
#include "formats/tokenizer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mapped_file.h"
#include "formats/tokenizer_model.h"

RshStatus tokenizer_open_bytes(const void *bytes, uint64_t size, const char *label, Tokenizer **out,
                               RshError *error)
{
    *out = NULL;
    if (size == 0 || size > TOKENIZER_MAX_FILE_BYTES)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%.120s: a tokenizer model has 1 to %d bytes, this file has %llu", label,
                         TOKENIZER_MAX_FILE_BYTES, (unsigned long long)size);
    Tokenizer *tokenizer = calloc(1, sizeof(*tokenizer));
    char *copy = malloc((size_t)size);
    if (!tokenizer || !copy) {
        free(tokenizer);
        free(copy);
        return error_set(error, RSH_ERROR_MEMORY, "%.120s: out of memory", label);
    }
    memcpy(copy, bytes, (size_t)size);
    snprintf(tokenizer->label, sizeof(tokenizer->label), "%.120s", label);
    tokenizer->file = copy;
    tokenizer->file_size = (size_t)size;
    RshStatus status = tokenizer_parse(tokenizer, error);
    if (status != RSH_OK)
        tokenizer_close(&tokenizer);
    *out = tokenizer;
    return status;
}

RshStatus tokenizer_open(const char *path, Tokenizer **out, RshError *error)
{
    MappedFile *file = NULL;
    *out = NULL;
    RshStatus status = mapped_file_open(path, &file, error);
    if (status != RSH_OK)
        return status;
    uint64_t size = mapped_file_size(file);
    status = tokenizer_open_bytes(mapped_file_span(file, 0, size), size, path, out, error);
    mapped_file_close(&file);
    return status;
}

void tokenizer_close(Tokenizer **address)
{
    Tokenizer *tokenizer = *address;
    if (!tokenizer)
        return;
    free(tokenizer->all.ids);
    free(tokenizer->matched.ids);
    free(tokenizer->user_defined.ids);
    free(tokenizer->pieces);
    free(tokenizer->file);
    free(tokenizer);
    *address = NULL;
}

bool piece_spans_add(PieceSpans *spans, PieceSpan span)
{
    if (spans->count == spans->capacity) {
        size_t wanted = spans->capacity ? spans->capacity * 2 : 64;
        PieceSpan *larger = realloc(spans->spans, wanted * sizeof(larger[0]));
        if (!larger)
            return false;
        spans->spans = larger;
        spans->capacity = wanted;
    }
    spans->spans[spans->count++] = span;
    return true;
}

typedef struct IdWriter {
    int32_t *ids;
    size_t capacity, count;
} IdWriter;

static void write_id(IdWriter *writer, int32_t id)
{
    if (writer->count < writer->capacity)
        writer->ids[writer->count] = id;
    writer->count++;
}

// Unknown text becomes its bytes, or one id for a run of unknown characters.
static void write_spans(const Tokenizer *tokenizer, const PieceSpans *spans, const char *text,
                        IdWriter *writer)
{
    bool after_unknown = false;
    for (size_t i = 0; i < spans->count; i++) {
        const PieceSpan *span = &spans->spans[i];
        bool unknown = span->id == tokenizer->unk;
        if (unknown && tokenizer->byte_fallback) {
            for (uint32_t j = 0; j < span->length; j++)
                write_id(writer, tokenizer->byte_ids[(uint8_t)text[span->start + j]]);
        } else if (!unknown || !after_unknown) {
            write_id(writer, span->id);
        }
        after_unknown = unknown;
    }
}

RshStatus tokenizer_encode(const Tokenizer *tokenizer, const char *text, size_t length,
                           int32_t *ids, size_t capacity, size_t *count, RshError *error)
{
    *count = 0;
    if (length > TOKENIZER_MAX_TEXT_BYTES)
        return error_set(error, RSH_ERROR_ARGUMENT, "the text has %zu bytes, the limit is %d",
                         length, TOKENIZER_MAX_TEXT_BYTES);
    size_t size = 0;
    PieceSpans spans = {0};
    char *normalised = tokenizer_normalise(tokenizer, text, length, &size);
    bool done = normalised != NULL;
    if (done)
        done = tokenizer->kind == TOKENIZER_UNIGRAM
                   ? unigram_encode(tokenizer, normalised, size, &spans)
                   : bpe_encode(tokenizer, normalised, size, &spans);
    IdWriter writer = {ids, capacity, 0};
    if (done)
        write_spans(tokenizer, &spans, normalised, &writer);
    *count = writer.count;
    free(spans.spans);
    free(normalised);
    if (!done)
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory for a text of %zu bytes",
                         tokenizer->label, length);
    return RSH_OK;
}

size_t tokenizer_piece_count(const Tokenizer *tokenizer)
{
    return tokenizer->piece_count;
}

int32_t tokenizer_find(const Tokenizer *tokenizer, const char *piece)
{
    return piece_find(tokenizer, &tokenizer->all, piece, strlen(piece));
}

const char *tokenizer_piece(const Tokenizer *tokenizer, int32_t id, size_t *length)
{
    if (id < 0 || (size_t)id >= tokenizer->piece_count)
        return NULL;
    *length = tokenizer->pieces[id].length;
    return tokenizer->pieces[id].bytes;
}

TokenizerSpecials tokenizer_specials(const Tokenizer *tokenizer)
{
    const PieceIndex *all = &tokenizer->all;
    return (TokenizerSpecials){
        .unk = tokenizer->unk,
        .bos = piece_find(tokenizer, all, tokenizer->bos, tokenizer->bos_length),
        .eos = piece_find(tokenizer, all, tokenizer->eos, tokenizer->eos_length),
        .pad = piece_find(tokenizer, all, tokenizer->pad, tokenizer->pad_length),
    };
}
