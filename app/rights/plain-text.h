// SPDX-License-Identifier: GPL-3.0-or-later
//
// plain-text.h - a text as the letters that a reader sees in it, so that a name is found under its disguises: accents,
// capitals, wide and decorated letters, letters of other scripts that look the same, digits and signs in place of letters,
// invisible characters, letters spelled out one by one or repeated.
//
// Source of the look-alikes: Unicode Technical Standard 39, confusables, the part that reads as a Latin letter.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// One letter of the text.
typedef struct RushesPlainLetter {
    gunichar
        letter; // lower case; i, l and 1 are one letter, because either may hide behind the digit
    guint32 from, until; // its bytes in the original
    guint starts : 1;    // begins a word
    guint ends : 1;      // ends one
    guint
        joined : 1; // only signs like . * _ stand between it and the letter before, no space, hyphen or stroke
    guint digit : 1; // was written as a digit or a sign
} RushesPlainLetter;

typedef struct RushesPlainText {
    GArray *letters; // RushesPlainLetter
    char *original;  // valid UTF-8
} RushesPlainText;

// A sign inside a word ("w!tch", "wanda|elan") may stand for a letter or part two words: `signs` takes it for a letter.
RushesPlainText *rushes_plain_text_new(const char *text, gboolean signs);
void rushes_plain_text_free(RushesPlainText *self); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesPlainText, rushes_plain_text_free)

// The part of the text that spells the name in whole words, or NULL; owned by the caller. What is forgiven grows with
// the length of the name, because a short one is soon found where nobody meant it ("Isa" in "there is a fox").
char *rushes_plain_text_find(const RushesPlainText *self, const RushesPlainText *name);

G_END_DECLS
