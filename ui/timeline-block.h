// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-block.h - what shots and sounds on the timeline have in common: the part that a pointer takes hold of,
// waveforms, fades, and the menu.
#pragma once
#include <gtk/gtk.h>

#include "timeline-pictures.h"

G_BEGIN_DECLS

typedef enum RushesBlockPart {
    RUSHES_BLOCK_BODY,
    RUSHES_BLOCK_START, // trims the beginning
    RUSHES_BLOCK_END,
    RUSHES_BLOCK_FADE_IN, // the knobs at the top
    RUSHES_BLOCK_FADE_OUT,
    RUSHES_BLOCK_DISSOLVE, // the knob at the bottom, where the shot before is gone
} RushesBlockPart;

// How far the fades reach into the block, pixels. `dissolve` is negative where there is nothing to come from.
typedef struct RushesBlockFades {
    double in, out, dissolve;
} RushesBlockFades;

// The part at x, y of the block, in its own coordinates.
RushesBlockPart rushes_block_find_part(GtkWidget *block, double x, double y,
                                       RushesBlockFades fades);
// The pointer that says what dragging there would do.
void rushes_block_set_cursor(GtkWidget *block, RushesBlockPart part);

// Bars for `seconds` of the peaks from `from` (seconds), across `area`; `gain` is a factor. Only what lies within
// `clip_left` to `clip_right` of the snapshot's x is drawn.
void rushes_block_draw_wave(GtkSnapshot *snapshot, const graphene_rect_t *area,
                            const RushesPeaks *peaks, double from, double seconds, double gain,
                            double clip_left, double clip_right, const GdkRGBA *color);
// Slopes where a fade darkens or quietens, and the knobs that change fades and the dissolve when `has_knobs`.
void rushes_block_draw_fades(GtkSnapshot *snapshot, float width, float height,
                             RushesBlockFades fades, gboolean has_knobs);

typedef struct RushesBlockMenuItem {
    const char *label, *action; // action NULL: a line
} RushesBlockMenuItem;
// Opens a menu at x, y; it goes away when it closes.
void rushes_block_popup_menu(GtkWidget *block, const RushesBlockMenuItem *items, gsize count,
                             double x, double y);

// What of the block its parent shows, in the block's own x.
void rushes_block_visible_range(GtkWidget *block, double *left, double *right);
void rushes_block_allocate_popovers(GtkWidget *block); // from size_allocate
void rushes_block_drop_children(GtkWidget *block);     // from dispose

G_END_DECLS
