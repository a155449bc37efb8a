// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-menu.h - what can be done with a take, on its card: by the right button, a long press, the menu key or Shift+F10.
#pragma once
#include "take-card.h"

G_BEGIN_DECLS

void rushes_take_menu_attach(RushesTakeCard *card); // the pointer
// The keys, for the list whose rows hold such cards.
void rushes_take_menu_watch_keys(GtkWidget *list);

G_END_DECLS
