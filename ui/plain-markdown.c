// SPDX-License-Identifier: GPL-3.0-or-later
#include "plain-markdown.h"

#include <string.h>

typedef struct Page {
    GString *markup;
    GString *block; // a paragraph or point that may go on in the next line
    GStrv columns;  // of the table that is being read, or NULL
    gboolean point; // the block before was one, too: no empty line between them
} Page;

// Without the marks of code, which only a typewriter face would show.
static void append(GString *to, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, "`", -1);
    g_autofree char *plain = g_strjoinv("", parts);

    if (to->len > 0 && to->str[to->len - 1] != ' ')
        g_string_append_c(to, ' ');
    g_string_append(to, plain);
}

static void end_block(Page *page, gboolean heading)
{
    gboolean point = g_str_has_prefix(page->block->str, "• ");
    g_autofree char *escaped = g_markup_escape_text(page->block->str, -1);

    if (page->block->len == 0)
        return;
    if (page->markup->len > 0)
        g_string_append(page->markup, point && page->point ? "\n" : "\n\n");
    g_string_append_printf(page->markup, heading ? "<b>%s</b>" : "%s", escaped);
    g_string_truncate(page->block, 0);
    page->point = point;
}

static GStrv split_row(const char *line)
{
    g_autofree char *inner =
        g_strndup(line + 1, strlen(line) - (line[strlen(line) - 1] == '|') - 1);
    GStrv cells = g_strsplit(inner, "|", -1);

    for (char **cell = cells; *cell; cell++)
        g_strstrip(*cell);
    return cells;
}

static void read_row(Page *page, const char *line)
{
    g_auto(GStrv) cells = split_row(line);

    end_block(page, FALSE);
    if (!page->columns) {
        page->columns = g_steal_pointer(&cells);
        return;
    }
    if (strspn(line, "|-: ") == strlen(line)) // the rule below the names of the columns
        return;
    guint columns = g_strv_length(page->columns);
    append(page->block, "•");
    for (guint i = 0; cells[i]; i++) {
        g_autofree char *cell = i == 0 || i >= columns
                                    ? g_strdup(cells[i])
                                    : g_strdup_printf("%s: %s", page->columns[i], cells[i]);
        append(page->block, cell);
        if (cells[i + 1])
            g_string_append_c(page->block, ';');
    }
    end_block(page, FALSE);
}

static void read_line(Page *page, const char *line)
{
    if (line[0] == '|' && line[1]) {
        read_row(page, line);
        return;
    }
    g_clear_pointer(&page->columns, g_strfreev);
    if (line[0] == '\0') {
        end_block(page, FALSE);
    } else if (line[0] == '#') {
        end_block(page, FALSE);
        append(page->block, line + strspn(line, "# "));
        end_block(page, TRUE);
    } else if (g_str_has_prefix(line, "- ")) {
        end_block(page, FALSE);
        append(page->block, "•");
        append(page->block, line + 2);
    } else {
        append(page->block, line);
    }
}

char *rushes_markdown_to_markup(const char *text)
{
    Page page = {.markup = g_string_new(NULL), .block = g_string_new(NULL)};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++)
        read_line(&page, g_strstrip(*line));
    end_block(&page, FALSE);
    g_strfreev(page.columns);
    g_string_free(page.block, TRUE);
    return g_string_free(page.markup, FALSE);
}
