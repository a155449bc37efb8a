// SPDX-License-Identifier: GPL-3.0-or-later
//
// composer.h - the picture and the sound of the film at any moment. The preview shows what these two
// functions return and the exporter encodes it, so what is seen is what is shipped, byte for byte.
//
// A RushesFrameSource: "frames" are timeline frames, "samples" are at RUSHES_TIMELINE_RATE. Pictures are cropped to the
// canvas' aspect and scaled; a dissolve is a linear blend of code values, so white into white stays white.
#pragma once
#include "timeline/timeline.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_COMPOSER (rushes_composer_get_type())
G_DECLARE_FINAL_TYPE(RushesComposer, rushes_composer, RUSHES, COMPOSER, GObject)

RushesComposer *rushes_composer_new(RushesTimeline *timeline);
// Signal "lost", on the main thread: a picture that was there cannot be read any more, or can be read again.
//
// The film changed; emits "changed". Main thread.
void rushes_composer_set_timeline(RushesComposer *self, RushesTimeline *timeline);
RushesTimeline *rushes_composer_get_timeline(RushesComposer *self); // a new reference
// Why not all of the picture at `frame` can be shown, also when that turned out on reading it; owned by the caller, NULL
// when it can.
char *rushes_composer_dup_problem(RushesComposer *self, int frame);
// A preview shows stripes for what cannot be read; with strict TRUE, read_frame fails with a sentence instead, so that
// no export has a hole that nobody knows of.
void rushes_composer_set_strict(RushesComposer *self, gboolean strict);

G_END_DECLS
