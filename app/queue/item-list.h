// SPDX-License-Identifier: GPL-3.0-or-later
//
// item-list.h - what a queue is to those who show it: a GListModel of its items, first to run first. The queues of jobs
// and of exports are such lists. Main thread only.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_ITEM_LIST (rushes_item_list_get_type())
G_DECLARE_DERIVABLE_TYPE(RushesItemList, rushes_item_list, RUSHES, ITEM_LIST, GObject)

struct _RushesItemListClass {
    GObjectClass parent_class;

    GType item_type; // set by the class that derives
};

// The items, for the queue itself to change; owned by the list.
GListStore *rushes_item_list_get_store(RushesItemList *self);

// Takes an item out; harmless when it is not in.
void rushes_item_list_remove(RushesItemList *self, gpointer item);

G_END_DECLS
