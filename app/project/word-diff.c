// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/word-diff.h"

#include <string.h>

#define MOST_WORDS   3000 // the table of lengths stays below 18 MB
#define BRIEFLY_KEPT 10   // letters between two changes that are left standing

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

static gboolean has_word(const char *text)
{
    for (; *text; text = g_utf8_next_char(text)) {
        if (is_word(g_utf8_get_char(text)))
            return TRUE;
    }
    return FALSE;
}

// Spaces and signs that two changes happen to share are part of the change, and what was removed comes before what
// came in its place: other words read as other words then, not as one out of two in turn.
static void gather_changes(const GArray *raw, GArray *diff)
{
    g_autoptr(GString) removed = g_string_new(NULL);
    g_autoptr(GString) added = g_string_new(NULL);

    for (guint n = 0; n < raw->len; n++) {
        const RushesWordDiff *piece = &g_array_index(raw, RushesWordDiff, n);
        gboolean between = n > 0 && n + 1 < raw->len && !has_word(piece->text);
        if (piece->kind == RUSHES_WORD_KEPT && !between) {
            add_piece(diff, RUSHES_WORD_REMOVED, removed->str);
            add_piece(diff, RUSHES_WORD_ADDED, added->str);
            add_piece(diff, RUSHES_WORD_KEPT, piece->text);
            g_string_truncate(removed, 0);
            g_string_truncate(added, 0);
            continue;
        }
        if (piece->kind != RUSHES_WORD_ADDED)
            g_string_append(removed, piece->text);
        if (piece->kind != RUSHES_WORD_REMOVED)
            g_string_append(added, piece->text);
    }
    add_piece(diff, RUSHES_WORD_REMOVED, removed->str);
    add_piece(diff, RUSHES_WORD_ADDED, added->str);
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
    g_autoptr(GArray) raw = g_array_new(FALSE, FALSE, sizeof(RushesWordDiff));
    g_array_set_clear_func(raw, clear_word);
    gsize i = 0, j = 0;
    while (i < left->len || j < right->len) {
        if (i < left->len && j < right->len && g_str_equal(left->pdata[i], right->pdata[j])) {
            add_piece(raw, RUSHES_WORD_KEPT, left->pdata[i++]);
            j++;
        } else if (i < left->len && (j == right->len || common[(i + 1) * columns + j] >=
                                                            common[i * columns + j + 1])) {
            add_piece(raw, RUSHES_WORD_REMOVED, left->pdata[i++]);
        } else {
            add_piece(raw, RUSHES_WORD_ADDED, right->pdata[j++]);
        }
    }
    gather_changes(raw, diff);
    return diff;
}

// One piece of `diff` as markup. What was removed and what came in its place do not touch.
static void append_piece(GString *markup, const GArray *diff, guint n)
{
    static const char *const opening[] = {"", "<span strikethrough=\"true\" alpha=\"60%\">",
                                          "<span underline=\"single\" weight=\"bold\">"};
    const RushesWordDiff *piece = &g_array_index(diff, RushesWordDiff, n);
    const RushesWordDiff *before = n > 0 ? &g_array_index(diff, RushesWordDiff, n - 1) : NULL;
    g_autofree char *text = g_markup_escape_text(piece->text, -1);

    if (before && before->kind == RUSHES_WORD_REMOVED && piece->kind == RUSHES_WORD_ADDED &&
        !g_str_has_suffix(before->text, " ") && !g_str_has_prefix(piece->text, " "))
        g_string_append_c(markup, ' ');
    g_string_append_printf(markup, "%s%s%s", opening[piece->kind], text,
                           piece->kind == RUSHES_WORD_KEPT ? "" : "</span>");
}

char *rushes_word_diff_markup(const char *before, const char *after)
{
    g_autoptr(GArray) diff = rushes_word_diff(before, after);
    GString *markup = g_string_new(NULL);

    for (guint n = 0; n < diff->len; n++)
        append_piece(markup, diff, n);
    return g_string_free(markup, FALSE);
}

// TRUE when so little is common that these are other words, not the same ones changed.
static gboolean is_other_text(const GArray *diff, const char *after)
{
    glong kept = 0;

    for (guint n = 0; n < diff->len; n++) {
        const RushesWordDiff *piece = &g_array_index(diff, RushesWordDiff, n);
        kept += piece->kind == RUSHES_WORD_KEPT ? g_utf8_strlen(piece->text, -1) : 0;
    }
    return kept * 3 < g_utf8_strlen(after, -1);
}

char *rushes_word_diff_brief(const char *before, const char *after)
{
    g_autoptr(GArray) diff = rushes_word_diff(before, after);
    GString *markup = g_string_new(NULL);

    if (*before && *after && is_other_text(diff, after)) {
        g_autofree char *text = g_markup_escape_text(after, -1);
        g_string_append_printf(markup, "Other words: %s", text);
        return g_string_free(markup, FALSE);
    }
    for (guint n = 0; n < diff->len; n++) {
        const RushesWordDiff *piece = &g_array_index(diff, RushesWordDiff, n);
        gboolean kept = piece->kind == RUSHES_WORD_KEPT;
        if (kept && (n == 0 || n + 1 == diff->len))
            continue;
        if (kept && g_utf8_strlen(piece->text, -1) > BRIEFLY_KEPT)
            g_string_append(markup, " \u2026 ");
        else
            append_piece(markup, diff, n);
    }
    return g_string_free(markup, FALSE);
}
