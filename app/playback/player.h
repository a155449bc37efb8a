// SPDX-License-Identifier: GPL-3.0-or-later
//
// player.h - plays a frame source: picture and sound on one clock, at any speed in both directions,
// looped or not, between two marks. While it stands still it shows single frames straight from the
// source, so a step is exact and costs one read. Main thread only.
//
// Properties  "source", "position" (frame), "playing", "rate" (1 is normal, negative backwards),
//             "loop", "mark-in", "mark-out" (frames; -1: none), "muted".
// Signals     "frame" (int index, GBytes rgb): show this now.
//             "failed" (string sentence): the frame where it stands, or the next one to be played, cannot be read.
// A source that still grows is played round and round as far as it is ready.
#pragma once
#include "playback/frame-source.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_PLAYER (rushes_player_get_type())
G_DECLARE_FINAL_TYPE(RushesPlayer, rushes_player, RUSHES, PLAYER, GObject)

// `audio_sink`: description of the element that takes the sound, NULL for the system's.
RushesPlayer *rushes_player_new(const char *audio_sink);

void rushes_player_set_source(RushesPlayer *self, RushesFrameSource *source); // NULL: none
RushesFrameSource *rushes_player_get_source(RushesPlayer *self);
int rushes_player_get_position(RushesPlayer *self);
gboolean rushes_player_get_playing(RushesPlayer *self);
double rushes_player_get_rate(RushesPlayer *self);

void rushes_player_play(RushesPlayer *self);
void rushes_player_pause(RushesPlayer *self);
void rushes_player_toggle(RushesPlayer *self);
void rushes_player_seek(RushesPlayer *self, int frame);  // goes on playing if it did
void rushes_player_step(RushesPlayer *self, int frames); // stands still after it
// J (-1), K (0) and L (+1): each repeat doubles the speed, up to 8.
void rushes_player_shuttle(RushesPlayer *self, int direction);

void rushes_player_set_loop(RushesPlayer *self, gboolean loop);
gboolean rushes_player_get_loop(RushesPlayer *self);
void rushes_player_set_muted(RushesPlayer *self, gboolean muted);
void rushes_player_set_marks(RushesPlayer *self, int in, int out);       // -1: none
void rushes_player_get_range(RushesPlayer *self, int *first, int *last); // marks, or the whole

// Frames that came too late to be shown since play began, of how many; for the speed log.
void rushes_player_get_statistics(RushesPlayer *self, guint *shown, guint *dropped);

G_END_DECLS
