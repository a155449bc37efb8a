// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-private.h - the lanes, for the files they are split over: timeline-row.c (what is where), timeline-sync.c
// (children for what the project has), timeline-focus.c (keyboard), timeline-ruler.c (time and the play head),
// timeline-drag.c (pointers: blocks, ruler, drops, zoom), timeline-snap.c (where things meet).
//
// Coordinates: "x" is in the widget, scrolled; times are seconds of the film.
#pragma once
#include "shot-block.h"
#include "sound-block.h"
#include "timeline-row.h"

#define TIMELINE_RULER 26 // height of the ruler
#define TIMELINE_LEFT  12 // where second 0 stands before scrolling
#define TIMELINE_SOUND 34 // height of a row of sounds

struct _RushesTimelineRow {
    GtkWidget parent_instance;

    RushesProject *project;
    RushesComposer *composer;
    RushesTimeline *film; // as the composer last had it
    RushesPlayer *player;
    RushesTimelinePictures *pictures;
    GPtrArray *blocks;  // RushesShotBlock children, in order
    GPtrArray *sounds;  // RushesSoundBlock children, as in the project
    GPtrArray *markers; // GtkButton children, as in the project
    GArray *sound_rows; // int: the row of each sound
    int n_sound_rows;
    double scale; // pixels a second
    gboolean snaps;
    double drop_x;    // where a drop would go, negative: none
    double snap_line; // time that something has snapped to, negative: none
    // A shot that is trimmed just now shows its new length; those after it move by the difference.
    guint trimmed; // index, G_MAXUINT: none
    double trimmed_by;

    GtkAdjustment *hadjustment, *vadjustment;
    GtkScrollablePolicy hpolicy, vpolicy;
    GtkGesture *ruler; // owned by the widget
};

enum {
    TIMELINE_SEEK,
    TIMELINE_SAY,
    TIMELINE_ADJUST,
    TIMELINE_FILES,
    TIMELINE_MARKER,
    TIMELINE_N_SIGNALS
};
extern guint timeline_signals[TIMELINE_N_SIGNALS];

double timeline_fps(RushesTimelineRow *self);
double timeline_x(RushesTimelineRow *self, double seconds);
double timeline_seconds(RushesTimelineRow *self, double x);
// Where a shot begins; with the count of shots, the end of the film.
double timeline_shot_start(RushesTimelineRow *self, guint index);
double timeline_head(
    RushesTimelineRow *self); // the play head's time, negative while it shows something else
void timeline_failed(RushesTimelineRow *self, GError *error); // says it, if there is one
void timeline_sync(RushesTimelineRow *self); // brings sounds and markers to what the project has
RushesSoundBlock *timeline_find_sound(RushesTimelineRow *self, const char *id); // or NULL
void timeline_arrange_sounds(RushesTimelineRow *self); // into rows, by the times that they show
void timeline_drop_children(GPtrArray *children);
void timeline_scroll_to(RushesTimelineRow *self, double from, double to); // seconds
gboolean timeline_move_focus(GtkWidget *widget, GtkDirectionType direction);

// The nearest place to snap to within a few pixels of `seconds`, else `seconds`; sets the line that shows it. `except`
// is the id of the sound that moves, or NULL.
double timeline_snap(RushesTimelineRow *self, double seconds, const char *except);
void timeline_watch_pointer(RushesTimelineRow *self);
void timeline_watch_shot(RushesTimelineRow *self, RushesShotBlock *block);
void timeline_watch_sound(RushesTimelineRow *self, RushesSoundBlock *block);
void timeline_draw_ruler(RushesTimelineRow *self, GtkSnapshot *snapshot, float width);
void timeline_draw_head(RushesTimelineRow *self, GtkSnapshot *snapshot, float width, float height);
