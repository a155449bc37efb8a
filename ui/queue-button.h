// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue-button.h - the queue as one small pill in the header, its list in a popover.
#pragma once
#include <adwaita.h>

#include "queue/queue.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_QUEUE_BUTTON (rushes_queue_button_get_type())
G_DECLARE_FINAL_TYPE(RushesQueueButton, rushes_queue_button, RUSHES, QUEUE_BUTTON, AdwBin)

void rushes_queue_button_set_queue(RushesQueueButton *self,
                                   RushesQueue *queue); // once, first of all
// The project in sight, after it was attached to the queue: takes of others are named with theirs.
void rushes_queue_button_set_project(RushesQueueButton *self, RushesProject *project);
void rushes_queue_button_popup(RushesQueueButton *self);

G_END_DECLS
