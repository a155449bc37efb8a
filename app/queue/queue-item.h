// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue-item.h - one job of the queue as its list shows it: a take of a project, and its row in the
// library. State and progress are the take's.
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_QUEUE_ITEM (rushes_queue_item_get_type())
G_DECLARE_FINAL_TYPE(RushesQueueItem, rushes_queue_item, RUSHES, QUEUE_ITEM, GObject)

RushesQueueItem *rushes_queue_item_new(gint64 id, const char *project, RushesTake *take,
                                       double position);
gint64 rushes_queue_item_get_id(RushesQueueItem *self);           // in the library
const char *rushes_queue_item_get_project(RushesQueueItem *self); // folder
RushesTake *rushes_queue_item_get_take(RushesQueueItem *self);
double rushes_queue_item_get_position(RushesQueueItem *self);
// "Take 2", or "Take 2 of Film" where the project in folder `here` is in sight and the take is another's; owned by the
// caller.
char *rushes_queue_item_dup_name(RushesQueueItem *self, const char *here);

// For queue.c.
void rushes_queue_item_set_take(RushesQueueItem *self, RushesTake *take);
void rushes_queue_item_set_position(RushesQueueItem *self, double position);

G_END_DECLS
