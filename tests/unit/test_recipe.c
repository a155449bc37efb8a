// SPDX-License-Identifier: GPL-3.0-or-later
// Recipes from files, and what tells two of them apart in words.
#include <string.h>

#include "json-file.h"
#include "project/recipe.h"
#include "project/word-diff.h"
#include "rushes-error.h"
#include "scratch.h"

static void word_diff_gives_both_texts_back(void)
{
    const char *before = "A cheerful fox moves, slowly.", *after = "A sad fox moves slowly; again.";
    g_autoptr(GArray) diff = rushes_word_diff(before, after);
    g_autoptr(GString) left = g_string_new(NULL);
    g_autoptr(GString) right = g_string_new(NULL);

    for (guint i = 0; i < diff->len; i++) {
        RushesWordDiff *piece = &g_array_index(diff, RushesWordDiff, i);
        if (piece->kind != RUSHES_WORD_ADDED)
            g_string_append(left, piece->text);
        if (piece->kind != RUSHES_WORD_REMOVED)
            g_string_append(right, piece->text);
    }
    g_assert_cmpstr(left->str, ==, before);
    g_assert_cmpstr(right->str, ==, after);
    RushesWordDiff *kept = &g_array_index(diff, RushesWordDiff, 0);
    g_assert_cmpint(kept->kind, ==, RUSHES_WORD_KEPT);
    g_assert_cmpstr(kept->text, ==, "A ");
}

static void a_brief_difference_names_what_changed_and_nothing_else(void)
{
    const char *long_text = "A red fox hops through the deep snow at night while the wind howls";
    g_autofree char *same = rushes_word_diff_brief(long_text, long_text);
    g_autofree char *one = rushes_word_diff_brief(
        long_text, "A grey fox hops through the deep snow at night while the wind whispers");
    g_autofree char *other = rushes_word_diff_brief(long_text, "Trains & rain");
    g_autofree char *whole = rushes_word_diff_markup("a red fox", "a grey cat");

    g_assert_cmpstr(same, ==, "");
    g_assert_nonnull(strstr(one, "red</span> <span"));
    g_assert_nonnull(strstr(one, "grey</span> \u2026 <span"));
    g_assert_nonnull(strstr(one, "whispers</span>"));
    g_assert_null(strstr(one, "snow"));
    g_assert_cmpstr(other, ==, "Other words: Trains &amp; rain");
    // Two words for two, not one for one in turn.
    g_assert_nonnull(strstr(whole, ">red fox</span> <span"));
    g_assert_nonnull(strstr(whole, ">grey cat</span>"));
}

static void recipes_from_strangers_stay_in_their_folder(void)
{
    const char *const bad[] = {
        "{\"steps\": 0}",
        "{\"width\": \"wide\"}",
        "{\"seed\": \"-1\"}",
        "{\"seed\": 1e300}",
        "{\"conditioning\": {\"kind\": \"image\", \"video\": \"../../secret\"}}",
        "{\"conditioning\": {\"kind\": \"spell\"}}",
    };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(cJSON) job = cJSON_Parse(bad[i]);
        g_autoptr(GError) error = NULL;
        g_assert_null(rushes_recipe_from_json(job, &error));
        g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT);
    }
    g_autoptr(cJSON) whole = cJSON_Parse("{\"prompt\": \"a fox\", \"seed\": "
                                         "\"18446744073709551615\", \"steps\": 20, \"fps\": 12}");
    g_autoptr(RushesRecipe) recipe = rushes_recipe_from_json(whole, NULL);
    g_autoptr(cJSON) written = rushes_recipe_to_json(recipe);
    g_assert_cmpstr(rushes_json_string(written, "seed", ""), ==, "18446744073709551615");
    g_autoptr(RushesRecipe) other = rushes_recipe_copy(recipe);
    other->steps = 24;
    g_auto(GStrv) lines = rushes_recipe_diff_settings(recipe, other);
    g_assert_cmpuint(g_strv_length(lines), ==, 1);
    g_assert_cmpstr(lines[0], ==, "Steps: 20 → 24");
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/diff/words", word_diff_gives_both_texts_back);
    g_test_add_func("/diff/brief", a_brief_difference_names_what_changed_and_nothing_else);
    g_test_add_func("/recipe/strangers", recipes_from_strangers_stay_in_their_folder);
    return scratch_end(g_test_run());
}
