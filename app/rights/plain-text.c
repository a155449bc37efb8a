// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/plain-text.h"

#include <string.h>

#define MOST_PARTS 18 // G_UNICHAR_MAX_DECOMPOSITION_LENGTH
// From this many letters on, words may be cut anywhere and single letters doubled; "Mater" must not be found in "matter".
#define LONG_NAME 7
// Up to this many letters, digits are digits: "3D" is not Ed.
#define SHORT_NAME 3

// Letters that read as Latin ones, in the case in which they do.
static const struct {
    const char *latin;
    const char *others;
} look_alikes[] = {
    {"a", "аАαΑᴀɑ"}, {"b", "вВьЬΒβʙ"}, {"c", "сСϲᴄ"},   {"d", "ԁđÐðᴅ"},    {"e", "еЕεΕᴇ€"},
    {"g", "ɡɢ"},     {"h", "һнНΗʜħ"},  {"i", "іІιΙıɪ"}, {"j", "јЈϳᴊ"},     {"k", "кКκΚᴋ"},
    {"l", "ӏʟł£"},   {"m", "мМΜᴍ"},    {"n", "Νηɴŋ"},   {"o", "оОοΟσᴏøθ"}, {"p", "рРρΡᴘ"},
    {"q", "ԛ"},      {"r", "ʀг"},      {"s", "ѕЅꜱ"},    {"t", "тТτΤᴛ+"},   {"u", "υᴜμ"},
    {"v", "νѵᴠ"},    {"w", "ԝωᴡɯ"},    {"x", "хХχΧ"},   {"y", "уУΥγүʏ¥"},  {"z", "Ζζᴢ"},
};

static const struct {
    char sign, letter;
} digits[] = {
    {'0', 'o'}, {'1', 'i'}, {'2', 'z'}, {'3', 'e'}, {'4', 'a'}, {'5', 's'}, {'6', 'g'},
    {'7', 't'}, {'8', 'b'}, {'9', 'g'}, {'@', 'a'}, {'$', 's'}, {'!', 'i'}, {'|', 'i'},
};

static GHashTable *make_table(void)
{
    GHashTable *table = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < G_N_ELEMENTS(look_alikes); i++)
        for (const char *p = look_alikes[i].others; *p; p = g_utf8_next_char(p))
            g_hash_table_insert(table, GUINT_TO_POINTER(g_utf8_get_char(p)),
                                GUINT_TO_POINTER((guint)look_alikes[i].latin[0]));
    return table;
}

static gunichar latin_of(gunichar c)
{
    static gsize once;
    static GHashTable *table;

    if (g_once_init_enter(&once)) {
        table = make_table();
        g_once_init_leave(&once, 1);
    }
    // Letters in flags and in filled squares and circles have no decomposition.
    if (c >= 0x1f1e6 && c <= 0x1f1ff)
        return c - 0x1f1e6 + 'a';
    if (c >= 0x1f150 && c <= 0x1f189 && (c - 0x1f150) % 32 < 26)
        return (c - 0x1f150) % 32 + 'a';
    return GPOINTER_TO_UINT(g_hash_table_lookup(table, GUINT_TO_POINTER(c)));
}

// Accents and invisible characters neither are letters nor part words.
static gboolean is_nothing(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return type == G_UNICODE_NON_SPACING_MARK || type == G_UNICODE_ENCLOSING_MARK ||
           type == G_UNICODE_FORMAT || c == 0x115f || c == 0x1160 || c == 0x3164 || c == 0xffa0;
}

// What the character stands for, or 0 when it is neither letter nor digit.
static gunichar plain_letter(gunichar c, gboolean may_be_sign, gboolean *digit)
{
    gunichar latin = latin_of(c);

    *digit = FALSE;
    if (c < 128 && !g_ascii_isalnum((char)c) && !may_be_sign)
        return 0;
    for (guint i = 0; i < G_N_ELEMENTS(digits); i++)
        if ((gunichar)digits[i].sign == c) {
            *digit = TRUE;
            return (gunichar)digits[i].letter;
        }
    if (!latin)
        latin = g_unichar_isalnum(c) ? g_unichar_tolower(c) : 0;
    if (c < 128 && latin && !g_ascii_isalnum((char)c))
        *digit = TRUE;
    return latin == 'l' ? 'i' : latin;
}

// Only inside a word; at its end, and on its own, a sign is a sign.
static gboolean may_be_letter(gunichar sign, gboolean in_word, gunichar next)
{
    return sign == '@' || sign == '$' ? g_unichar_isalnum(next) || in_word
                                      : in_word && g_unichar_isalnum(next);
}

