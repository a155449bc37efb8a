// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-pane.h - the timeline with its tools: time, length, aspect, snapping, zoom, and what is being imported.
// Signals "seek" (int frame of the film), "say" (string).
#pragma once
#include <adwaita.h>

#include "timeline-row.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_TIMELINE_PANE (rushes_timeline_pane_get_type())
G_DECLARE_FINAL_TYPE(RushesTimelinePane, rushes_timeline_pane, RUSHES, TIMELINE_PANE, AdwBin)

void rushes_timeline_pane_set_project(RushesTimelinePane *self, RushesProject *project,
                                      RushesComposer *film);
void rushes_timeline_pane_set_player(RushesTimelinePane *self, RushesPlayer *player);
RushesTimelineRow *rushes_timeline_pane_get_row(RushesTimelinePane *self);
// Decodes the files one after another into the sound lane, the first at `seconds`, each next one where the one before
// ends. Shows that it does and can be cancelled; says what cannot be read.
void rushes_timeline_pane_import(RushesTimelinePane *self, GSList *files, double seconds);
void rushes_timeline_pane_toggle_snap(RushesTimelinePane *self);
void rushes_timeline_pane_adjust(RushesTimelinePane *self); // settings of the block that is meant

G_END_DECLS
