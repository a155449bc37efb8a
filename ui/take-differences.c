// SPDX-License-Identifier: GPL-3.0-or-later
#include "take-differences.h"

#include "project/word-diff.h"

char *rushes_take_differences_line(RushesTake *from, RushesTake *to)
{
    const RushesRecipe *before = rushes_take_get_recipe(from), *after = rushes_take_get_recipe(to);
    g_autofree char *words = rushes_word_diff_brief(before->prompt, after->prompt);
    g_autofree char *avoided = rushes_word_diff_brief(before->negative, after->negative);
    g_auto(GStrv) settings = rushes_recipe_diff_settings(before, after);
    g_autofree char *joined = g_strjoinv(", ", settings);
    g_autofree char *escaped = g_markup_escape_text(joined, -1);

    return g_strdup_printf("%s%s%s%s%s", *words ? words : "The same words",
                           *avoided ? " \u00b7 avoids " : "", avoided, *escaped ? " \u00b7 " : "",
                           escaped);
}

char *rushes_take_differences_words(RushesTake *from, RushesTake *to)
{
    const RushesRecipe *before = rushes_take_get_recipe(from), *after = rushes_take_get_recipe(to);
    g_autofree char *words = rushes_word_diff_markup(before->prompt, after->prompt);
    g_autofree char *avoided = rushes_word_diff_markup(before->negative, after->negative);

    return g_str_equal(before->negative, after->negative)
               ? g_steal_pointer(&words)
               : g_strdup_printf("%s\n<b>Avoid:</b> %s", words, avoided);
}

char *rushes_take_differences_settings(RushesTake *from, RushesTake *to)
{
    g_auto(GStrv) lines =
        rushes_recipe_diff_settings(rushes_take_get_recipe(from), rushes_take_get_recipe(to));

    return *lines ? g_strjoinv("\n", lines) : g_strdup("The settings are the same.");
}
