// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/word-diff.h"

#include <string.h>

#define MOST_WORDS 3000 // the table of lengths stays below 18 MB

static void clear_word(gpointer data)
{
    g_free(((RushesWordDiff *)data)->text);
}

static gboolean is_word(gunichar c)
{
    return g_unichar_isalnum(c) || g_unichar_ismark(c) || c == '\'' || c == 0x2019;
}

// Words, runs of space, and single signs, each a piece: "fox, " is three.
static GPtrArray *split_pieces(const char *text)
{
    GPtrArray *pieces = g_ptr_array_new_with_free_func(g_free);

    for (const char *at = text; *at;) {
        gunichar first = g_utf8_get_char(at);
        const char *end = g_utf8_next_char(at);
        while (*end && (is_word(first) || g_unichar_isspace(first))) {
            gunichar next = g_utf8_get_char(end);
            if (is_word(first) ? !is_word(next) : !g_unichar_isspace(next))
                break;
            end = g_utf8_next_char(end);
        }
        g_ptr_array_add(pieces, g_strndup(at, (gsize)(end - at)));
        at = end;
    }
    return pieces;
}

static void add_piece(GArray *diff, RushesWordDiffKind kind, const char *text)
{
    if (!*text)
        return;
    if (diff->len > 0) {
        RushesWordDiff *last = &g_array_index(diff, RushesWordDiff, diff->len - 1);
        if (last->kind == kind) {
            char *joined = g_strconcat(last->text, text, NULL);
            g_free(last->text);
            last->text = joined;
            return;
        }
    }
    RushesWordDiff piece = {kind, g_strdup(text)};
    g_array_append_val(diff, piece);
}

GArray *rushes_word_diff(const char *before, const char *after)
{
    GArray *diff = g_array_new(FALSE, FALSE, sizeof(RushesWordDiff));
    g_autoptr(GPtrArray) left = split_pieces(before);
    g_autoptr(GPtrArray) right = split_pieces(after);
    gsize rows = left->len + 1, columns = right->len + 1;

    g_array_set_clear_func(diff, clear_word);
    if (left->len > MOST_WORDS || right->len > MOST_WORDS) {
        add_piece(diff, RUSHES_WORD_REMOVED, before);
        add_piece(diff, RUSHES_WORD_ADDED, after);
        return diff;
    }
    // common[i, j]: the longest common subsequence of left[i..] and right[j..]
    g_autofree guint16 *common = g_new0(guint16, rows * columns);
    for (gsize i = left->len; i-- > 0;) {
        for (gsize j = right->len; j-- > 0;) {
            if (g_str_equal(left->pdata[i], right->pdata[j]))
                common[i * columns + j] = common[(i + 1) * columns + j + 1] + 1;
            else
                common[i * columns + j] =
                    MAX(common[(i + 1) * columns + j], common[i * columns + j + 1]);
        }
    }
    gsize i = 0, j = 0;
    while (i < left->len || j < right->len) {
        if (i < left->len && j < right->len && g_str_equal(left->pdata[i], right->pdata[j])) {
            add_piece(diff, RUSHES_WORD_KEPT, left->pdata[i++]);
            j++;
        } else if (i < left->len && (j == right->len || common[(i + 1) * columns + j] >=
                                                            common[i * columns + j + 1])) {
            add_piece(diff, RUSHES_WORD_REMOVED, left->pdata[i++]);
        } else {
            add_piece(diff, RUSHES_WORD_ADDED, right->pdata[j++]);
        }
    }
    return diff;
}

char *rushes_word_diff_markup(const char *before, const char *after)
{
    static const char *const opening[] = {"", "<span strikethrough=\"true\" alpha=\"60%\">",
                                          "<span underline=\"single\" weight=\"bold\">"};
    g_autoptr(GArray) diff = rushes_word_diff(before, after);
    GString *markup = g_string_new(NULL);

    for (guint n = 0; n < diff->len; n++) {
        RushesWordDiff *piece = &g_array_index(diff, RushesWordDiff, n);
        g_autofree char *text = g_markup_escape_text(piece->text, -1);
        g_string_append_printf(markup, "%s%s%s", opening[piece->kind], text,
                               piece->kind == RUSHES_WORD_KEPT ? "" : "</span>");
    }
    return g_string_free(markup, FALSE);
}
