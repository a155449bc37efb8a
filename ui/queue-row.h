// SPDX-License-Identifier: GPL-3.0-or-later
//
// queue-row.h - one job in the queue's list.
#pragma once
#include <gtk/gtk.h>

#include "queue/queue.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_QUEUE_ROW (rushes_queue_row_get_type())
G_DECLARE_FINAL_TYPE(RushesQueueRow, rushes_queue_row, RUSHES, QUEUE_ROW, GtkListBoxRow)

// `here`: folder of the project in sight, for the name of the take.
RushesQueueRow *rushes_queue_row_new(RushesQueue *queue, RushesQueueItem *item, const char *here);

G_END_DECLS
