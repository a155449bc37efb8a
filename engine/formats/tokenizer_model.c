// SPDX-License-Identifier: GPL-3.0-or-later
// Fields: sentencepiece_model.proto of github.com/google/sentencepiece.
#include "formats/tokenizer_model.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "formats/number_types.h"
#include "formats/protobuf.h"
#include "formats/utf8.h"

// SentencePiece's trainer stops at 16 characters; hand-made symbols are longer, but not by much.
enum { MAX_PIECE_BYTES = 1024 };

static RshStatus broken(const Tokenizer *tokenizer, const char *where, RshError *error)
{
    return error_set(error, RSH_ERROR_FORMAT,
                     "%s: this is not a SentencePiece model (%s cannot be read)", tokenizer->label,
                     where);
}

static RshStatus read_piece(Tokenizer *tokenizer, ProtobufReader reader, RshError *error)
{
    Piece piece = {.kind = PIECE_NORMAL};
    ProtobufField field;
    ProtobufResult result;
    uint64_t kind = PIECE_NORMAL;
    while ((result = protobuf_next(&reader, &field)) == PROTOBUF_FIELD) {
        if (field.number == 1 && field.wire == PROTOBUF_BYTES) {
            piece.bytes = (const char *)field.bytes;
            piece.length = (uint32_t)field.length; // the whole file is below 4 GB
        } else if (field.number == 2 && field.wire == PROTOBUF_FIXED32) {
            piece.score = f32_from_bits((uint32_t)field.value);
        } else if (field.number == 3 && field.wire == PROTOBUF_VARINT) {
            kind = field.value;
        }
    }
    if (result == PROTOBUF_BROKEN)
        return broken(tokenizer, "a piece", error);
    if (piece.length > MAX_PIECE_BYTES)
        return error_set(error, RSH_ERROR_FORMAT, "%s: piece %zu has %u bytes, the limit is %d",
                         tokenizer->label, tokenizer->piece_count, piece.length, MAX_PIECE_BYTES);
    if (piece.length == 0 || !utf8_is_valid(piece.bytes, piece.length))
        return error_set(error, RSH_ERROR_FORMAT, "%s: piece %zu is not UTF-8 text",
                         tokenizer->label, tokenizer->piece_count);
    if (kind < PIECE_NORMAL || kind > PIECE_BYTE || !isfinite(piece.score))
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: piece %zu has the kind %llu and the score %g, which SentencePiece "
                         "does not write",
                         tokenizer->label, tokenizer->piece_count, (unsigned long long)kind,
                         (double)piece.score);
    piece.kind = (PieceKind)kind;

    if (tokenizer->piece_count == TOKENIZER_MAX_PIECES)
        return error_set(error, RSH_ERROR_FORMAT, "%s: more than %d pieces", tokenizer->label,
                         TOKENIZER_MAX_PIECES);
    if (tokenizer->piece_count == tokenizer->piece_capacity) {
        size_t wanted = tokenizer->piece_capacity ? tokenizer->piece_capacity * 2 : 1024;
        Piece *larger = realloc(tokenizer->pieces, wanted * sizeof(larger[0]));
        if (!larger)
            return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", tokenizer->label);
        tokenizer->pieces = larger;
        tokenizer->piece_capacity = wanted;
    }
    tokenizer->pieces[tokenizer->piece_count++] = piece;
    return RSH_OK;
}

static RshStatus read_trainer(Tokenizer *tokenizer, ProtobufReader reader, RshError *error)
{
    ProtobufField field;
    ProtobufResult result;
    uint64_t kind = TOKENIZER_UNIGRAM;
    while ((result = protobuf_next(&reader, &field)) == PROTOBUF_FIELD) {
        const char *text = (const char *)field.bytes;
        uint32_t length = (uint32_t)field.length;
        if (field.wire == PROTOBUF_VARINT) {
            if (field.number == 3)
                kind = field.value;
            else if (field.number == 24)
                tokenizer->whitespace_is_suffix = field.value != 0;
            else if (field.number == 35)
                tokenizer->byte_fallback = field.value != 0;
        } else if (field.wire == PROTOBUF_BYTES) {
            if (field.number == 46) {
                tokenizer->bos = text;
                tokenizer->bos_length = length;
            } else if (field.number == 47) {
                tokenizer->eos = text;
                tokenizer->eos_length = length;
            } else if (field.number == 48) {
                tokenizer->pad = text;
                tokenizer->pad_length = length;
            }
        }
    }
    if (result == PROTOBUF_BROKEN)
        return broken(tokenizer, "the trainer settings", error);
    if (kind != TOKENIZER_UNIGRAM && kind != TOKENIZER_BPE)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: SentencePiece model type %llu is not supported, unigram and BPE are",
                         tokenizer->label, (unsigned long long)kind);
    tokenizer->kind = (TokenizerKind)kind;
    return RSH_OK;
}

