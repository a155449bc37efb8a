// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-row.h - the ruler, the shots below it in their lengths, and the play head over both.
// Shots and takes can be dropped between shots. Signals "seek" (int frame of the film), "say"
// (string): an edit that failed.
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
void rushes_timeline_row_set_scale(RushesTimelineRow *self, double pixels_a_second);
double rushes_timeline_row_get_scale(RushesTimelineRow *self);
RushesShot *rushes_timeline_row_get_focused(RushesTimelineRow *self); // not owned, or NULL
void rushes_timeline_row_focus(RushesTimelineRow *self, guint index);

G_END_DECLS
