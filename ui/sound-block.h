// SPDX-License-Identifier: GPL-3.0-or-later
//
// sound-block.h - one piece of music or voice on the timeline's sound lane: its waveform and name, and handles that
// move, trim and fade it.
//
// Signals    "dragged" (int RushesBlockPart, double pixels, boolean last: the button is up), "adjust": the creator
//            wants its settings, "nudge" (int RushesBlockPart, int frames): by keys.
#pragma once
#include <gtk/gtk.h>

#include "timeline-block.h"
#include "timeline/timeline.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_SOUND_BLOCK (rushes_sound_block_get_type())
G_DECLARE_FINAL_TYPE(RushesSoundBlock, rushes_sound_block, RUSHES, SOUND_BLOCK, GtkWidget)

RushesSoundBlock *rushes_sound_block_new(const char *id, RushesTimelinePictures *pictures);
const char *rushes_sound_block_get_id(RushesSoundBlock *self);
// The clip as the project has it (copied), and as the film plays it, of which what is needed is copied.
void rushes_sound_block_set_clip(RushesSoundBlock *self, const cJSON *fields, double scale,
                                 const RushesSoundClip *clip);
// Times as the block shows them: what is dragged stands in them already.
void rushes_sound_block_get_times(RushesSoundBlock *self, double *at, double *in, double *out);
double rushes_sound_block_get_whole(RushesSoundBlock *self); // seconds of the media
void rushes_sound_block_preview(RushesSoundBlock *self, const cJSON *fields); // NULL ends it

G_END_DECLS
