// SPDX-License-Identifier: GPL-3.0-or-later
//
// project-private.h - what project.c (the object and its files), project-open.c (reading them),
// project-apply.c (ops) and project-edit.c (edits and undo) share.
//
// An edit is a JSON object with "op": it is what the journal holds, what apply understands, and what
// undo keeps. Every op has an inverse that is an op again:
//   set {key, value}            draft {fields}                take-set {id, fields}
//   take-add {id, index}        take-remove {id}              shot-set {id, fields}
//   shot-add {shot, index}      shot-remove {id}              shot-move {id, index}
#pragma once
#include "project/journal.h"
#include "project/project.h"

#define PROJECT_VERSION 1

struct _RushesProject {
    GObject parent_instance;

    char *folder;
    gboolean read_only;
    int lock; // descriptor of .lock, or -1
    char *notice;
    cJSON *values; // the project's fields beyond draft, takes and shots
    RushesRecipe *draft;
    int draft_takes;
    GListStore *takes;
    GListStore *shots;
    GPtrArray *removed; // RushesTake that undo can bring back; their folders stay
    RushesJournal *journal;

    GQueue undo, redo; // of UndoEntry, newest first
    guint group_depth;
    gboolean group_open;               // the newest undo entry belongs to the open group
    gboolean group_failed;             // an edit of it could not be made: none of them counts
    cJSON *group_ops, *group_inverses; // arrays while one is open: as made, and last first
    const char *group_label;
};

// Changes the state in memory by one op. FALSE with an error when the op does not fit the state;
// nothing has changed then.
gboolean project_apply(RushesProject *self, const cJSON *op, GError **error);
// The op that takes `op` back, computed before it is applied; owned by the caller. NULL when `op` does
// not fit.
cJSON *project_invert(RushesProject *self, const cJSON *op);
cJSON *project_op_new(const char *name);
cJSON *project_op_with_id(const char *name, const char *id);
// For each field of `fields`, what it is in `now`, or null. Owned by the caller.
cJSON *project_old_fields(const cJSON *fields, const cJSON *now);
gboolean project_find_index(GListStore *store, gpointer object, guint *index);
// Error of an op that does not fit; returns FALSE.
gboolean project_misfit(GError **error, const char *what);
gboolean project_take_lock(RushesProject *self, GError **error);
// The edits after `saved`, from the journal; it is open for writing then unless the project is read only.
gboolean project_open_journal(RushesProject *self, double saved, GError **error);
char *project_file(RushesProject *self, const char *name);
void project_clear_undo(RushesProject *self);
void project_set_notice(RushesProject *self, const char *notice);
void project_notify_undo(RushesProject *self);
cJSON *project_state_to_json(RushesProject *self);
void project_emit_edited(RushesProject *self);
void project_emit_draft_changed(RushesProject *self);
