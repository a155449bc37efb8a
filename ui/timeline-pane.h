// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-pane.h - the timeline with its head: time, length, zoom. Signals "seek" (int frame of the
// film), "say" (string).
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

G_END_DECLS
