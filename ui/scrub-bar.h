// SPDX-License-Identifier: GPL-3.0-or-later
//
// scrub-bar.h - the whole clip at a glance: a strip of its frames over its waveform, the marks, and
// the play head, which follows the pointer and the arrow keys. A slider to a screen reader.
#pragma once
#include <gtk/gtk.h>

#include "playback/player.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_SCRUB_BAR (rushes_scrub_bar_get_type())
G_DECLARE_FINAL_TYPE(RushesScrubBar, rushes_scrub_bar, RUSHES, SCRUB_BAR, GtkWidget)

void rushes_scrub_bar_set_player(RushesScrubBar *self, RushesPlayer *player);

G_END_DECLS
