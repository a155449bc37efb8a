// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-row.h - the lanes of the timeline: ruler with markers, the shots in their lengths, the sounds, and the play
// head over all. A GtkScrollable: only what is in sight is drawn and allocated. Shots, takes and files can be dropped.
//
// Signals    "seek" (int frame of the film), "say" (string): an edit that failed, "adjust" (GtkWidget): the settings of
//            a block are wanted, "files" (GSList of GFile, double seconds): dropped on the lanes, "marker" (GtkWidget,
//            uint index): a marker's name is wanted.
#pragma once
#include <gtk/gtk.h>

#include "playback/player.h"
#include "project/project.h"
#include "timeline/composer.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_TIMELINE_ROW (rushes_timeline_row_get_type())
G_DECLARE_FINAL_TYPE(RushesTimelineRow, rushes_timeline_row, RUSHES, TIMELINE_ROW, GtkWidget)

void rushes_timeline_row_set_project(RushesTimelineRow *self, RushesProject *project,
                                     RushesComposer *film);
// The play head shows while the player plays the film.
void rushes_timeline_row_set_player(RushesTimelineRow *self, RushesPlayer *player);
// Pixels a second; the time at `x` of the widget stays where it is, with x negative the play head or the middle.
void rushes_timeline_row_set_scale(RushesTimelineRow *self, double pixels_a_second, double x);
double rushes_timeline_row_get_scale(RushesTimelineRow *self);
void rushes_timeline_row_fit(RushesTimelineRow *self); // the whole film
void rushes_timeline_row_set_snaps(RushesTimelineRow *self, gboolean snaps);
gboolean rushes_timeline_row_get_snaps(RushesTimelineRow *self);
RushesShot *rushes_timeline_row_get_focused(RushesTimelineRow *self);       // not owned, or NULL
const char *rushes_timeline_row_get_focused_sound(RushesTimelineRow *self); // id, or NULL
void rushes_timeline_row_focus(RushesTimelineRow *self, guint index);
void rushes_timeline_row_focus_sound(RushesTimelineRow *self, const char *id);
// The block that has the focus, else the shot under the play head; NULL when there is none.
GtkWidget *rushes_timeline_row_get_block(RushesTimelineRow *self);
double rushes_timeline_row_get_seconds(RushesTimelineRow *self); // the play head's time, or 0

G_END_DECLS
