// SPDX-License-Identifier: GPL-3.0-or-later
//
// preview-pane.h - the picture, what is being made of it, and the transport below. Shows one take
// (forming, growing or whole), two to four in lock-step, or any frame source, such as the row of
// shots. Signal "cancel-take" (RushesTake).
#pragma once
#include <adwaita.h>

#include "frame-view.h"
#include "playback/player.h"
#include "project/take.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_PREVIEW_PANE (rushes_preview_pane_get_type())
G_DECLARE_FINAL_TYPE(RushesPreviewPane, rushes_preview_pane, RUSHES, PREVIEW_PANE, AdwBin)

// `takes` holds up to RUSHES_FRAME_VIEW_MOST RushesTake; empty shows the invitation.
void rushes_preview_pane_set_takes(RushesPreviewPane *self, GPtrArray *takes);
RushesTake *rushes_preview_pane_get_take(RushesPreviewPane *self); // the first, or NULL
guint rushes_preview_pane_get_n_takes(RushesPreviewPane *self);
// Shows something that is no take; the next set_takes ends it.
void rushes_preview_pane_set_source(RushesPreviewPane *self, RushesFrameSource *source,
                                    const char *caption);
gboolean rushes_preview_pane_shows_source(RushesPreviewPane *self, RushesFrameSource *source);

RushesPlayer *rushes_preview_pane_get_player(RushesPreviewPane *self);
RushesFrameView *rushes_preview_pane_get_view(RushesPreviewPane *self);
void rushes_preview_pane_set_zoom(RushesPreviewPane *self, double zoom); // 0: fit
void rushes_preview_pane_next_mode(RushesPreviewPane *self);             // of comparing
// The compared take that comes next leads: its sound is heard, the others differ from it.
void rushes_preview_pane_swap(RushesPreviewPane *self);

// The buttons of the transport in a row of their own.
void rushes_preview_pane_set_narrow(RushesPreviewPane *self, gboolean narrow);

G_END_DECLS
