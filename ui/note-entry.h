// SPDX-License-Identifier: GPL-3.0-or-later
//
// note-entry.h - the note of a take, kept with every letter; a note that cannot be kept is told below it. Signal "done":
// Return was pressed.
#pragma once
#include <adwaita.h>

#include "project/library.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_NOTE_ENTRY (rushes_note_entry_get_type())
G_DECLARE_FINAL_TYPE(RushesNoteEntry, rushes_note_entry, RUSHES, NOTE_ENTRY, AdwBin)

RushesNoteEntry *rushes_note_entry_new(void);
// The take is one of the project's; NULL: none, and nothing is written.
void rushes_note_entry_set_take(RushesNoteEntry *self, RushesProject *project,
                                RushesLibrary *library, RushesTake *take);

G_END_DECLS
