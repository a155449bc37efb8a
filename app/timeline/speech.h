// SPDX-License-Identifier: GPL-3.0-or-later
//
// speech.h - spoken lines by espeak-ng, kept like imported sound (media.h). Any thread.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

// Speaks a line into the project's media folder. `voice` is an espeak-ng voice ("en", "de+f3"). Returns the name to put
// into a sound clip's "media", owned by the caller; NULL with one sentence when the words cannot be spoken.
char *rushes_speech_speak(RushesProject *project, const char *words, const char *voice,
                          GError **error);

typedef struct RushesVoice {
    char *id;   // what rushes_speech_speak takes
    char *name; // for people: "English (Great Britain)"
} RushesVoice;

// Every installed voice, one a language, sorted by name; freed with g_ptr_array_unref. Empty when none is installed.
GPtrArray *rushes_speech_list_voices(void);

G_END_DECLS
