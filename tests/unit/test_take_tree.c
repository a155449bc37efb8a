// SPDX-License-Identifier: GPL-3.0-or-later
// The history as a tree: every take once, after what it was made from, and a column more for each fork only.
#include <stdarg.h>

#include "project/take-private.h"
#include "project/take-tree.h"

static void add(GListStore *takes, int number, int parent)
{
    g_autoptr(RushesTake) take = g_object_new(RUSHES_TYPE_TAKE, NULL);

    take->id = g_strdup_printf("take-%d", number);
    take->parent = parent ? g_strdup_printf("take-%d", parent) : NULL;
    take->number = number;
    g_list_store_append(takes, take);
}

// Takes by number from 1, each with the number of its parent (0: none), which may be a later one. Ends with -1.
static GListStore *grow(int parent, ...)
{
    GListStore *takes = g_list_store_new(RUSHES_TYPE_TAKE);
    va_list rest;
    int number = 1;

    va_start(rest, parent);
    for (int of = parent; of >= 0; of = va_arg(rest, int))
        add(takes, number++, of);
    va_end(rest);
    return takes;
}

// "number depth<parent" of each row.
static char *describe(GListStore *takes)
{
    g_autoptr(GArray) rows = rushes_take_tree_new(G_LIST_MODEL(takes));
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < rows->len; i++) {
        const RushesTreeRow *row = &g_array_index(rows, RushesTreeRow, i);
        g_string_append_printf(text, "%s%d/%u", i ? " " : "", rushes_take_get_number(row->take),
                               row->depth);
        if (row->parent)
            g_string_append_printf(text, "<%d", rushes_take_get_number(row->parent));
    }
    return g_strdup(text->str);
}

static void a_line_of_takes_stays_in_its_column(void)
{
    g_autoptr(GListStore) takes = grow(0, 1, 2, 3, -1);
    g_autofree char *text = describe(takes);

    g_assert_cmpstr(text, ==, "1/0 2/0<1 3/0<2 4/0<3");
}

static void a_fork_is_a_column_further(void)
{
    g_autoptr(GListStore) takes = grow(0, 1, 1, 2, 0, 2, -1);
    g_autofree char *text = describe(takes);

    g_assert_cmpstr(text, ==, "1/0 2/1<1 4/2<2 6/2<2 3/1<1 5/0");
}

static void what_grew_from_a_take_that_is_gone_is_a_root(void)
{
    g_autoptr(GListStore) takes = grow(99, 1, 3, -1); // the third one from itself
    g_autofree char *text = describe(takes);

    g_assert_cmpstr(text, ==, "1/0 2/0<1 3/0");
}

static void takes_in_a_circle_are_there_once(void)
{
    g_autoptr(GListStore) takes = grow(3, 1, 2, 2, 0, -1);
    g_autofree char *text = describe(takes);

    g_assert_cmpstr(text, ==, "5/0 1/0 2/0<1 3/1<2 4/1<2");
}

static void thousands_in_a_line_are_all_there(void)
{
    g_autoptr(GListStore) takes = g_list_store_new(RUSHES_TYPE_TAKE);

    for (int number = 1; number <= 20000; number++)
        add(takes, number, number - 1);
    g_autoptr(GArray) rows = rushes_take_tree_new(G_LIST_MODEL(takes));
    g_assert_cmpuint(rows->len, ==, 20000);
    const RushesTreeRow *last = &g_array_index(rows, RushesTreeRow, rows->len - 1);
    g_assert_cmpint(rushes_take_get_number(last->take), ==, 20000);
    g_assert_cmpuint(last->depth, ==, 0);
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tree/a line of takes stays in its column",
                    a_line_of_takes_stays_in_its_column);
    g_test_add_func("/tree/a fork is a column further", a_fork_is_a_column_further);
    g_test_add_func("/tree/what grew from a take that is gone is a root",
                    what_grew_from_a_take_that_is_gone_is_a_root);
    g_test_add_func("/tree/takes in a circle are there once", takes_in_a_circle_are_there_once);
    g_test_add_func("/tree/thousands in a line are all there", thousands_in_a_line_are_all_there);
    return g_test_run();
}
