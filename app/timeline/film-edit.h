// SPDX-License-Identifier: GPL-3.0-or-later
//
// film-edit.h - edits of the film beyond single shots: the second sound lane, markers, the aspect, splitting, and
// deleting with what comes later moved up. Each is one step of undo and in the journal before it returns.
//
// The fields are those of timeline.h. A sound clip also keeps "title", "seconds" (of its media when it was made) and,
// when it is a spoken line, "words" and "voice", so that it can be spoken again. Main thread only.
#pragma once
#include "timeline/timeline.h"

G_BEGIN_DECLS

// The clip with that id, which belongs to the project and is gone after the next edit; NULL when there is none.
const cJSON *rushes_film_find_sound(RushesProject *project, const char *id);
// Adds a clip with these fields (an "id" in them is replaced). Returns the new id, owned by the caller.
char *rushes_film_add_sound(RushesProject *project, const cJSON *fields, const char *label,
                            GError **error);
// Changes fields; a JSON null removes one. The same label within a second undoes as one.
gboolean rushes_film_edit_sound(RushesProject *project, const char *id, const char *label,
                                const cJSON *fields, GError **error);
// Lets the clip begin, or end, at `seconds` of the film, with what its media has there. FALSE without an error when nothing
// of it would be left, or its media does not reach so far.
gboolean rushes_film_trim_sound(RushesProject *project, const char *id, gboolean begins,
                                double seconds, GError **error);
gboolean rushes_film_remove_sound(RushesProject *project, const char *id, GError **error);
// Two clips in place of one that sounds at `seconds` of the film. FALSE without an error when it does not.
gboolean rushes_film_split_sound(RushesProject *project, const char *id, double seconds,
                                 GError **error);
// Where a clip ends in the film, from its fields alone.
double rushes_film_sound_end(const cJSON *clip);

// Two shots in place of one; the second begins with the take's frame `frame`. FALSE without an error when that
// frame is not inside the shot.
gboolean rushes_film_split_shot(RushesProject *project, RushesShot *shot, int frame,
                                GError **error);
// Removes the shot or the clip, and moves the sounds and markers that come after it up by its length. Shots follow one
// another in any case.
gboolean rushes_film_ripple_shot(RushesProject *project, RushesShot *shot, GError **error);
gboolean rushes_film_ripple_sound(RushesProject *project, const char *id, GError **error);

// Markers, sorted by time. `text` may be empty.
gboolean rushes_film_add_marker(RushesProject *project, double at, const char *text,
                                GError **error);
gboolean rushes_film_rename_marker(RushesProject *project, guint index, const char *text,
                                   GError **error);
gboolean rushes_film_remove_marker(RushesProject *project, guint index, GError **error);
guint rushes_film_count_markers(RushesProject *project);
// FALSE when there is no such marker. `text` belongs to the project.
gboolean rushes_film_get_marker(RushesProject *project, guint index, double *at, const char **text);

// "16:9", "9:16", "1:1", or NULL for the takes' own.
const char *rushes_film_get_aspect(RushesProject *project);
gboolean rushes_film_set_aspect(RushesProject *project, const char *aspect, GError **error);

G_END_DECLS
