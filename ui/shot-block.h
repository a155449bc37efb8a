// SPDX-License-Identifier: GPL-3.0-or-later
//
// shot-block.h - one shot on the timeline: its pictures, its title, and a handle at each end. A
// focusable thing of its own, so that keys and a screen reader reach every shot. Signals "trimmed"
// (int in, int out, frames), "chosen" (int: frame within the shot that was pressed).
#pragma once
#include <gtk/gtk.h>

#include "project/shot.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_SHOT_BLOCK (rushes_shot_block_get_type())
G_DECLARE_FINAL_TYPE(RushesShotBlock, rushes_shot_block, RUSHES, SHOT_BLOCK, GtkWidget)

RushesShotBlock *rushes_shot_block_new(RushesShot *shot, guint position);
RushesShot *rushes_shot_block_get_shot(RushesShotBlock *self);

G_END_DECLS
