// SPDX-License-Identifier: GPL-3.0-or-later
//
// prompt-pane.h - the draft of the next take: words, settings, what it starts from, what it will
// cost. Writes the project's draft as the creator types.
#pragma once
#include <adwaita.h>

#include "project/project.h"
#include "queue/queue.h"
#include "rights-note.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_PROMPT_PANE (rushes_prompt_pane_get_type())
G_DECLARE_FINAL_TYPE(RushesPromptPane, rushes_prompt_pane, RUSHES, PROMPT_PANE, AdwBin)

void rushes_prompt_pane_set_queue(RushesPromptPane *self, RushesQueue *queue);
void rushes_prompt_pane_set_project(RushesPromptPane *self, RushesProject *project);

// Writes what was typed since the last time into the project now.
void rushes_prompt_pane_flush(RushesPromptPane *self);
// Puts the recipe into the fields, and so into the draft.
void rushes_prompt_pane_take_over(RushesPromptPane *self, const RushesRecipe *recipe);
// Of the recipe the words alone, also those to avoid, or the seed alone; all else in the draft stays.
void rushes_prompt_pane_take_words(RushesPromptPane *self, const RushesRecipe *recipe);
void rushes_prompt_pane_take_seed(RushesPromptPane *self, const RushesRecipe *recipe);
void rushes_prompt_pane_new_seed(RushesPromptPane *self);
// The same after generating: not an edit of the creator's, which undo would take back.
void rushes_prompt_pane_next_seed(RushesPromptPane *self);
gboolean rushes_prompt_pane_get_seed_kept(RushesPromptPane *self);
void rushes_prompt_pane_set_seed_kept(RushesPromptPane *self, gboolean kept);
void rushes_prompt_pane_focus_words(RushesPromptPane *self);
gboolean rushes_prompt_pane_has_words(RushesPromptPane *self);
// Why the worker would refuse the draft as it stands, or NULL; owned by the pane.
const char *rushes_prompt_pane_get_refusal(RushesPromptPane *self);
// Where the next take starts from, as the project's value "start" says it. `who` says who is on the picture (NULL: that
// is no question); `is_covered` whether that is settled.
void rushes_prompt_pane_show_start(RushesPromptPane *self, GdkPaintable *picture, const char *words,
                                   const char *who, gboolean is_covered);
RushesRightsNote *rushes_prompt_pane_get_rights_note(RushesPromptPane *self); // not owned

G_END_DECLS
