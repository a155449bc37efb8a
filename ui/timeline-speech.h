// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-speech.h - the window for a spoken line: words, voice, and where it begins. The line becomes a block of the
// sound lane that can be opened here again.
#pragma once
#include <adwaita.h>

#include "project/project.h"

G_BEGIN_DECLS

// `id` is a spoken line to change, or NULL for a new one at `seconds`. Emits "spoken" (string: id) when it is there.
GtkWindow *rushes_timeline_speech_new(GtkWindow *parent, RushesProject *project, const char *id,
                                      double seconds);

G_END_DECLS
