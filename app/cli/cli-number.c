// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>

#include "cli/cli.h"

static gboolean is_within(const RushesNumberOption *option, double value)
{
    if (!isfinite(value) || value > option->most)
        return FALSE;
    if (option->whole)
        return value >= option->least && floor(value) == value;
    return value > option->least;
}

// Digits as a person writes them: "0x10", "1e3" and " 4" are mistakes more often than they are meant.
static gboolean parse(const char *text, double *out)
{
    char *end = NULL;

    if (!g_ascii_isdigit(text[0]) && text[0] != '-' && text[0] != '.')
        return FALSE;
    for (const char *c = text; *c; c++)
        if (!g_ascii_isdigit(*c) && *c != '.' && !(*c == '-' && c == text))
            return FALSE;
    *out = g_ascii_strtod(text, &end);
    return end != text && *end == '\0';
}

gboolean rushes_cli_number(const RushesNumberOption *option, double *out)
{
    double value;

    if (!option->text)
        return TRUE;
    if (parse(option->text, &value) && is_within(option, value)) {
        *out = value;
        return TRUE;
    }
    g_autofree char *shown = g_utf8_make_valid(option->text, -1);
    g_autofree char *what =
        option->whole ? g_strdup_printf("%s wants a whole number from %.0f to %.0f, not \"%.40s\"",
                                        option->name, option->least, option->most, shown)
                      : g_strdup_printf("%s wants a number above %g, at most %g, not \"%.40s\"",
                                        option->name, option->least, option->most, shown);
    rushes_cli_complain(what);
    return FALSE;
}
