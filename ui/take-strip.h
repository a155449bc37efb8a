// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-strip.h - all takes of the project in a row. One selected is previewed, two to four are
// compared. Signals "selection-changed"; "activate" (RushesTake): into the timeline.
#pragma once
#include <adwaita.h>

#include "project/project.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_TAKE_STRIP (rushes_take_strip_get_type())
G_DECLARE_FINAL_TYPE(RushesTakeStrip, rushes_take_strip, RUSHES, TAKE_STRIP, AdwBin)

void rushes_take_strip_set_project(RushesTakeStrip *self, RushesProject *project);
// The selected takes in their order, a new array.
GPtrArray *rushes_take_strip_get_selected(RushesTakeStrip *self);
void rushes_take_strip_select(RushesTakeStrip *self, RushesTake *take);
void rushes_take_strip_select_pair(RushesTakeStrip *self, RushesTake *one, RushesTake *other);
void rushes_take_strip_step(RushesTakeStrip *self, int by); // to a neighbour
// The take's card, or the whole strip while the card is not in sight.
GtkWidget *rushes_take_strip_get_card(RushesTakeStrip *self, RushesTake *take);

G_END_DECLS
