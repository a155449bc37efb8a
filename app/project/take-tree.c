// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/take-tree.h"

#define NOBODY G_MAXUINT

typedef struct Node {
    RushesTake *take; // the list holds it
    guint parent, first_child, next_sibling;
    guint depth;
    gboolean placed;
} Node;

static GArray *make_nodes(GListModel *takes)
{
    guint count = g_list_model_get_n_items(takes);
    GArray *nodes = g_array_sized_new(FALSE, TRUE, sizeof(Node), count);
    g_autoptr(GHashTable) places = g_hash_table_new(g_str_hash, g_str_equal);

    for (guint i = 0; i < count; i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        Node node = {take, NOBODY, NOBODY, NOBODY, 0, FALSE};
        g_array_append_val(nodes, node);
        g_hash_table_insert(places, (gpointer)rushes_take_get_id(take), GUINT_TO_POINTER(i));
    }
    // From the last one, so that each list of children is in the order of the takes.
    for (guint i = count; i-- > 0;) {
        Node *node = &g_array_index(nodes, Node, i);
        const char *id = rushes_take_get_parent(node->take);
        gpointer place;
        if (!id || !g_hash_table_lookup_extended(places, id, NULL, &place) ||
            GPOINTER_TO_UINT(place) == i)
            continue;
        Node *parent = &g_array_index(nodes, Node, GPOINTER_TO_UINT(place));
        node->parent = GPOINTER_TO_UINT(place);
        node->next_sibling = parent->first_child;
        parent->first_child = i;
    }
    return nodes;
}

static void place(GArray *rows, GArray *nodes, guint at, guint parent, guint depth)
{
    Node *node = &g_array_index(nodes, Node, at);
    RushesTreeRow row = {node->take,
                         parent == NOBODY ? NULL : g_array_index(nodes, Node, parent).take, depth};

    node->placed = TRUE;
    node->depth = depth;
    g_array_append_val(rows, row);
}

// `root` and all that grew from it. A list of what is to come instead of recursion: lines of takes get long.
static void place_with_children(GArray *rows, GArray *nodes, guint root)
{
    g_autoptr(GArray) pending = g_array_new(FALSE, FALSE, sizeof(guint));

    place(rows, nodes, root, NOBODY, 0);
    for (guint at = root;;) {
        const Node *node = &g_array_index(nodes, Node, at);
        guint child = node->first_child;
        if (child != NOBODY)
            g_array_append_val(pending, child);
        // The next one: a child of this one, else the next sibling of somebody above.
        gboolean found = FALSE;
        while (pending->len > 0 && !found) {
            guint next = g_array_index(pending, guint, pending->len - 1);
            const Node *candidate = &g_array_index(nodes, Node, next);
            const Node *parent = &g_array_index(nodes, Node, candidate->parent);
            g_array_set_size(pending, pending->len - 1);
            if (candidate->next_sibling != NOBODY)
                g_array_append_val(pending, candidate->next_sibling);
            if (candidate->placed) // the circle is closed
                continue;
            gboolean is_only = parent->first_child == next && candidate->next_sibling == NOBODY;
            place(rows, nodes, next, candidate->parent, parent->depth + (is_only ? 0 : 1));
            at = next;
            found = TRUE;
        }
        if (!found)
            return;
    }
}

GArray *rushes_take_tree_new(GListModel *takes)
{
    g_autoptr(GArray) nodes = make_nodes(takes);
    GArray *rows = g_array_sized_new(FALSE, FALSE, sizeof(RushesTreeRow), nodes->len);

    for (guint i = 0; i < nodes->len; i++) {
        if (g_array_index(nodes, Node, i).parent == NOBODY)
            place_with_children(rows, nodes, i);
    }
    for (guint i = 0; i < nodes->len; i++) { // circles, which nothing above leads to
        if (!g_array_index(nodes, Node, i).placed)
            place_with_children(rows, nodes, i);
    }
    return rows;
}
