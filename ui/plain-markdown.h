// SPDX-License-Identifier: GPL-3.0-or-later
//
// plain-markdown.h - the Markdown of the model's own pages as text that a label shows.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Headings, paragraphs, lists and tables of `text` as Pango markup: headings are bold, the lines of a paragraph flow,
// every row of a table is a point with what its columns are called. Owned by the caller.
char *rushes_markdown_to_markup(const char *text);

G_END_DECLS
