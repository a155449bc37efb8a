// SPDX-License-Identifier: GPL-3.0-or-later
//
// frame-store.h - the decoded frames and the sound of one take: frames.rgb and audio.f32 in its
// folder, readable by number while the worker still appends to them; take.mkv, the lasting copy, when
// those are gone. A RushesFrameSource.
#pragma once
#include "playback/frame-source.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_FRAME_STORE (rushes_frame_store_get_type())
G_DECLARE_FINAL_TYPE(RushesFrameStore, rushes_frame_store, RUSHES, FRAME_STORE, GObject)

// `format` says what the finished clip is; its `ready` and `samples` are taken from the files'
// lengths (`samples` as given when the sound is only in take.mkv). The files may not exist yet.
RushesFrameStore *rushes_frame_store_new(const char *folder, const RushesFrameFormat *format);

// The worker has announced more. Main thread; emits "changed".
void rushes_frame_store_set_ready(RushesFrameStore *self, int frames);
void rushes_frame_store_set_sound(RushesFrameStore *self, int rate, int channels, gint64 samples);

gboolean rushes_frame_store_has_master(const char *folder); // the folder has a take.mkv
// From now on the frames come from take.mkv, which holds all of them; frames.rgb may go. Any thread.
void rushes_frame_store_settle(RushesFrameStore *self);

G_END_DECLS
