// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-card.h - one take in the strip: picture, number, star, and how far it is.
#pragma once
#include <gtk/gtk.h>

#include "project/take.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_TAKE_CARD (rushes_take_card_get_type())
G_DECLARE_FINAL_TYPE(RushesTakeCard, rushes_take_card, RUSHES, TAKE_CARD, GtkWidget)

RushesTakeCard *rushes_take_card_new(void);
void rushes_take_card_set_take(RushesTakeCard *self, RushesTake *take); // NULL: none
RushesTake *rushes_take_card_get_take(RushesTakeCard *self);

G_END_DECLS