// The compiled rules: u32 bytes of the trie, the trie, then the replacement strings.
static RshStatus read_charsmap(Tokenizer *tokenizer, const uint8_t *bytes, size_t length,
                               RshError *error)
{
    if (length == 0)
        return RSH_OK;
    uint32_t trie_bytes = length >= 4 ? load_u32(bytes) : 0;
    if (length < 4 || trie_bytes >= length - 4 || trie_bytes < 4 || trie_bytes % 4 != 0 ||
        bytes[length - 1] != 0)
        return broken(tokenizer, "the normalisation table", error);
    tokenizer->trie = bytes + 4;
    tokenizer->trie_units = trie_bytes / 4;
    tokenizer->replacements = (const char *)bytes + 4 + trie_bytes;
    tokenizer->replacements_size = length - 4 - trie_bytes;
    return RSH_OK;
}

static RshStatus read_normaliser(Tokenizer *tokenizer, ProtobufReader reader, RshError *error)
{
    ProtobufField field;
    ProtobufResult result;
    while ((result = protobuf_next(&reader, &field)) == PROTOBUF_FIELD) {
        if (field.number == 2 && field.wire == PROTOBUF_BYTES) {
            RshStatus status = read_charsmap(tokenizer, field.bytes, field.length, error);
            if (status != RSH_OK)
                return status;
        } else if (field.wire == PROTOBUF_VARINT) {
            if (field.number == 3)
                tokenizer->add_dummy_prefix = field.value != 0;
            else if (field.number == 4)
                tokenizer->remove_extra_whitespace = field.value != 0;
            else if (field.number == 5)
                tokenizer->escape_whitespace = field.value != 0;
        }
    }
    return result == PROTOBUF_BROKEN ? broken(tokenizer, "the normaliser settings", error) : RSH_OK;
}

static RshStatus read_fields(Tokenizer *tokenizer, RshError *error)
{
    const uint8_t *bytes = (const uint8_t *)tokenizer->file;
    ProtobufReader reader = {bytes, bytes + tokenizer->file_size};
    ProtobufField field;
    ProtobufResult result;
    while ((result = protobuf_next(&reader, &field)) == PROTOBUF_FIELD) {
        RshStatus status = RSH_OK;
        if (field.wire != PROTOBUF_BYTES)
            continue;
        ProtobufReader inner = {field.bytes, field.bytes + field.length};
        if (field.number == 1)
            status = read_piece(tokenizer, inner, error);
        else if (field.number == 2)
            status = read_trainer(tokenizer, inner, error);
        else if (field.number == 3)
            status = read_normaliser(tokenizer, inner, error);
        if (status != RSH_OK)
            return status;
    }
    if (result == PROTOBUF_BROKEN)
        return broken(tokenizer, "its outer message", error);
    if (tokenizer->piece_count == 0)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: this is not a SentencePiece model (no pieces)", tokenizer->label);
    return RSH_OK;
}

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length)
{
    int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    if (order != 0)
        return order;
    return a_length < b_length ? -1 : a_length > b_length;
}

static int compare_pieces(const void *a, const void *b, void *data)
{
    const Piece *pieces = data;
    const Piece *x = &pieces[*(const uint32_t *)a], *y = &pieces[*(const uint32_t *)b];
    return compare_bytes(x->bytes, x->length, y->bytes, y->length);
}

// Every piece, sorted.
static bool build_index(const Tokenizer *tokenizer, PieceIndex *out)
{
    out->ids = calloc(tokenizer->piece_count, sizeof(out->ids[0]));
    if (!out->ids)
        return false;
    for (size_t i = 0; i < tokenizer->piece_count; i++)
        out->ids[out->count++] = (uint32_t)i;
    qsort_r(out->ids, out->count, sizeof(out->ids[0]), compare_pieces, tokenizer->pieces);
    return true;
}

// Those of `all` whose kind is in `kinds` (a bit a kind), in the same order.
static bool filter_index(const Tokenizer *tokenizer, unsigned kinds, PieceIndex *out)
{
    const PieceIndex *all = &tokenizer->all;
    out->ids = calloc(all->count, sizeof(out->ids[0]));
    if (!out->ids)
        return false;
    for (size_t i = 0; i < all->count; i++)
        if (kinds >> tokenizer->pieces[all->ids[i]].kind & 1)
            out->ids[out->count++] = all->ids[i];
    return true;
}

// "<0x41>" to 0x41, -1 for anything else.
static int byte_piece_value(const Piece *piece)
{
    unsigned value;
    char text[7] = {0}, rest;
    if (piece->length != 6)
        return -1;
    memcpy(text, piece->bytes, 6);
    return sscanf(text, "<0x%2X%c", &value, &rest) == 2 && rest == '>' ? (int)value : -1;
}

