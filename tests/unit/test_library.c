// SPDX-License-Identifier: GPL-3.0-or-later
// What is remembered across projects: the search over prompts and notes, whatever a person types and wherever a project was.
#include <string.h>

#include "project/library.h"
#include "scratch.h"

static RushesTake *add_take(RushesProject *project, const char *prompt)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GError) error = NULL;

    g_free(recipe->prompt);
    recipe->prompt = g_strdup(prompt);
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, &error);
    g_assert_no_error(error);
    return take;
}

static void library_finds_words_and_survives_damage(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Winter picnic.rushes", NULL);
    g_autofree char *database = g_build_filename(scratch, "library.db", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(database, NULL);
    GListModel *takes = rushes_project_get_takes(project);

    RushesTake *fox = add_take(project, "A cheerful fox in the snow & wind");
    add_take(project, "a crab comes closer");
    rushes_project_set_note(project, fox, "Käfer im Bild", NULL);
    g_assert_true(rushes_library_index_project(library, folder, takes, NULL));
    g_autoptr(GPtrArray) hits = rushes_library_search(library, "che snow", 10);
    g_assert_cmpuint(hits->len, ==, 0); // only the last word may be unfinished
    g_clear_pointer(&hits, g_ptr_array_unref);
    hits = rushes_library_search(library, "cheerful sno", 10);
    g_assert_cmpuint(hits->len, ==, 1);
    RushesSearchHit *hit = hits->pdata[0];
    g_assert_cmpstr(hit->take, ==, rushes_take_get_id(fox));
    g_assert_nonnull(strstr(hit->snippet, "<b>snow</b> &amp; wind"));
    g_assert_cmpstr(hit->words, ==, "A cheerful fox in the snow & wind\nKäfer im Bild");
    g_autoptr(GPtrArray) notes = rushes_library_search(library, "kafer", 10);
    g_assert_cmpuint(notes->len, ==, 1);
    g_autoptr(GPtrArray) odd = rushes_library_search(library, "\" OR * NEAR(", 10);
    g_assert_cmpuint(odd->len, ==, 0);
    g_auto(GStrv) prompts = rushes_library_list_prompts(library, "CRAB", 10);
    g_assert_cmpuint(g_strv_length(prompts), ==, 1);
    g_clear_object(&library);

    g_file_set_contents(database, "this is no database, it only looks long enough to be one....",
                        -1, NULL);
    library = rushes_library_open(database, NULL);
    g_assert_nonnull(library);
    g_assert_true(rushes_library_index_project(library, folder, takes, NULL));
    g_autoptr(GPtrArray) again = rushes_library_search(library, "crab", 10);
    g_assert_cmpuint(again->len, ==, 1);
}

static guint count_hits(RushesLibrary *library, const char *words)
{
    g_autoptr(GPtrArray) hits = rushes_library_search(library, words, 10);
    return hits->len;
}

static void what_happened_to_a_project_elsewhere_is_found(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Winter picnic.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    GListModel *takes = rushes_project_get_takes(project);

    RushesTake *fox = add_take(project, "a fox");
    RushesTake *crab = add_take(project, "a crab");
    rushes_library_add_prompt(library, "a penguin", NULL);
    g_assert_true(rushes_library_index_project(library, folder, takes, NULL));
    g_assert_cmpuint(count_hits(library, "fox"), ==, 1);
    g_auto(GStrv) prompts = rushes_library_list_prompts(library, NULL, 10);
    g_assert_cmpuint(g_strv_length(prompts), ==, 3);
    // A note, another take and one that went away, none of which this library was told of.
    rushes_project_set_note(project, fox, "too dark", NULL);
    rushes_project_remove_take(project, crab, NULL);
    add_take(project, "a heron");
    g_assert_true(rushes_library_index_take(library, "/elsewhere", fox, NULL));
    g_assert_true(rushes_library_index_project(library, folder, takes, NULL));
    g_assert_cmpuint(count_hits(library, "dark"), ==, 2);
    g_assert_cmpuint(count_hits(library, "heron"), ==, 1);
    g_assert_cmpuint(count_hits(library, "crab"), ==, 0);
}

static void whatever_is_typed_is_words(void)
{
    static const struct {
        const char *typed;
        guint hits;
    } searches[] = {
        {"\"fox\"", 1},
        {"fox*", 1},
        {"FOX", 1},
        {"fo*x", 0},
        {"NEAR(fox wind)", 1},
        {"near", 1},
        {"wind near", 1},
        {"take : fox", 0},
        {"-fox", 1},
        {"fox AND wind", 0},
        {"*", 0},
        {"\"", 0},
        {"", 0},
        {"   ", 0},
        {"');DROP TABLE take;--", 0},
        {"cafe", 1},
        {"CAFÉ", 1},
        {"\xc3", 0},
        {"\xf0\x9f\x98\x80", 0},
        {"%", 0},
        {"雪の", 1},
    };
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Tom & Jerry <b>.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autofree char *long_text = g_strnfill(10000, 'x');
    g_autofree char *many_words = g_strnfill(10000, ' ');

    add_take(project, "A fox near a café, wind; 雪の夜 100 %");
    rushes_library_index_project(library, folder, rushes_project_get_takes(project), NULL);
    for (guint i = 0; i < G_N_ELEMENTS(searches); i++) {
        if (count_hits(library, searches[i].typed) != searches[i].hits)
            g_test_message("typed: %s", searches[i].typed);
        g_assert_cmpuint(count_hits(library, searches[i].typed), ==, searches[i].hits);
    }
    g_assert_cmpuint(count_hits(library, long_text), ==, 0);
    for (guint i = 0; i + 3 < 10000; i += 4)
        memcpy(many_words + i, "fox", 3);
    g_assert_cmpuint(count_hits(library, many_words), ==, 1);
    g_assert_cmpuint(count_hits(library, "fox"), ==, 1); // and the table is still there
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/library/search", library_finds_words_and_survives_damage);
    g_test_add_func("/library/elsewhere", what_happened_to_a_project_elsewhere_is_found);
    g_test_add_func("/library/hostile", whatever_is_typed_is_words);
    return scratch_end(g_test_run());
}
