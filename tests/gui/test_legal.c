// SPDX-License-Identifier: GPL-3.0-or-later
//
// test_legal.c - the model's page of sources as About shows it.
#include <pango/pango.h>
#include <string.h>

#include "plain-markdown.h"

static void expect(const char *text, const char *markup)
{
    g_autofree char *found = rushes_markdown_to_markup(text);
    g_assert_cmpstr(found, ==, markup);
}

static void lines_of_a_paragraph_flow(void)
{
    expect("# What\n\nOne line\nand another.\n\nA new one: `a` < b.\n",
           "<b>What</b>\n\nOne line and another.\n\nA new one: a &lt; b.");
}

static void points_stay_together(void)
{
    expect("Two:\n\n- one that\n  goes on\n- the other\n\nEnd.",
           "Two:\n\n• one that goes on\n• the other\n\nEnd.");
}

static void a_row_says_what_its_columns_are(void)
{
    expect("| source | licence |\n|---|---|\n| `x` | MIT |\n| y | GPL |\n\nEnd.",
           "• x; licence: MIT\n• y; licence: GPL\n\nEnd.");
}

static void odd_tables_and_nothing_are_text(void)
{
    expect("", "");
    expect("|", "|");
    expect("| a |\n| b | c | d |", "• b; c; d");
}

static void the_bundled_page_is_markup_without_bars(void)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) failure = NULL;

    g_file_get_contents(g_getenv("RUSHES_DATA_PAGE"), &text, NULL, &failure);
    g_assert_no_error(failure);
    g_autofree char *markup = rushes_markdown_to_markup(text);
    g_assert_true(pango_parse_markup(markup, -1, 0, NULL, NULL, NULL, &failure));
    g_assert_no_error(failure);
    g_assert_null(strchr(markup, '|'));
    g_assert_null(strchr(markup, '`'));
    g_assert_nonnull(strstr(markup, "licence: GPL-2.0-or-later; copyright: Bill Kendrick"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/legal/paragraphs", lines_of_a_paragraph_flow);
    g_test_add_func("/legal/points", points_stay_together);
    g_test_add_func("/legal/rows", a_row_says_what_its_columns_are);
    g_test_add_func("/legal/odd", odd_tables_and_nothing_are_text);
    g_test_add_func("/legal/bundled", the_bundled_page_is_markup_without_bars);
    return g_test_run();
}
