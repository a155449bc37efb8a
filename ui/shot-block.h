// SPDX-License-Identifier: GPL-3.0-or-later
//
// shot-block.h - one shot on the timeline: its pictures, its title, its sound, and handles that trim and fade. A
// focusable thing of its own, so that keys and a screen reader reach every shot.
//
// Signals    "dragged" (int RushesBlockPart, double pixels, boolean last: the button is up), "chosen" (double x),
//            "adjust": the creator wants its settings.
#pragma once
#include <gtk/gtk.h>

#include "project/shot.h"
#include "timeline-block.h"
#include "timeline/timeline.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_SHOT_BLOCK (rushes_shot_block_get_type())
G_DECLARE_FINAL_TYPE(RushesShotBlock, rushes_shot_block, RUSHES, SHOT_BLOCK, GtkWidget)

RushesShotBlock *rushes_shot_block_new(RushesShot *shot, RushesTimelinePictures *pictures);
RushesShot *rushes_shot_block_get_shot(RushesShotBlock *self);
// How it stands in the film now: counted from 0, pixels a second, and its cut, of which what is needed is copied.
void rushes_shot_block_set_place(RushesShotBlock *self, guint position, double scale,
                                 const RushesCut *cut);
// Fields that it shows instead of the shot's own while something is dragged; NULL ends it.
void rushes_shot_block_preview(RushesShotBlock *self, const cJSON *fields);

G_END_DECLS
