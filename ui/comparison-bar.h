// SPDX-License-Identifier: GPL-3.0-or-later
//
// comparison-bar.h - below compared takes: how they are shown, and in a line each what differs from the first. All of
// the words and settings are behind its last button, so that no text ever stands on a picture.
//
// Property  "mode" (RushesFrameViewMode as int), changed by its buttons.
#pragma once
#include <adwaita.h>

#include "frame-view.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_COMPARISON_BAR (rushes_comparison_bar_get_type())
G_DECLARE_FINAL_TYPE(RushesComparisonBar, rushes_comparison_bar, RUSHES, COMPARISON_BAR, AdwBin)

// RushesTake, the first is what the others differ from; not to be seen with fewer than two.
void rushes_comparison_bar_set_takes(RushesComparisonBar *self, GPtrArray *takes);
void rushes_comparison_bar_next_mode(RushesComparisonBar *self);
RushesFrameViewMode rushes_comparison_bar_get_mode(RushesComparisonBar *self);

G_END_DECLS
