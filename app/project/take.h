// SPDX-License-Identifier: GPL-3.0-or-later
//
// take.h - one take: a folder with its recipe, its state, what the creator thinks of it, and its
// frames. Main thread only. Properties: "state", "star", "note", "flag", "stage", "fraction", "eta",
// "thumbnail-serial" (rises when the picture of the take is another).
#pragma once
#include "playback/frame-store.h"
#include "project/recipe.h"

G_BEGIN_DECLS

typedef enum RushesTakeState {
    RUSHES_TAKE_QUEUED,
    RUSHES_TAKE_RUNNING,
    RUSHES_TAKE_PAUSED,      // by the creator; goes on from the last finished step
    RUSHES_TAKE_INTERRUPTED, // by a crash or by quitting; goes on likewise
    RUSHES_TAKE_DONE,
    RUSHES_TAKE_FAILED,
    RUSHES_TAKE_CANCELLED,
} RushesTakeState;

const char *rushes_take_state_to_string(RushesTakeState state);
gboolean rushes_take_state_from_string(const char *text, RushesTakeState *state);

#define RUSHES_TYPE_TAKE (rushes_take_get_type())
G_DECLARE_FINAL_TYPE(RushesTake, rushes_take, RUSHES, TAKE, GObject)

// Makes the folder takes_folder/<new id> and its take.json. The recipe is copied; `parent` is an id
// or NULL.
RushesTake *rushes_take_create(const char *takes_folder, int number, const RushesRecipe *recipe,
                               const char *parent, GError **error);
RushesTake *rushes_take_load(const char *folder, GError **error);
gboolean rushes_take_save(RushesTake *self, GError **error);

const char *rushes_take_get_id(RushesTake *self);
const char *rushes_take_get_folder(RushesTake *self);
int rushes_take_get_number(RushesTake *self); // counts from 1 in the project
const RushesRecipe *rushes_take_get_recipe(RushesTake *self);
const char *rushes_take_get_parent(RushesTake *self); // id or NULL
RushesTakeState rushes_take_get_state(RushesTake *self);
gboolean rushes_take_get_star(RushesTake *self);
const char *rushes_take_get_note(RushesTake *self);  // never NULL
const char *rushes_take_get_error(RushesTake *self); // sentence, or NULL
// Why it must not be published, one sentence, or NULL; found out anew each time, never written.
const char *rushes_take_get_flag(RushesTake *self);
gint64 rushes_take_get_created(RushesTake *self);      // seconds since 1970
const cJSON *rushes_take_get_result(RushesTake *self); // fields of the worker's "done", or NULL
double rushes_take_get_fraction(RushesTake *self);
double rushes_take_get_eta(RushesTake *self);        // seconds, negative while unknown
const char *rushes_take_get_stage(RushesTake *self); // for people: "Denoising, step 9 of 16"

// The decoded frames, as many as there are. Belongs to the take.
RushesFrameSource *rushes_take_get_source(RushesTake *self);
gboolean rushes_take_is_playable(RushesTake *self); // at least one frame is there

// thumb.png, the middle frame at a small size, when the take has one; owned by the caller.
char *rushes_take_find_thumbnail(RushesTake *self);
// take.mkv has all frames and frames.rgb goes (take-master.h): the source changes over.
void rushes_take_settle(RushesTake *self);

// None of these writes; the caller saves.
void rushes_take_set_star(RushesTake *self, gboolean star);
void rushes_take_set_note(RushesTake *self, const char *note);
void rushes_take_set_flag(RushesTake *self, const char *flag);
void rushes_take_set_state(RushesTake *self, RushesTakeState state, const char *error);
void rushes_take_set_recipe(RushesTake *self, const RushesRecipe *recipe);
void rushes_take_set_progress(RushesTake *self, const char *stage, double fraction, double eta);
void rushes_take_set_result(RushesTake *self, const cJSON *result);

// The worker's announcements.
void rushes_take_frames_ready(RushesTake *self, int frames);
void rushes_take_sound_ready(RushesTake *self, int rate, int channels, gint64 samples);

// The moving low-resolution preview that the worker has just replaced: packed RGB pictures, owned
// by the take. NULL when there is none.
gboolean rushes_take_load_preview(RushesTake *self, const char *file, int width, int height,
                                  int frames);
GBytes *rushes_take_get_preview(RushesTake *self, int *width, int *height, int *frames);

G_END_DECLS
