// SPDX-License-Identifier: GPL-3.0-or-later
//
// playing.h - one playing of a source, from pressing play to the end or a stop: a pipeline of two
// appsrc, one for frames and one for samples, on one clock. The frames end in an appsink whose
// samples reach the main thread when they are due. Speed, direction and loops are made by choosing
// what to push (play-plan.h), never by seeking in GStreamer, so that every position is exact.
#pragma once
#include "playback/frame-source.h"
#include "playback/play-plan.h"

G_BEGIN_DECLS

typedef struct RushesPlaying RushesPlaying;

// Both on the main thread. A frame that the next one overtook is not shown; `dropped` counts those.
typedef void (*RushesPlayingFrameFunc)(int index, GBytes *frame, guint dropped, gpointer data);
// Once; nothing follows. `failure` says which frame could not be read; NULL at the end.
typedef void (*RushesPlayingEndFunc)(const char *failure, gpointer data);

// Starts at once. The plan is the playing's from here on. `audio_sink` NULL: without sound. NULL
// when the pipeline cannot be built.
RushesPlaying *rushes_playing_start(RushesFrameSource *source, RushesPlayPlan *plan,
                                    const char *audio_sink, RushesPlayingFrameFunc on_frame,
                                    RushesPlayingEndFunc on_end, gpointer data);
// No function is called any more after this.
void rushes_playing_stop(RushesPlaying *self);
RushesPlayPlan *rushes_playing_get_plan(RushesPlaying *self);

G_END_DECLS
