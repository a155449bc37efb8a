// SPDX-License-Identifier: GPL-3.0-or-later
// GGUF keys: tokenizer.ggml.* as llama.cpp's converter writes them for T5. The arrays are put
// into the form of a SentencePiece model, so that one reader checks both.
#include "formats/tokenizer_weights.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/number_types.h"

typedef struct Writer {
    uint8_t *bytes;
    size_t length, capacity;
    bool failed; // out of memory, or above TOKENIZER_MAX_FILE_BYTES
} Writer;

static void put(Writer *writer, const void *bytes, size_t length)
{
    if (writer->failed || length > TOKENIZER_MAX_FILE_BYTES - writer->length) {
        writer->failed = true;
        return;
    }
    if (length > writer->capacity - writer->length) {
        size_t wanted = (writer->length + length) * 2 + 4096;
        uint8_t *larger = realloc(writer->bytes, wanted);
        if (!larger) {
            writer->failed = true;
            return;
        }
        writer->bytes = larger;
        writer->capacity = wanted;
    }
    if (length > 0)
        memcpy(writer->bytes + writer->length, bytes, length);
    writer->length += length;
}

static size_t varint_bytes(uint64_t value)
{
    size_t count = 1;
    while (value >>= 7)
        count++;
    return count;
}

static void put_varint(Writer *writer, uint64_t value)
{
    uint8_t bytes[10];
    size_t count = 0;
    do {
        bytes[count] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
        count++;
    } while (value);
    put(writer, bytes, count);
}

static void put_tag(Writer *writer, unsigned field, unsigned wire)
{
    put_varint(writer, field << 3 | wire);
}

typedef struct PieceWriter {
    Writer *writer;
    const ModelFile *file;
} PieceWriter;

// ModelProto.pieces: {1: piece, 2: score, 3: kind}; llama.cpp numbers the kinds as SentencePiece.
static bool put_piece(void *data, size_t index, const char *bytes, size_t length)
{
    const PieceWriter *pieces = data;
    Writer *writer = pieces->writer;
    double score = 0, kind = 1;
    (void)model_file_array_number(pieces->file, "tokenizer.ggml.scores", index, &score);
    (void)model_file_array_number(pieces->file, "tokenizer.ggml.token_type", index, &kind);
    uint64_t kind_number = kind >= 1 && kind <= 6 ? (uint64_t)kind : 0; // 0 is refused later
    uint32_t score_bits = f32_bits((float)score);
    put_tag(writer, 1, 2);
    put_varint(writer, 1 + varint_bytes(length) + length + 1 + 4 + 1 + varint_bytes(kind_number));
    put_tag(writer, 1, 2);
    put_varint(writer, length);
    put(writer, bytes, length);
    put_tag(writer, 2, 5);
    put(writer, &score_bits, sizeof(score_bits));
    put_tag(writer, 3, 0);
    put_varint(writer, kind_number);
    return !writer->failed;
}

// NormalizerSpec: {2: charsmap, 3: add_dummy_prefix, 4: remove_extra_whitespaces}.
static void put_normaliser(Writer *writer, const ModelFile *file)
{
    static const char charsmap[] = "tokenizer.ggml.precompiled_charsmap";
    size_t length = model_file_array_count(file, charsmap);
    double prefix = 1, trim = 1, byte = 0;
    (void)model_file_number(file, "tokenizer.ggml.add_space_prefix", &prefix);
    (void)model_file_number(file, "tokenizer.ggml.remove_extra_whitespaces", &trim);
    size_t charsmap_bytes = length ? 1 + varint_bytes(length) + length : 0;
    put_tag(writer, 3, 2);
    put_varint(writer, charsmap_bytes + 4);
    if (length) {
        put_tag(writer, 2, 2);
        put_varint(writer, length);
    }
    for (size_t i = 0; i < length && !writer->failed; i++) {
        bool found = model_file_array_number(file, charsmap, i, &byte);
        uint8_t value = (uint8_t)(found && byte >= -128 && byte <= 255 ? (int)byte & 255 : 0);
        put(writer, &value, 1);
    }
    put_tag(writer, 3, 0);
    put_varint(writer, prefix != 0);
    put_tag(writer, 4, 0);
    put_varint(writer, trim != 0);
}

static bool has_byte_pieces(const ModelFile *file)
{
    double kind;
    size_t count = model_file_array_count(file, "tokenizer.ggml.token_type");
    for (size_t i = 0; i < count; i++)
        if (model_file_array_number(file, "tokenizer.ggml.token_type", i, &kind) && kind == 6)
            return true;
    return false;
}

static RshStatus open_gguf(const ModelFile *file, Tokenizer **out, RshError *error)
{
    Writer writer = {0};
    PieceWriter pieces = {&writer, file};
    size_t count = model_file_array_count(file, "tokenizer.ggml.tokens");
    if (model_file_array_count(file, "tokenizer.ggml.scores") != count ||
        !model_file_array_strings(file, "tokenizer.ggml.tokens", put_piece, &pieces)) {
        free(writer.bytes);
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: the tokenizer's pieces and scores do not belong together",
                         model_file_label(file));
    }
    put_tag(&writer, 2, 2); // TrainerSpec: {3: unigram, 35: byte fallback}
    put_varint(&writer, 5);
    put_tag(&writer, 3, 0);
    put_varint(&writer, 1);
    put_tag(&writer, 35, 0);
    put_varint(&writer, has_byte_pieces(file));
    put_normaliser(&writer, file);
    RshStatus status =
        writer.failed
            ? error_set(error, RSH_ERROR_FORMAT, "%s: its tokenizer is above the limit of %d bytes",
                        model_file_label(file), TOKENIZER_MAX_FILE_BYTES)
            : tokenizer_open_bytes(writer.bytes, writer.length, model_file_label(file), out, error);
    free(writer.bytes);
    return status;
}

RshStatus tokenizer_open_weights(const ModelFile *file, Tokenizer **out, RshError *error)
{
    const ModelTensor *stored = model_file_find(file, "spiece_model");
    const char *kind = model_file_string(file, "tokenizer.ggml.model");
    *out = NULL;
    if (stored && (stored->dtype == DTYPE_U8 || stored->dtype == DTYPE_I8))
        return tokenizer_open_bytes(model_file_data(file, stored), stored->bytes,
                                    model_file_label(file), out, error);
    if (kind && strcmp(kind, "t5") == 0)
        return open_gguf(file, out, error);
    return RSH_OK;
}
