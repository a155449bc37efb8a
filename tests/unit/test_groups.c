// SPDX-License-Identifier: GPL-3.0-or-later
// Edits that belong together: a process that ends at any byte of their line leaves all of them or none.
#include <signal.h>
#include <sys/resource.h>

#include "project/project.h"
#include "rushes-error.h"
#include "scratch.h"

enum { SHOTS = 5 };

static RushesProject *new_project(char **folder, RushesTake **take)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GError) error = NULL;

    *folder = g_build_filename(scratch, "Film.rushes", NULL);
    RushesProject *project = rushes_project_create(*folder, &error);
    g_assert_no_error(error);
    recipe->width = recipe->height = 16;
    recipe->frames = 10;
    recipe->fps = 10;
    *take = rushes_project_add_take(project, recipe, NULL, &error);
    g_assert_no_error(error);
    return project;
}

static guint shots_of(RushesProject *project)
{
    return g_list_model_get_n_items(rushes_project_get_shots(project));
}

static void fill(RushesProject *project, RushesTake *take)
{
    rushes_project_begin(project, "Fill Timeline");
    for (guint i = 0; i < SHOTS; i++)
        rushes_project_add_shot(project, take, i, NULL);
    g_assert_true(rushes_project_end(project, NULL));
}

// Shots of the project when its journal ends after `bytes`.
static guint shots_after(const char *folder, const char *journal, const char *text, gsize bytes)
{
    g_assert_true(g_file_set_contents(journal, text, (gssize)bytes, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(RushesProject) project =
        rushes_project_open(folder, RUSHES_PROJECT_READ_ONLY, &error);
    g_assert_no_error(error);
    return shots_of(project);
}

static void a_kill_leaves_all_of_a_group_or_none(void)
{
    g_autofree char *folder = NULL, *text = NULL;
    RushesTake *take;
    gsize bytes;
    RushesProject *project = new_project(&folder, &take);
    g_autofree char *journal = g_build_filename(folder, "journal.jsonl", NULL);

    fill(project, take);
    g_assert_true(g_file_get_contents(journal, &text, &bytes, NULL));
    gsize filled = bytes;
    g_clear_pointer(&text, g_free);
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_true(g_file_get_contents(journal, &text, &bytes, NULL));
    g_object_unref(
        project); // a clean end may save and empty the journal: what was read is put back

    for (gsize cut = 0; cut < bytes; cut += 3)
        g_assert_cmpuint(shots_after(folder, journal, text, cut), ==, cut < filled ? 0 : SHOTS);
    g_assert_cmpuint(shots_after(folder, journal, text, bytes), ==, 0);
    g_assert_cmpuint(shots_after(folder, journal, text, filled), ==, SHOTS);
}

static void one_edit_that_fails_takes_its_group_back(void)
{
    g_autofree char *folder = NULL;
    RushesTake *take;
    g_autoptr(RushesProject) project = new_project(&folder, &take);
    g_autoptr(GError) error = NULL;

    rushes_project_add_shot(project, take, 0, NULL);
    g_autoptr(RushesShot) gone = g_list_model_get_item(rushes_project_get_shots(project), 0);
    g_assert_true(rushes_project_remove_shot(project, gone, NULL));

    rushes_project_begin(project, "Fill Timeline");
    g_assert_true(rushes_project_add_shot(project, take, 0, NULL));
    g_assert_false(rushes_project_remove_shot(project, gone, &error));
    g_assert_nonnull(error);
    g_assert_false(rushes_project_end(project, NULL));
    g_assert_cmpuint(shots_of(project), ==, 0);
    g_assert_cmpstr(rushes_project_get_undo_label(project), ==, "Remove Shot");
}

static void a_group_without_room_on_the_disk_is_taken_back(void)
{
    g_autofree char *folder = NULL;
    RushesTake *take;
    g_autoptr(RushesProject) project = new_project(&folder, &take);
    g_autoptr(GError) error = NULL;
    struct rlimit before, none = {0};

    g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
    none.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &none), ==, 0);
    rushes_project_begin(project, "Fill Timeline");
    for (guint i = 0; i < SHOTS; i++)
        g_assert_true(rushes_project_add_shot(project, take, i, NULL));
    g_assert_false(rushes_project_end(project, &error));
    g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
    g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_IO);
    g_assert_cmpuint(shots_of(project), ==, 0);

    fill(project, take); // and the next edit is made
    g_assert_cmpuint(shots_of(project), ==, SHOTS);
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_true(rushes_project_redo(project, NULL));
    g_assert_cmpuint(shots_of(project), ==, SHOTS);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/groups/kill", a_kill_leaves_all_of_a_group_or_none);
    g_test_add_func("/groups/misfit", one_edit_that_fails_takes_its_group_back);
    g_test_add_func("/groups/disk-full", a_group_without_room_on_the_disk_is_taken_back);
    return scratch_end(g_test_run());
}
