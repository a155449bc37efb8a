// SPDX-License-Identifier: GPL-3.0-or-later
// Byte-pair encoding: characters are merged pair by pair, the pair of the highest score first and
// of equal ones the leftmost (Sennrich et al., 2016). Pairs wait in a heap; a pair whose symbols
// were merged meanwhile is recognised by its length and dropped.
#include <stdlib.h>

#include "formats/tokenizer_model.h"
#include "formats/utf8.h"

typedef struct Symbol {
    uint32_t start, length; // length 0: merged into the symbol before
    int32_t previous, next; // -1 at the ends
    bool frozen;            // a user-defined symbol is never merged
} Symbol;

typedef struct Pair {
    float score;
    int32_t left, right;
    uint32_t length; // of both together, when the pair was made
} Pair;

typedef struct Bpe {
    const Tokenizer *tokenizer;
    const char *text;
    Symbol *symbols;
    size_t symbol_count;
    Pair *heap;
    size_t heap_count, heap_capacity;
    uint32_t *unused_splits; // for an unused piece: the length of its left part, 0 if not seen
    bool failed;             // out of memory
} Bpe;

static bool comes_before(const Pair *a, const Pair *b)
{
    return a->score > b->score || (a->score == b->score && a->left < b->left);
}

static void heap_push(Bpe *bpe, Pair pair)
{
    if (bpe->heap_count == bpe->heap_capacity) {
        size_t wanted = bpe->heap_capacity ? bpe->heap_capacity * 2 : 256;
        Pair *larger = realloc(bpe->heap, wanted * sizeof(larger[0]));
        if (!larger) {
            bpe->failed = true;
            return;
        }
        bpe->heap = larger;
        bpe->heap_capacity = wanted;
    }
    size_t at = bpe->heap_count++;
    while (at > 0 && comes_before(&pair, &bpe->heap[(at - 1) / 2])) {
        bpe->heap[at] = bpe->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    bpe->heap[at] = pair;
}

static Pair heap_pop(Bpe *bpe)
{
    Pair top = bpe->heap[0], last = bpe->heap[--bpe->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= bpe->heap_count)
            break;
        if (child + 1 < bpe->heap_count && comes_before(&bpe->heap[child + 1], &bpe->heap[child]))
            child++;
        if (!comes_before(&bpe->heap[child], &last))
            break;
        bpe->heap[at] = bpe->heap[child];
        at = child;
    }
    bpe->heap[at] = last;
    return top;
}

static void offer_pair(Bpe *bpe, int32_t left, int32_t right)
{
    if (left < 0 || right < 0 || bpe->symbols[left].frozen || bpe->symbols[right].frozen)
        return;
    const Symbol *a = &bpe->symbols[left], *b = &bpe->symbols[right];
    uint32_t length = a->length + b->length;
    int32_t id = piece_find(bpe->tokenizer, &bpe->tokenizer->matched, bpe->text + a->start, length);
    if (id < 0)
        return;
    const Piece *piece = &bpe->tokenizer->pieces[id];
    if (piece->kind == PIECE_UNUSED && bpe->unused_splits)
        bpe->unused_splits[id] = a->length;
    heap_push(bpe, (Pair){piece->score, left, right, length});
}

static bool split_symbols(Bpe *bpe, size_t length)
{
    uint32_t code_point;
    bpe->symbols = calloc(length + 1, sizeof(bpe->symbols[0]));
    if (!bpe->symbols)
        return false;
    for (size_t at = 0; at < length;) {
        size_t size = user_defined_prefix(bpe->tokenizer, bpe->text + at, length - at);
        bool frozen = size > 0;
        if (!frozen)
            size = utf8_decode(bpe->text + at, length - at, &code_point);
        if (size == 0)
            size = 1; // only a hostile model's replacements get here
        int32_t index = (int32_t)bpe->symbol_count++;
        bpe->symbols[index] = (Symbol){.start = (uint32_t)at,
                                       .length = (uint32_t)size,
                                       .previous = index - 1,
                                       .next = at + size < length ? index + 1 : -1,
                                       .frozen = frozen};
        at += size;
    }
    return true;
}

static void merge_all(Bpe *bpe)
{
    for (size_t i = 1; i < bpe->symbol_count; i++)
        offer_pair(bpe, (int32_t)i - 1, (int32_t)i);
    while (bpe->heap_count > 0 && !bpe->failed) {
        Pair pair = heap_pop(bpe);
        Symbol *left = &bpe->symbols[pair.left], *right = &bpe->symbols[pair.right];
        if (left->length == 0 || right->length == 0 || left->length + right->length != pair.length)
            continue;
        left->length += right->length;
        right->length = 0;
        left->next = right->next;
        if (right->next >= 0)
            bpe->symbols[right->next].previous = pair.left;
        offer_pair(bpe, left->previous, pair.left);
        offer_pair(bpe, pair.left, left->next);
    }
}

// Writes a symbol, taking pieces that may not be used apart again. Each call is at least a byte
// shorter than the one before, and pieces are short: the recursion is not deep.
static bool write_symbol(const Bpe *bpe, uint32_t start, uint32_t length, PieceSpans *out)
{
    const Tokenizer *tokenizer = bpe->tokenizer;
    int32_t id = piece_find(tokenizer, &tokenizer->all, bpe->text + start, length);
    if (id < 0)
        id = tokenizer->unk;
    uint32_t left = tokenizer->pieces[id].kind == PIECE_UNUSED && bpe->unused_splits
                        ? bpe->unused_splits[id]
                        : 0;
    if (left == 0 || left >= length)
        return piece_spans_add(out, (PieceSpan){start, length, id});
    return write_symbol(bpe, start, left, out) &&
           write_symbol(bpe, start + left, length - left, out);
}

bool bpe_encode(const Tokenizer *tokenizer, const char *text, size_t length, PieceSpans *out)
{
    Bpe bpe = {.tokenizer = tokenizer, .text = text};
    bool done = false;
    if (tokenizer->has_unused) {
        bpe.unused_splits = calloc(tokenizer->piece_count, sizeof(bpe.unused_splits[0]));
        if (!bpe.unused_splits)
            goto done;
    }
    if (!split_symbols(&bpe, length))
        goto done;
    merge_all(&bpe);
    done = !bpe.failed;
    for (int32_t i = bpe.symbol_count > 0 ? 0 : -1; i >= 0 && done; i = bpe.symbols[i].next)
        done = write_symbol(&bpe, bpe.symbols[i].start, bpe.symbols[i].length, out);
done:
    free(bpe.symbols);
    free(bpe.heap);
    free(bpe.unused_splits);
    return done;
}
