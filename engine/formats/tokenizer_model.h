// SPDX-License-Identifier: GPL-3.0-or-later
// tokenizer_model.h - a SentencePiece .model file in memory. Only tokenizer_*.c include this.
#pragma once
#include "formats/tokenizer.h"

typedef enum PieceKind {
    PIECE_NORMAL = 1, // SentencePiece's own numbers
    PIECE_UNKNOWN = 2,
    PIECE_CONTROL = 3,
    PIECE_USER_DEFINED = 4,
    PIECE_UNUSED = 5,
    PIECE_BYTE = 6,
} PieceKind;

typedef struct Piece {
    const char *bytes; // into Tokenizer.file
    uint32_t length;
    PieceKind kind;
    float score;
} Piece;

// Ids in byte order of their pieces: binary search finds a piece, and following one more byte
// narrows a range, so the same array is a dictionary and a trie.
typedef struct PieceIndex {
    uint32_t *ids;
    size_t count;
} PieceIndex;

typedef struct PieceRange {
    size_t low, high; // entries of the index that share the bytes followed so far
} PieceRange;

typedef enum TokenizerKind { TOKENIZER_UNIGRAM = 1, TOKENIZER_BPE = 2 } TokenizerKind;

struct Tokenizer {
    char label[128];
    char *file; // the model file's bytes
    size_t file_size;

    Piece *pieces;
    size_t piece_count, piece_capacity;
    PieceIndex all;          // every piece, for tokenizer_find()
    PieceIndex matched;      // normal, user-defined and unused ones: what text can become
    PieceIndex user_defined; // taken whole before anything else
    TokenizerKind kind;
    int32_t unk;
    int32_t byte_ids[256]; // -1 when the model has no byte pieces
    bool byte_fallback;
    bool has_unused;
    float lowest_score, highest_score; // of the normal pieces
    const char *bos, *eos, *pad;
    uint32_t bos_length, eos_length, pad_length;

    // Normalisation.
    bool add_dummy_prefix, remove_extra_whitespace, escape_whitespace, whitespace_is_suffix;
    const uint8_t *trie; // little-endian u32 units of a double array, or NULL
    size_t trie_units;
    const char *replacements; // NUL-terminated strings one after another
    size_t replacements_size;
};

// Fills `tokenizer` (zeroed but for label, file and file_size) from its file.
RSH_MUST_USE RshStatus tokenizer_parse(Tokenizer *tokenizer, RshError *error);

// Narrows `range`, whose entries share `depth` bytes, to those whose next byte is `byte`. False,
// leaving an empty range, when there is none.
bool piece_range_follow(const Tokenizer *tokenizer, const PieceIndex *index, PieceRange *range,
                        size_t depth, uint8_t byte);
// The id of the entry that ends at exactly `depth` bytes, or -1.
int32_t piece_range_exact(const Tokenizer *tokenizer, const PieceIndex *index,
                          const PieceRange *range, size_t depth);
// The id of exactly these bytes, or -1.
int32_t piece_find(const Tokenizer *tokenizer, const PieceIndex *index, const char *bytes,
                   size_t length);
// Length of the longest user-defined piece that `text` starts with; 0 for none.
size_t user_defined_prefix(const Tokenizer *tokenizer, const char *text, size_t length);

// The normalised text: malloc'd for the caller, NULL when out of memory. It has at most 64 bytes
// for each byte of `text`, and is UTF-8 unless the model's own replacements are not.
char *tokenizer_normalise(const Tokenizer *tokenizer, const char *text, size_t length,
                          size_t *out_length);

// Pieces of a normalised text, in order. Growing array, owned by whoever zeroed it.
typedef struct PieceSpan {
    uint32_t start, length; // bytes of the normalised text
    int32_t id;
} PieceSpan;
typedef struct PieceSpans {
    PieceSpan *spans;
    size_t count, capacity;
} PieceSpans;
bool piece_spans_add(PieceSpans *spans, PieceSpan span); // false when out of memory

// Both return false when out of memory.
bool unigram_encode(const Tokenizer *tokenizer, const char *text, size_t length, PieceSpans *out);
bool bpe_encode(const Tokenizer *tokenizer, const char *text, size_t length, PieceSpans *out);
