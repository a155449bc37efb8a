// SPDX-License-Identifier: GPL-3.0-or-later
// Unigram: the segmentation of the largest total score (Kudo, Subword Regularization, 2018), by
// Viterbi over byte positions. Scores are added in f32 and ties go to the piece that starts
// first, as SentencePiece does it, so that the ids agree on every text.
#include <float.h>
#include <stdlib.h>

#include "formats/tokenizer_model.h"
#include "formats/utf8.h"

// What an unknown character costs below the lowest score of a known piece.
static const float unknown_penalty = 10.0f;

typedef struct BestPath {
    float score;    // of the best segmentation that ends here
    int32_t id;     // its last piece
    uint32_t start; // where that piece starts
    bool reached;
} BestPath;

static void improve(BestPath *path, double score, uint32_t start, int32_t id)
{
    if (!path->reached || score > (double)path->score)
        *path = (BestPath){.score = (float)score, .id = id, .start = start, .reached = true};
}

static void extend_from(const Tokenizer *tokenizer, const char *text, size_t length, size_t start,
                        size_t character, BestPath *paths)
{
    const PieceIndex *index = &tokenizer->matched;
    PieceRange range = {0, index->count};
    float before = paths[start].score;
    bool character_known = false;
    for (size_t depth = 0; start + depth < length; depth++) {
        if (!piece_range_follow(tokenizer, index, &range, depth, (uint8_t)text[start + depth]))
            break;
        size_t size = depth + 1;
        int32_t id = piece_range_exact(tokenizer, index, &range, size);
        if (id < 0 || tokenizer->pieces[id].kind == PIECE_UNUSED)
            continue;
        // A user-defined symbol costs next to nothing, so that it always wins.
        const Piece *piece = &tokenizer->pieces[id];
        double score = piece->kind == PIECE_USER_DEFINED
                           ? (double)((float)size * tokenizer->highest_score) - 0.1
                           : (double)piece->score;
        improve(&paths[start + size], score + (double)before, (uint32_t)start, id);
        character_known |= size == character;
    }
    if (!character_known)
        improve(&paths[start + character],
                (double)(tokenizer->lowest_score - unknown_penalty + before), (uint32_t)start,
                tokenizer->unk);
}

bool unigram_encode(const Tokenizer *tokenizer, const char *text, size_t length, PieceSpans *out)
{
    BestPath *paths = calloc(length + 1, sizeof(paths[0]));
    uint32_t code_point;
    bool done = paths != NULL;
    if (!done)
        return false;
    for (size_t at = 0; at < length;) {
        size_t character = utf8_decode(text + at, length - at, &code_point);
        if (character == 0)
            character = 1; // only a hostile model's replacements get here
        extend_from(tokenizer, text, length, at, character, paths);
        at += character;
    }
    for (size_t end = length; end > 0 && done; end = paths[end].start) {
        PieceSpan span = {paths[end].start, (uint32_t)end - paths[end].start, paths[end].id};
        done = piece_spans_add(out, span);
    }
    for (size_t i = 0; i < out->count / 2; i++) { // they were found back to front
        PieceSpan other = out->spans[out->count - 1 - i];
        out->spans[out->count - 1 - i] = out->spans[i];
        out->spans[i] = other;
    }
    free(paths);
    return done;
}
