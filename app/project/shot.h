// SPDX-License-Identifier: GPL-3.0-or-later
//
// shot.h - one shot of the timeline's row: which take, and which of its frames. The fields are a
// JSON object, so that a lane or an effect adds its own without a change to project or journal.
// Main thread only; changed through project.h, which journals it. Signal "changed".
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_SHOT (rushes_shot_get_type())
G_DECLARE_FINAL_TYPE(RushesShot, rushes_shot, RUSHES, SHOT, GObject)

// `fields` is copied; it has "id" and "take". `take` may be NULL when the take is gone.
RushesShot *rushes_shot_new(const cJSON *fields, RushesTake *take);

const char *rushes_shot_get_id(RushesShot *self);
RushesTake *rushes_shot_get_take(RushesShot *self);
const cJSON *rushes_shot_get_fields(RushesShot *self);

// The frames that are shown: first to last, both included, within what the take will have.
int rushes_shot_get_in(RushesShot *self);
int rushes_shot_get_out(RushesShot *self);
int rushes_shot_get_length(RushesShot *self);     // frames
double rushes_shot_get_seconds(RushesShot *self); // at the take's own rate
// Its title, or the first words of the take's prompt; owned by the caller.
char *rushes_shot_dup_title(RushesShot *self);

// For project-edit.c: replaces those fields; a JSON null removes one.
void rushes_shot_merge(RushesShot *self, const cJSON *fields);

G_END_DECLS
