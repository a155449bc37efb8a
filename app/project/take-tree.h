// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-tree.h - the takes of a project in the order of the tree they grew in: each one right after what it was made from.
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

typedef struct RushesTreeRow {
    RushesTake *take;   // the list holds it
    RushesTake *parent; // NULL: it grew from nothing that is in the list
    guint
        depth; // forks above it: a take with a single child goes on in its own column, however long the line gets
} RushesTreeRow;

// Every take of the list once, also those whose parents go round in a circle. Array of RushesTreeRow, owned by the caller.
GArray *rushes_take_tree_new(GListModel *takes);

G_END_DECLS
