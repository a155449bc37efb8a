// SPDX-License-Identifier: GPL-3.0-or-later
//
// word-diff.h - what changed between two prompts, word by word: a longest common subsequence of
// words and the spaces between them, neighbours of one kind joined.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum RushesWordDiffKind {
    RUSHES_WORD_KEPT,
    RUSHES_WORD_REMOVED,
    RUSHES_WORD_ADDED,
} RushesWordDiffKind;

typedef struct RushesWordDiff {
    RushesWordDiffKind kind;
    char *text;
} RushesWordDiff;

// Array of RushesWordDiff in reading order, owned by the caller (g_array_unref frees the texts).
// Texts of the kept and removed give `before`, of the kept and added give `after`. Beyond 3000
// words a side it answers with the whole of both.
GArray *rushes_word_diff(const char *before, const char *after);

// Pango markup: removed words struck through, added ones underlined; owned by the caller.
char *rushes_word_diff_markup(const char *before, const char *after);
// The same without what both have in common: "red grey … howls whispers", or all of `after` when that is next to
// nothing. Empty when nothing differs.
char *rushes_word_diff_brief(const char *before, const char *after);

G_END_DECLS