static RshStatus read_roles(Tokenizer *tokenizer, RshError *error)
{
    unsigned bytes_found = 0;
    memset(tokenizer->byte_ids, 0xff, sizeof(tokenizer->byte_ids));
    tokenizer->unk = -1;
    tokenizer->lowest_score = INFINITY;
    tokenizer->highest_score = FLT_MIN; // where SentencePiece starts, so never below 0
    for (size_t i = 0; i < tokenizer->piece_count; i++) {
        const Piece *piece = &tokenizer->pieces[i];
        int value = piece->kind == PIECE_BYTE ? byte_piece_value(piece) : -1;
        if (piece->kind == PIECE_NORMAL) {
            tokenizer->lowest_score = fminf(tokenizer->lowest_score, piece->score);
            tokenizer->highest_score = fmaxf(tokenizer->highest_score, piece->score);
        }
        tokenizer->has_unused |= piece->kind == PIECE_UNUSED;
        if (piece->kind == PIECE_UNKNOWN && tokenizer->unk >= 0)
            return error_set(error, RSH_ERROR_FORMAT, "%s: two pieces stand for unknown text",
                             tokenizer->label);
        if (piece->kind == PIECE_UNKNOWN)
            tokenizer->unk = (int32_t)i;
        if (value >= 0 && tokenizer->byte_ids[value] < 0) {
            tokenizer->byte_ids[value] = (int32_t)i;
            bytes_found++;
        }
    }
    if (tokenizer->unk < 0)
        return error_set(error, RSH_ERROR_FORMAT, "%s: no piece stands for unknown text",
                         tokenizer->label);
    if (tokenizer->byte_fallback && bytes_found != 256)
        return error_set(error, RSH_ERROR_FORMAT,
                         "%s: %u of the 256 byte pieces are there, all are needed",
                         tokenizer->label, bytes_found);
    if (!isfinite(tokenizer->lowest_score))
        tokenizer->lowest_score = 0; // no normal piece at all
    return RSH_OK;
}

RshStatus tokenizer_parse(Tokenizer *tokenizer, RshError *error)
{
    tokenizer->kind = TOKENIZER_UNIGRAM;
    tokenizer->add_dummy_prefix = true;
    tokenizer->remove_extra_whitespace = true;
    tokenizer->escape_whitespace = true;
    tokenizer->bos = "<s>";
    tokenizer->bos_length = 3;
    tokenizer->eos = "</s>";
    tokenizer->eos_length = 4;
    tokenizer->pad = "<pad>";
    tokenizer->pad_length = 5;

    RshStatus status = read_fields(tokenizer, error);
    if (status == RSH_OK)
        status = read_roles(tokenizer, error);
    if (status != RSH_OK)
        return status;
    const unsigned matched = 1u << PIECE_NORMAL | 1u << PIECE_USER_DEFINED | 1u << PIECE_UNUSED;
    if (!build_index(tokenizer, &tokenizer->all) ||
        !filter_index(tokenizer, matched, &tokenizer->matched) ||
        !filter_index(tokenizer, 1u << PIECE_USER_DEFINED, &tokenizer->user_defined))
        return error_set(error, RSH_ERROR_MEMORY, "%s: out of memory", tokenizer->label);
    for (size_t i = 1; i < tokenizer->all.count; i++)
        if (compare_pieces(&tokenizer->all.ids[i - 1], &tokenizer->all.ids[i], tokenizer->pieces) ==
            0)
            return error_set(error, RSH_ERROR_FORMAT, "%s: pieces %u and %u are the same text",
                             tokenizer->label, tokenizer->all.ids[i - 1], tokenizer->all.ids[i]);
    return RSH_OK;
}

// The first entry in [low, high) whose byte at `depth` is at least `byte`; shorter entries come
// first.
static size_t first_at_least(const Tokenizer *tokenizer, const PieceIndex *index, size_t low,
                             size_t high, size_t depth, unsigned byte)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Piece *piece = &tokenizer->pieces[index->ids[middle]];
        if (piece->length <= depth || (uint8_t)piece->bytes[depth] < byte)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool piece_range_follow(const Tokenizer *tokenizer, const PieceIndex *index, PieceRange *range,
                        size_t depth, uint8_t byte)
{
    range->low = first_at_least(tokenizer, index, range->low, range->high, depth, byte);
    range->high = first_at_least(tokenizer, index, range->low, range->high, depth, byte + 1u);
    return range->low < range->high;
}

int32_t piece_range_exact(const Tokenizer *tokenizer, const PieceIndex *index,
                          const PieceRange *range, size_t depth)
{
    if (range->low == range->high)
        return -1;
    uint32_t id = index->ids[range->low]; // the shortest of the range
    return tokenizer->pieces[id].length == depth ? (int32_t)id : -1;
}

int32_t piece_find(const Tokenizer *tokenizer, const PieceIndex *index, const char *bytes,
                   size_t length)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const Piece *piece = &tokenizer->pieces[index->ids[middle]];
        int order = compare_bytes(bytes, length, piece->bytes, piece->length);
        if (order == 0)
            return (int32_t)index->ids[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return -1;
}

size_t user_defined_prefix(const Tokenizer *tokenizer, const char *text, size_t length)
{
    const PieceIndex *index = &tokenizer->user_defined;
    PieceRange range = {0, index->count};
    size_t longest = 0;
    for (size_t depth = 0; depth < length; depth++) {
        if (!piece_range_follow(tokenizer, index, &range, depth, (uint8_t)text[depth]))
            break;
        if (piece_range_exact(tokenizer, index, &range, depth + 1) >= 0)
            longest = depth + 1;
    }
    return longest;
}
