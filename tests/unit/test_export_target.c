// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file and its sidecar are replaced together or not at all.
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "export/export-target.h"
#include "remove-tree.h"

static char *scratch;

static char *in(const char *name)
{
    return g_build_filename(scratch, name, NULL);
}

static void put(const char *path, const char *text)
{
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void assert_holds(const char *path, const char *text)
{
    g_autofree char *there = NULL;

    if (!text) {
        g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
        return;
    }
    g_assert_true(g_file_get_contents(path, &there, NULL, NULL));
    g_assert_cmpstr(there, ==, text);
}

// An export to `path`, written but not yet published; `store` NULL for a file that is signed inside.
static void write_export(RushesExportTarget *target, const char *path, const char *store)
{
    g_assert_true(rushes_export_target_open(target, path, FALSE, 7, NULL));
    g_autofree char *sidecar = g_strconcat(target->hidden, ".c2pa", NULL);
    put(target->hidden, "new film");
    if (store)
        put(sidecar, store);
}

static void a_film_and_its_sidecar_are_replaced_together(void)
{
    g_autofree char *path = in("film.webm"), *store = in("film.webm.c2pa");
    g_auto(RushesExportTarget) target = {0};

    put(path, "old film");
    put(store, "old credentials");
    write_export(&target, path, "new credentials");
    assert_holds(store, "old credentials");
    g_assert_true(rushes_export_target_publish(&target, NULL));
    assert_holds(path, "new film");
    assert_holds(store, "new credentials");
}

static void credentials_of_a_film_that_is_gone_do_not_stay(void)
{
    g_autofree char *path = in("unsigned.webm"), *store = in("unsigned.webm.c2pa");
    g_auto(RushesExportTarget) target = {0};

    put(path, "old film");
    put(store, "old credentials");
    write_export(&target, path, NULL);
    g_assert_true(rushes_export_target_publish(&target, NULL));
    assert_holds(path, "new film");
    assert_holds(store, NULL);
}

// Somebody makes a folder of that name while the film is encoded: it cannot be replaced, and what stood beside stays.
static void a_film_that_cannot_take_its_place_leaves_the_old_sidecar(void)
{
    g_autofree char *path = in("taken.webm"), *store = in("taken.webm.c2pa");
    g_autofree char *inside = in("taken.webm/other");
    g_auto(RushesExportTarget) target = {0};
    g_autoptr(GError) error = NULL;

    put(store, "old credentials");
    write_export(&target, path, "new credentials");
    g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
    put(inside, "kept");
    g_assert_false(rushes_export_target_publish(&target, &error));
    g_assert_nonnull(strstr(error->message, "taken.webm cannot be written"));
    assert_holds(store, "old credentials");
    assert_holds(inside, "kept");
    rushes_export_target_clear(&target);
    assert_holds(store, "old credentials");
}

static void a_full_disk_is_told_by_the_name_that_was_wanted(void)
{
    g_autofree char *path = in("full.mp4");
    g_auto(RushesExportTarget) target = {0};
    g_autoptr(GError) error = NULL;

    g_assert_true(rushes_export_target_open(&target, path, FALSE, 7, NULL));
    g_set_error(&error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "%s.c2pa.new: cannot be written (full)",
                target.hidden);
    rushes_export_target_name(&target, &error);
    g_assert_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
    g_assert_true(g_str_has_prefix(error->message, path));
    g_assert_nonnull(strstr(error->message, "full.mp4 cannot be written: there is no space left"));
}

static void a_tree_goes_and_what_its_links_point_to_stays(void)
{
    g_autofree char *tree = in("tree"), *deep = in("tree/a/b"), *kept = in("kept");
    g_autofree char *link = in("tree/a/link"), *file = in("tree/a/b/file"),
                    *other = in("kept/file");

    g_assert_cmpint(g_mkdir_with_parents(deep, 0755), ==, 0);
    g_assert_cmpint(g_mkdir(kept, 0755), ==, 0);
    put(file, "x");
    put(other, "y");
    g_assert_cmpint(symlink(kept, link), ==, 0);
    rushes_remove_tree(tree);
    g_assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
    assert_holds(other, "y");
}

int main(int argc, char **argv)
{
    scratch = g_dir_make_tmp("rushes-target-XXXXXX", NULL);
    g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add_func("/export-target/" #name, name)
    ADD(a_film_and_its_sidecar_are_replaced_together);
    ADD(credentials_of_a_film_that_is_gone_do_not_stay);
    ADD(a_film_that_cannot_take_its_place_leaves_the_old_sidecar);
    ADD(a_full_disk_is_told_by_the_name_that_was_wanted);
    ADD(a_tree_goes_and_what_its_links_point_to_stays);
    int status = g_test_run();
    rushes_remove_tree(scratch);
    g_free(scratch);
    return status;
}
