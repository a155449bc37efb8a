// SPDX-License-Identifier: GPL-3.0-or-later
//
// journal.h - the append-only record of edits beside project.json. One JSON object a line, each with
// a rising "seq"; an edit counts as made once its line is on the disk. The file is emptied after
// project.json has been replaced by a state that holds every line.
#pragma once
#include "json-file.h"

G_BEGIN_DECLS

typedef struct RushesJournal RushesJournal;

// Called for each whole line in order; the object stays the journal's. FALSE stops the reading and
// counts the line as damaged.
typedef gboolean (*RushesJournalFunc)(const cJSON *edit, gpointer data);

// Reads what is there. A last line without its end (a write cut short) is dropped silently: it was
// never acknowledged. From the first damaged line on, the rest is kept in a file beside it, whose
// name is stored in `damaged` (owned by the caller, may be NULL), and left out.
// `writable` FALSE reads only and changes nothing on the disk.
RushesJournal *rushes_journal_open(const char *path, gboolean writable, RushesJournalFunc replay,
                                   gpointer data, char **damaged, GError **error);
void rushes_journal_close(RushesJournal *self);

// Whether lines can be written; the error says what to do where they cannot.
gboolean rushes_journal_is_writable(RushesJournal *self, GError **error);

// Writes one line and syncs it. On failure the file is as before and the edit must not be applied.
// Adds "seq" to `edit`.
gboolean rushes_journal_append(RushesJournal *self, cJSON *edit, GError **error);

// Forgets all lines; call it only after their effect is on the disk elsewhere.
gboolean rushes_journal_clear(RushesJournal *self, GError **error);

guint64 rushes_journal_get_seq(RushesJournal *self); // of the last line; 0 before the first
void rushes_journal_set_seq(RushesJournal *self, guint64 seq);
guint rushes_journal_get_length(RushesJournal *self); // lines in the file

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesJournal, rushes_journal_close)

G_END_DECLS
