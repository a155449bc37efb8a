// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-note.h - what rights lists and consent records say of the draft, beside the Generate button and before it is
// pressed; hidden while they say nothing. Follows the words as they are typed and the files as they change.
#pragma once
#include <adwaita.h>

#include "queue/queue.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_RIGHTS_NOTE (rushes_rights_note_get_type())
G_DECLARE_FINAL_TYPE(RushesRightsNote, rushes_rights_note, RUSHES, RIGHTS_NOTE, AdwBin)

// `words` holds the prompt.
void rushes_rights_note_set_queue(RushesRightsNote *self, RushesQueue *queue, GtkTextBuffer *words);
// What the next take starts from: the picture fields of `reference` (copied), in this project's folder.
void rushes_rights_note_set_reference(RushesRightsNote *self, const RushesRecipe *reference,
                                      const char *project);

// The badge on the first frame's picture. `who` NULL hides it.
void rushes_rights_note_show_person(GtkButton *badge, const char *who, gboolean is_covered);

G_END_DECLS
