// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-start.h - what a new take starts from, written into its folder and its recipe before it is queued
// (docs/protocol.md, "The job"). Block for as long as a picture takes to decode.
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

// The picture in `file` is its first frame; `words` name it for people.
gboolean rushes_take_start_from_picture(RushesTake *take, const char *file, const char *words,
                                        GError **error);

// It goes on from the last frames and the sound of `from`: as many as carry the motion, 1 more than a
// multiple of the model's `frames_multiple`, and fewer than the take will have.
gboolean rushes_take_start_extending(RushesTake *take, RushesTake *from, int frames_multiple,
                                     GError **error);

// The first frame of `take` that is not shown already when it follows a shot of the take it continues that ends
// with frame `last`; 0 when the shot is of another take, or ends before what they share.
int rushes_take_start_after(RushesTake *take, RushesTake *before, int last);

G_END_DECLS
