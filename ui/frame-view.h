// SPDX-License-Identifier: GPL-3.0-or-later
//
// frame-view.h - the picture area: one frame, or two to four compared in lock-step. Knows pixels and
// names only; the preview pane tells it what to show.
#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

#define RUSHES_FRAME_VIEW_MOST 4

typedef enum RushesFrameViewMode {
    RUSHES_FRAME_VIEW_SIDE_BY_SIDE, // also for a single frame
    RUSHES_FRAME_VIEW_WIPE,         // each from one line to the next, the first leftmost
    RUSHES_FRAME_VIEW_DIFFERENCE, // of each other from the first, which stands beside when there are several
} RushesFrameViewMode;

#define RUSHES_TYPE_FRAME_VIEW (rushes_frame_view_get_type())
G_DECLARE_FINAL_TYPE(RushesFrameView, rushes_frame_view, RUSHES, FRAME_VIEW, GtkWidget)

// How many pictures, at most RUSHES_FRAME_VIEW_MOST; 0 shows nothing.
void rushes_frame_view_set_count(RushesFrameView *self, guint count);
void rushes_frame_view_set_caption(RushesFrameView *self, guint slot, const char *caption);
// Packed RGB; NULL clears the slot.
void rushes_frame_view_set_frame(RushesFrameView *self, guint slot, GBytes *rgb, int width,
                                 int height);
void rushes_frame_view_set_mode(RushesFrameView *self, RushesFrameViewMode mode);
RushesFrameViewMode rushes_frame_view_get_mode(RushesFrameView *self);
void rushes_frame_view_set_wipe(RushesFrameView *self, double share); // 0 to 1 from the left
double rushes_frame_view_get_wipe(RushesFrameView *self);
// Screen pixels a picture's pixel; 0 fits the window.
void rushes_frame_view_set_zoom(RushesFrameView *self, double zoom);
double rushes_frame_view_get_zoom(RushesFrameView *self);
double rushes_frame_view_get_shown_zoom(RushesFrameView *self); // never 0 while a frame shows

G_END_DECLS
