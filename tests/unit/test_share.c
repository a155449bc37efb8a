// SPDX-License-Identifier: GPL-3.0-or-later
//
// A shared project opens complete elsewhere, and an archive made to do harm writes nothing.
#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>

#include "project/share.h"

static char *scratch;

static char *in(const char *name)
{
    return g_build_filename(scratch, name, NULL);
}

static RushesProject *make_project(void)
{
    g_autofree char *folder = in("Winter picnic.rushes");
    RushesProject *project = rushes_project_create(folder, NULL);
    const char *parent = NULL;

    for (int i = 0; i < 2; i++) {
        g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
        g_free(recipe->prompt);
        recipe->prompt = g_strdup_printf("take %d", i);
        recipe->width = 8;
        recipe->height = 4;
        recipe->frames = 2;
        recipe->fps = 2;
        RushesTake *take = rushes_project_add_take(project, recipe, parent, NULL);
        g_autofree char *frames =
            g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
        g_autofree char *bytes = g_strnfill(8 * 4 * 3 * 2, (char)('a' + i));
        g_assert_true(g_file_set_contents(frames, bytes, 8 * 4 * 3 * 2, NULL));
        g_assert_true(rushes_project_add_shot(project, take, (guint)i, NULL));
        parent = rushes_take_get_id(take);
    }
    return project;
}

static void a_shared_project_opens_complete(void)
{
    g_autoptr(RushesProject) project = make_project();
    g_autofree char *zip = in("picnic.rushes.zip");
    g_autofree char *elsewhere = in("elsewhere");
    g_autoptr(GError) error = NULL;

    g_autoptr(RushesTake) put_away = g_list_model_get_item(rushes_project_get_takes(project), 0);
    g_autofree char *master = g_build_filename(rushes_take_get_folder(put_away), "take.mkv", NULL);
    g_assert_true(g_file_set_contents(master, "lasting", -1, NULL));
    rushes_share_pack(project, zip, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
    g_autofree char *folder = rushes_share_unpack(zip, elsewhere, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(RushesProject) received = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(received)), ==, 2);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(received)), ==, 2);
    g_autoptr(RushesTake) first = g_list_model_get_item(rushes_project_get_takes(received), 0);
    g_autoptr(RushesTake) second = g_list_model_get_item(rushes_project_get_takes(received), 1);
    g_assert_cmpstr(rushes_take_get_parent(second), ==, rushes_take_get_id(first));
    g_autofree char *path = g_build_filename(rushes_take_get_folder(second), "frames.rgb", NULL);
    g_autofree char *frames = NULL;
    gsize bytes;
    g_assert_true(g_file_get_contents(path, &frames, &bytes, NULL));
    g_assert_cmpuint(bytes, ==, 8 * 4 * 3 * 2);
    g_assert_cmpint(frames[bytes - 1], ==, 'b');
    // A take with a lasting copy travels with that alone.
    g_autofree char *copy = g_build_filename(rushes_take_get_folder(first), "take.mkv", NULL);
    g_autofree char *raw = g_build_filename(rushes_take_get_folder(first), "frames.rgb", NULL);
    g_assert_true(g_file_test(copy, G_FILE_TEST_IS_REGULAR));
    g_assert_false(g_file_test(raw, G_FILE_TEST_EXISTS));
    g_autofree char *credits = g_build_filename(folder, "credits", "mini", "DATA.md", NULL);
    g_assert_true(g_file_test(credits, G_FILE_TEST_IS_REGULAR));
    // Again into the same place: refused, and the first one is untouched.
    g_assert_null(rushes_share_unpack(zip, elsewhere, NULL, &error));
    g_assert_nonnull(error);
}

typedef struct Hostile {
    const char *name;
    int type;
} Hostile;

static void hostile_archives_write_nothing(void)
{
    static const Hostile entries[] = {
        {"../evil.rushes/project.json", AE_IFREG},
        {"/etc/evil.rushes/x", AE_IFREG},
        {"Film.rushes/../../x", AE_IFREG},
        {"Film.rushes/takes/.hidden/x", AE_IFREG},
        {"Film.rushes", AE_IFREG},
        {"Film/project.json", AE_IFREG},
        {"Film.rushes/link", AE_IFLNK},
        {"Film.rushes\\..\\x", AE_IFREG},
        {"Film.rushes//x", AE_IFREG},
        {".rushes/x", AE_IFREG},
    };
    g_autofree char *place = in("hostile");

    g_assert_cmpint(g_mkdir(place, 0755), ==, 0);
    for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
        g_autofree char *zip = in("hostile.zip");
        g_autoptr(GError) error = NULL;
        struct archive *archive = archive_write_new();
        struct archive_entry *entry = archive_entry_new();
        archive_write_set_format_zip(archive);
        archive_write_open_filename(archive, zip);
        archive_entry_set_pathname(entry, entries[i].name);
        archive_entry_set_filetype(entry, (unsigned)entries[i].type);
        archive_entry_set_perm(entry, 0644);
        if (entries[i].type == AE_IFLNK)
            archive_entry_set_symlink(entry, "/etc/passwd");
        else
            archive_entry_set_size(entry, 1);
        archive_write_header(archive, entry);
        if (entries[i].type == AE_IFREG)
            archive_write_data(archive, "x", 1);
        archive_entry_free(entry);
        archive_write_free(archive);
        g_assert_null(rushes_share_unpack(zip, place, NULL, &error));
        g_assert_nonnull(error);
        g_autoptr(GDir) dir = g_dir_open(place, 0, NULL);
        g_assert_null(g_dir_read_name(dir));
    }
}

static void damaged_archives_write_nothing(void)
{
    g_autofree char *zip = in("picnic.rushes.zip");
    g_autofree char *cut = in("cut.rushes.zip");
    g_autofree char *place = in("damaged");
    g_autofree char *bytes = NULL;
    gsize size;

    g_assert_true(g_file_get_contents(zip, &bytes, &size, NULL));
    g_assert_cmpint(g_mkdir(place, 0755), ==, 0);
    for (gsize keep = 0; keep < size; keep += size / 23 + 1) {
        g_autoptr(GError) error = NULL;
        g_assert_true(g_file_set_contents(cut, bytes, (gssize)keep, NULL));
        g_autofree char *folder = rushes_share_unpack(cut, place, NULL, &error);
        g_autoptr(GDir) dir = g_dir_open(place, 0, NULL);
        g_assert_null(folder);
        g_assert_nonnull(error);
        g_assert_null(g_dir_read_name(dir));
    }
}

int main(int argc, char **argv)
{
    scratch = g_dir_make_tmp("rushes-share-XXXXXX", NULL);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/share/a_shared_project_opens_complete", a_shared_project_opens_complete);
    g_test_add_func("/share/hostile_archives_write_nothing", hostile_archives_write_nothing);
    g_test_add_func("/share/damaged_archives_write_nothing", damaged_archives_write_nothing);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -r '%s'", scratch);
    return system(command) ? 1 : status;
}