// One character may be several letters, as in a ligature.
static void add_character(RushesPlainText *self, gunichar character, gboolean may_be_sign,
                          guint32 from, guint32 until, gboolean *in_word, gboolean *parted)
{
    static const struct {
        gunichar c;
        gunichar parts[2];
    } doubles[] = {{0xdf, {'s', 's'}}, {0x1e9e, {'s', 's'}}, {0xe6, {'a', 'e'}},
                   {0xc6, {'a', 'e'}}, {0x153, {'o', 'e'}},  {0x152, {'o', 'e'}}};
    gunichar parts[MOST_PARTS];
    gsize count = g_unichar_fully_decompose(character, TRUE, parts, MOST_PARTS);

    for (guint i = 0; i < G_N_ELEMENTS(doubles); i++)
        if (doubles[i].c == character) {
            memcpy(parts, doubles[i].parts, sizeof(doubles[i].parts));
            count = 2;
        }
    for (gsize i = 0; i < count; i++) {
        gboolean digit;
        if (is_nothing(parts[i]))
            continue;
        gunichar letter = plain_letter(parts[i], may_be_sign, &digit);
        guint length = self->letters->len;
        if (!letter) {
            if (*in_word)
                g_array_index(self->letters, RushesPlainLetter, length - 1).ends = TRUE;
            *in_word = FALSE;
            *parted = *parted || g_unichar_isspace(parts[i]) ||
                      strchr("-'/,;:!?()", (int)parts[i]) ||
                      g_unichar_type(parts[i]) == G_UNICODE_DASH_PUNCTUATION ||
                      g_unichar_type(parts[i]) == G_UNICODE_FINAL_PUNCTUATION;
            continue;
        }
        RushesPlainLetter item = {.letter = letter,
                                  .from = from,
                                  .until = until,
                                  .starts = !*in_word,
                                  .joined = length > 0 && !*parted,
                                  .digit = digit};
        g_array_append_val(self->letters, item);
        *in_word = TRUE;
        *parted = FALSE;
    }
}

RushesPlainText *rushes_plain_text_new(const char *text, gboolean signs)
{
    RushesPlainText *self = g_new0(RushesPlainText, 1);
    gboolean in_word = FALSE, parted = FALSE;

    self->letters = g_array_new(FALSE, FALSE, sizeof(RushesPlainLetter));
    self->original = g_utf8_make_valid(text, -1);
    for (const char *p = self->original; *p;) {
        const char *after = g_utf8_next_char(p);
        gunichar c = g_utf8_get_char(p);
        add_character(self, c, signs && may_be_letter(c, in_word, g_utf8_get_char(after)),
                      (guint32)(p - self->original), (guint32)(after - self->original), &in_word,
                      &parted);
        p = after;
    }
    if (in_word)
        g_array_index(self->letters, RushesPlainLetter, self->letters->len - 1).ends = TRUE;
    return self;
}

void rushes_plain_text_free(RushesPlainText *self)
{
    if (!self)
        return;
    g_array_unref(self->letters);
    g_free(self->original);
    g_free(self);
}

static guint run_of(const RushesPlainLetter *letters, guint count)
{
    guint run = 1;

    while (run < count && letters[run].letter == letters[0].letter)
        run++;
    return run;
}

// May `found` times a letter stand for `wanted` times?
static gboolean is_same_run(guint found, guint wanted, gboolean is_long)
{
    return found == wanted || (found >= 3 && found > wanted) || is_long;
}

// May the text have a word's end before `at`, where the name has none?
static gboolean may_part(const RushesPlainLetter *at, gboolean is_long)
{
    gboolean spelled_out = at[-1].starts && at[-1].ends && at[0].starts && at[0].ends;

    return is_long || at->joined || spelled_out;
}

// How many letters of `text` spell the whole name, or 0.
static guint match_here(const RushesPlainLetter *text, guint count, const RushesPlainLetter *name,
                        guint length)
{
    gboolean is_long = length >= LONG_NAME;
    guint at = 0;

    for (guint n = 0; n < length;) {
        guint wanted = run_of(name + n, length - n);
        if (at >= count || text[at].letter != name[n].letter)
            return 0;
        guint found = run_of(text + at, count - at);
        gboolean is_last = n + wanted == length;
        // The next word may begin with the letter that this one ends with.
        guint taken = 0;
        for (guint k = is_last ? 1 : found; k <= found && !taken; k++)
            if (is_same_run(k, wanted, is_long) && (!is_last || text[at + k - 1].ends))
                taken = k;
        if (!taken)
            return 0;
        for (guint k = 0; k < taken; k++) {
            const RushesPlainLetter *letter = &text[at + k];
            if (letter->digit && length <= SHORT_NAME)
                return 0;
            gboolean name_parts = k < wanted ? name[n + k].starts : FALSE;
            if (at + k > 0 && letter->starts && !name_parts && !may_part(letter, is_long))
                return 0;
        }
        at += taken;
        n += wanted;
    }
    return at;
}

char *rushes_plain_text_find(const RushesPlainText *self, const RushesPlainText *name)
{
    const RushesPlainLetter *letters = (const RushesPlainLetter *)(gpointer)self->letters->data;
    const RushesPlainLetter *wanted = (const RushesPlainLetter *)(gpointer)name->letters->data;
    guint count = self->letters->len, length = name->letters->len;

    for (guint at = 0; length > 0 && at < count; at++) {
        if (!letters[at].starts || letters[at].letter != wanted[0].letter)
            continue;
        guint found = match_here(letters + at, count - at, wanted, length);
        if (found)
            return g_strndup(self->original + letters[at].from,
                             letters[at + found - 1].until - letters[at].from);
    }
    return NULL;
}
