// SPDX-License-Identifier: GPL-3.0-or-later
//
// project.h - a folder Name.rushes: the draft of the next take, the takes, the row of shots. Every
// edit is in the journal on the disk before it shows, so a project can end at any moment; Save
// writes the whole state into project.json and empties the journal. Main thread only.
//
// Properties  "can-undo", "can-redo", "notice" (a sentence for the creator, or NULL), "title".
// Signals     "edited" (after any edit), "draft-changed" (by undo, redo or a taken-over recipe).
//
// docs/project.md describes the files.
#pragma once
#include "project/shot.h"
#include "project/take.h"

G_BEGIN_DECLS

typedef enum RushesProjectFlags {
    RUSHES_PROJECT_DEFAULT = 0,
    RUSHES_PROJECT_READ_ONLY = 1 << 0, // changes nothing on the disk and takes no lock
    // When project.json is damaged: keep it as project.json.damaged-N and start from the takes.
    RUSHES_PROJECT_REBUILD = 1 << 1,
} RushesProjectFlags;

#define RUSHES_TYPE_PROJECT (rushes_project_get_type())
G_DECLARE_FINAL_TYPE(RushesProject, rushes_project, RUSHES, PROJECT, GObject)

// `folder` must not exist, or be empty.
RushesProject *rushes_project_create(const char *folder, GError **error);
// Errors: RUSHES_ERROR_BUSY when another window has it, _READ_ONLY when the folder cannot be
// written (open it again with the flag), _NEWER, _FORMAT (open it again with REBUILD), _IO.
RushesProject *rushes_project_open(const char *folder, RushesProjectFlags flags, GError **error);
// The whole state as it is now, JSON for rushes_project_open_state(); owned by the caller.
char *rushes_project_dup_state(RushesProject *self);
// For reading only, in a state that it once had: the edits since then do not count. The takes are those on the disk.
RushesProject *rushes_project_open_state(const char *folder, const char *state, GError **error);
// Writes project.json now. Closing without it loses nothing: the journal has every edit.
gboolean rushes_project_save(RushesProject *self, GError **error);

const char *rushes_project_get_folder(RushesProject *self);
const char *rushes_project_get_title(RushesProject *self);
gboolean rushes_project_get_read_only(RushesProject *self);
const char *rushes_project_get_notice(RushesProject *self);
const RushesRecipe *rushes_project_get_draft(RushesProject *self);
int rushes_project_get_draft_takes(RushesProject *self);   // how many variations in one go
GListModel *rushes_project_get_takes(RushesProject *self); // RushesTake, oldest first
GListModel *rushes_project_get_shots(RushesProject *self); // RushesShot, in playing order
RushesTake *rushes_project_find_take(RushesProject *self, const char *id); // not owned, or NULL
RushesShot *rushes_project_find_shot(RushesProject *self, const char *id); // not owned, or NULL
// A value of the project beyond the above (a sound lane, say); NULL when absent.
const cJSON *rushes_project_get_value(RushesProject *self, const char *key);

// Edits. FALSE with an error when the journal cannot take it; nothing has changed then. All but new takes
// can be undone; words that are written into the draft without a long pause or another edit between, at once.
gboolean rushes_project_set_draft(RushesProject *self, const RushesRecipe *draft, int takes,
                                  GError **error);
// The seed that comes by itself after generating: nobody's edit, which undo passes over.
gboolean rushes_project_next_seed(RushesProject *self, guint64 seed, GError **error);
RushesTake *rushes_project_add_take(RushesProject *self, const RushesRecipe *recipe,
                                    const char *parent, GError **error); // not owned
gboolean rushes_project_remove_take(RushesProject *self, RushesTake *take, GError **error);
gboolean rushes_project_set_star(RushesProject *self, RushesTake *take, gboolean star,
                                 GError **error);
gboolean rushes_project_set_note(RushesProject *self, RushesTake *take, const char *note,
                                 GError **error);
// All of the take; an extension right after the take that it continues goes on where that ends.
gboolean rushes_project_add_shot(RushesProject *self, RushesTake *take, guint position,
                                 GError **error);
gboolean rushes_project_remove_shot(RushesProject *self, RushesShot *shot, GError **error);
gboolean rushes_project_move_shot(RushesProject *self, RushesShot *shot, guint position,
                                  GError **error);
// First and last shown frame.
gboolean rushes_project_trim_shot(RushesProject *self, RushesShot *shot, int in, int out,
                                  GError **error);
// Any fields of a shot; a JSON null removes one. `label` names the edit ("Trim"). Edits with the
// same label on the same shot within a second undo as one.
gboolean rushes_project_edit_shot(RushesProject *self, RushesShot *shot, const char *label,
                                  const cJSON *fields, GError **error);
// Likewise: the same label on the same key within a second undoes as one. `value` NULL removes it.
gboolean rushes_project_set_value(RushesProject *self, const char *key, const cJSON *value,
                                  const char *label, GError **error);

// Between begin and end, edits undo as one under `label`, and are one line of the journal: all of them are
// made or, when one fails or the line cannot be written, none. Nests; nothing may return to the main loop in
// between. `end` gives FALSE when none was made; `error` is only set where the edits themselves succeeded.
void rushes_project_begin(RushesProject *self, const char *label);
gboolean rushes_project_end(RushesProject *self, GError **error);

gboolean rushes_project_undo(RushesProject *self, GError **error); // FALSE also when none is left
gboolean rushes_project_redo(RushesProject *self, GError **error);
const char *rushes_project_get_undo_label(RushesProject *self); // or NULL
const char *rushes_project_get_redo_label(RushesProject *self);

G_END_DECLS
