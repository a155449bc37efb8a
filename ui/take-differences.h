// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-differences.h - how one take's words and settings differ from another's, for people. Every text is owned by the
// caller.
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

// Markup in one line: what changed in the words, then the settings.
char *rushes_take_differences_line(RushesTake *from, RushesTake *to);
// Markup: the whole prompt with what was removed and added; after it what is avoided, where that differs.
char *rushes_take_differences_words(RushesTake *from, RushesTake *to);
// Plain: a line a setting, or that they are the same.
char *rushes_take_differences_settings(RushesTake *from, RushesTake *to);

G_END_DECLS
