// SPDX-License-Identifier: GPL-3.0-or-later
//
// tokenizer.h - text to token ids with a SentencePiece model file (unigram or BPE).
//
// The ids are those of SentencePiece's own encode(): no BOS, no EOS, no padding. prompt_tokens.h
// adds what a text encoder expects around them.
// Threads: an open Tokenizer is immutable and may be used from any thread.
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "rsh.h"

enum {
    // umT5 has 256384 pieces, Gemma 262208.
    TOKENIZER_MAX_PIECES = 1 << 20,
    // umT5's and Gemma's files have about 4.5 MB.
    TOKENIZER_MAX_FILE_BYTES = 64 << 20,
    // Bytes of one text: ten times the longest prompt the commands accept, so that the work
    // stays below a second.
    TOKENIZER_MAX_TEXT_BYTES = 1 << 20,
};

typedef struct Tokenizer Tokenizer;

// On failure *out is NULL. The bytes of open_bytes() are copied; `label` stands for the path.
RSH_MUST_USE RshStatus tokenizer_open(const char *path, Tokenizer **out, RshError *error);
RSH_MUST_USE RshStatus tokenizer_open_bytes(const void *bytes, uint64_t size, const char *label,
                                            Tokenizer **out, RshError *error);
void tokenizer_close(Tokenizer **tokenizer); // NULL-safe; stores NULL

// Writes at most `capacity` ids and stores how many the text has. The text need not be valid
// UTF-8: a wrong byte reads as U+FFFD. Fails when out of memory or above the limit.
RSH_MUST_USE RshStatus tokenizer_encode(const Tokenizer *tokenizer, const char *text, size_t length,
                                        int32_t *ids, size_t capacity, size_t *count,
                                        RshError *error);

size_t tokenizer_piece_count(const Tokenizer *tokenizer);
// The id of a piece, control pieces included; -1 when there is no such piece.
int32_t tokenizer_find(const Tokenizer *tokenizer, const char *piece);
// The bytes of a piece, not NUL-terminated; NULL when `id` is out of range.
const char *tokenizer_piece(const Tokenizer *tokenizer, int32_t id, size_t *length);

// Ids the file declares; -1 when it declares none (unk always exists).
typedef struct TokenizerSpecials {
    int32_t unk, bos, eos, pad;
} TokenizerSpecials;
TokenizerSpecials tokenizer_specials(const Tokenizer *tokenizer);
