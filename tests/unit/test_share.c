// SPDX-License-Identifier: GPL-3.0-or-later
//
// A shared project opens complete elsewhere, and an archive made to do harm writes nothing.
#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "project/share.h"
#include "raw_take.h"
#include "rights/consent-use.h"

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
        g_autofree char *prompt = g_strdup_printf("take %d", i);
        g_autoptr(RushesRecipe) recipe = raw_take_recipe(prompt, 8, 4, 2, 2);
        RushesTake *take = rushes_project_add_take(project, recipe, parent, NULL);
        g_autofree char *bytes = g_strnfill(8 * 4 * 3 * 2, (char)('a' + i));
        raw_take_set_frames(take, (const guint8 *)bytes);
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
    g_autoptr(RushesSharePlan) plan = rushes_share_plan_new(project, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(rushes_share_plan_get_name(plan), ==, "Winter picnic.rushes.zip");
    rushes_share_plan_pack(plan, zip, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpfloat(rushes_share_plan_get_fraction(plan), ==, 1.0);
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
    g_autofree char *summary = g_build_filename(folder, "credits", "CREDITS.txt", NULL);
    g_assert_true(g_file_test(summary, G_FILE_TEST_IS_REGULAR));
    // Again into the same place: refused, and the first one is untouched.
    g_assert_null(rushes_share_unpack(zip, elsewhere, NULL, &error));
    g_assert_nonnull(error);
    g_clear_error(&error);
    // Into a place that is not there: said, with what to do.
    g_autofree char *nowhere = g_build_filename(scratch, "nowhere", NULL);
    g_assert_null(rushes_share_unpack(zip, nowhere, NULL, &error));
    g_assert_nonnull(strstr(error->message, "choose a folder that is there"));
}

typedef struct Hostile {
    const char *name;
    int type;
    guint count;
    const char *words; // of the sentence
} Hostile;

// An archive with `count` entries of that name (a number at the end when there are several).
static char *make_archive(const char *name, int type, guint count, gsize bytes)
{
    char *zip = in("hostile.zip");
    struct archive *archive = archive_write_new();
    g_autofree char *data = g_malloc0(bytes + 1);

    archive_write_set_format_zip(archive);
    archive_write_open_filename(archive, zip);
    for (guint i = 0; i < count; i++) {
        struct archive_entry *entry = archive_entry_new();
        g_autofree char *numbered = count > 2 ? g_strdup_printf("%s%u", name, i) : g_strdup(name);
        archive_entry_set_pathname(entry, numbered);
        archive_entry_set_filetype(entry, (unsigned)type);
        archive_entry_set_perm(entry, 0644);
        if (type == AE_IFLNK)
            archive_entry_set_symlink(entry, "/etc/passwd");
        else
            archive_entry_set_size(entry, (la_int64_t)bytes);
        archive_write_header(archive, entry);
        if (type == AE_IFREG)
            archive_write_data(archive, data, bytes);
        archive_entry_free(entry);
    }
    archive_write_free(archive);
    return zip;
}

static void refuses(const char *zip, const char *words)
{
    g_autofree char *place = in("hostile");
    g_autoptr(GError) error = NULL;

    g_mkdir(place, 0755);
    g_assert_null(rushes_share_unpack(zip, place, NULL, &error));
    g_assert_nonnull(error);
    if (!strstr(error->message, words))
        g_error("\"%s\" does not say \"%s\"", error->message, words);
    g_autoptr(GDir) dir = g_dir_open(place, 0, NULL);
    g_assert_null(g_dir_read_name(dir));
}

static void hostile_archives_write_nothing(void)
{
    static const Hostile entries[] = {
        {"../evil.rushes/project.json", AE_IFREG, 1, "no place in a project"},
        {"/etc/evil.rushes/x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes/../../x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes/takes/.hidden/x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes", AE_IFREG, 1, "no place in a project"},
        {"Film/project.json", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes\\..\\x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes//x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes/a\nb", AE_IFREG, 1, "no place in a project"},
        {".rushes/x", AE_IFREG, 1, "no place in a project"},
        {"Film.rushes/link", AE_IFLNK, 1, "a link or a device"},
        {"Film.rushes/project.json", AE_IFREG, 2, "a name twice"},
        {"Film.rushes/takes/x", AE_IFREG, 1, "holds no project"},
        {"Film.rushes/takes/x", AE_IFREG, 100001, "more than a hundred thousand files"},
    };

    for (guint i = 0; i < G_N_ELEMENTS(entries); i++) {
        g_autofree char *zip = make_archive(entries[i].name, entries[i].type, entries[i].count, 1);
        refuses(zip, entries[i].words);
    }
    refuses("/nowhere/there.rushes.zip", "There is no file");
    refuses("/dev/zero", "There is no file");
}

// Says of every entry that it is that long, in both places where a zip says so.
static void set_sizes(const char *zip, guint32 size)
{
    g_autofree char *bytes = NULL;
    gsize length;

    g_assert_true(g_file_get_contents(zip, &bytes, &length, NULL));
    for (gsize i = 0; i + 46 < length; i++) {
        guint32 little = GUINT32_TO_LE(size);
        if (memcmp(bytes + i, "PK\1\2", 4) == 0)
            memcpy(bytes + i + 24, &little, 4);
        else if (memcmp(bytes + i, "PK\3\4", 4) == 0)
            memcpy(bytes + i + 22, &little, 4);
    }
    g_assert_true(g_file_set_contents(zip, bytes, (gssize)length, NULL));
}

static void an_archive_that_promises_too_much_writes_nothing(void)
{
    g_autofree char *bomb = make_archive("Film.rushes/project.json", AE_IFREG, 1, 10);

    set_sizes(bomb, 2000 * 1000 * 1000); // of an archive of a few hundred bytes
    refuses(bomb, "from 207 bytes, which no shared project does");
    g_autofree char *many = make_archive("Film.rushes/takes/x", AE_IFREG, 50, 10);
    set_sizes(many, 900 * 1000 * 1000);
    refuses(many, "holds no project");
    // No zip says that something is longer than all the disks there are and is believed.
    g_autofree char *false_size = make_archive("Film.rushes/project.json", AE_IFREG, 1, 10);
    set_sizes(false_size, 3);
    refuses(false_size, "");
}

// All within what Deflate can do, and every size true: zeros that fill a disk.
static void an_archive_that_unpacks_to_far_more_than_it_is_writes_nothing(void)
{
    const gsize block = 1 << 20, blocks = 120;
    g_autofree char *zip = in("zeros.rushes.zip");
    g_autofree guint8 *zeros = g_malloc0(block);
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    archive_write_set_format_zip(archive);
    archive_write_zip_set_compression_deflate(archive);
    archive_write_open_filename(archive, zip);
    archive_entry_set_pathname(entry, "Film.rushes/project.json");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)(block * blocks));
    archive_write_header(archive, entry);
    for (gsize i = 0; i < blocks; i++)
        archive_write_data(archive, zeros, block);
    archive_entry_free(entry);
    archive_write_free(archive);
    refuses(zip, "would unpack to 125.8");
    refuses(zip, "which no shared project does; nothing was unpacked");
}

// What a take waits to be filled with is zeros; they travel as they are, so that no project looks like such an archive.
static void an_unfinished_take_of_zeros_can_be_shared(void)
{
    g_autofree char *folder = in("Waiting.rushes");
    g_autofree char *zip = in("waiting.rushes.zip");
    g_autofree char *place = in("waiting");
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    g_autofree char *frames = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_set_contents(frames, "", 0, NULL));
    g_assert_cmpint(truncate(frames, 80 << 20), ==, 0);
    g_autoptr(RushesSharePlan) plan = rushes_share_plan_new(project, NULL, NULL);
    g_assert_true(rushes_share_plan_pack(plan, zip, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpint(g_mkdir(place, 0755), ==, 0);
    g_autofree char *received = rushes_share_unpack(zip, place, NULL, &error);
    g_assert_no_error(error);
    g_assert_nonnull(received);
    g_unlink(zip);
}

static RushesTake *take_at(RushesProject *project, guint i)
{
    g_autoptr(RushesTake) take = g_list_model_get_item(rushes_project_get_takes(project), i);

    return take; // the project holds it
}

static void a_shared_take_brings_those_it_comes_from_and_its_consent(void)
{
    g_autofree char *folder = in("Party.rushes");
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autofree char *consents = rushes_consent_folder();
    g_autoptr(RushesIdentity) identity = rushes_consent_open_identity(NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) later = g_date_time_add_days(now, 30);
    RushesConsentTerms terms = {
        .person = "Ada Example", .scope = "all", .statement = "Yes.", .expires = later};
    g_autoptr(RushesConsent) consent = rushes_consent_grant(consents, identity, &terms, NULL);
    g_autofree char *zip = in("take.rushes.zip");
    g_autofree char *elsewhere = in("elsewhere-take");
    g_autoptr(GError) error = NULL;
    const char *parents[] = {NULL, NULL, NULL, NULL};

    for (int i = 0; i < 4; i++) { // 1 - 2 - 4, and 3 by itself
        g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
        recipe->consent = i == 3 ? g_strdup(consent->id) : NULL;
        recipe->shows_person = i == 3;
        RushesTake *take = rushes_project_add_take(project, recipe,
                                                   i == 1   ? parents[0]
                                                   : i == 3 ? parents[1]
                                                            : NULL,
                                                   NULL);
        rushes_take_set_state(take, i == 2 ? RUSHES_TAKE_FAILED : RUSHES_TAKE_DONE, NULL);
        g_assert_true(rushes_take_save(take, NULL));
        parents[i] = rushes_take_get_id(take);
    }
    g_assert_null(rushes_share_plan_new(project, take_at(project, 2), &error));
    g_assert_nonnull(strstr(error->message, "Take 3 is not finished"));
    g_clear_error(&error);
    g_autoptr(RushesSharePlan) plan = rushes_share_plan_new(project, take_at(project, 3), &error);
    g_assert_no_error(error);
    g_assert_true(rushes_share_plan_pack(plan, zip, NULL, &error));
    g_assert_cmpint(g_mkdir(elsewhere, 0755), ==, 0);
    g_autofree char *received_folder = rushes_share_unpack(zip, elsewhere, NULL, &error);
    g_assert_no_error(error);
    g_assert_true(g_str_has_suffix(received_folder, "/Party - take 4.rushes"));
    g_autoptr(RushesProject) received =
        rushes_project_open(received_folder, RUSHES_PROJECT_DEFAULT, &error);
    g_assert_no_error(error);
    g_assert_null(rushes_project_get_notice(received));
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(received)), ==, 3);
    g_assert_cmpint(rushes_take_get_number(take_at(received, 0)), ==, 1);
    g_assert_cmpint(rushes_take_get_number(take_at(received, 2)), ==, 4);
    // On a machine without the record, the one that came along holds.
    g_autofree char *name = g_strconcat(consent->id, ".consent.json", NULL);
    g_autofree char *record = g_build_filename(consents, name, NULL);
    g_assert_true(rushes_consent_allow_take(rushes_take_get_recipe(take_at(received, 2)),
                                            received_folder, NULL, NULL));
    g_unlink(record);
    g_assert_true(rushes_consent_allow_take(rushes_take_get_recipe(take_at(received, 2)),
                                            received_folder, NULL, NULL));
    g_assert_false(
        rushes_consent_allow_take(rushes_take_get_recipe(take_at(received, 2)), NULL, NULL, NULL));
}

static void a_deleted_take_is_not_shared(void)
{
    g_autofree char *folder = in("Secret.rushes");
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autofree char *zip = in("secret.rushes.zip");
    g_autofree char *bytes = NULL;
    gsize length;

    RushesTake *kept = rushes_project_add_take(project, recipe, NULL, NULL);
    RushesTake *gone = rushes_project_add_take(project, recipe, NULL, NULL);
    g_autofree char *id = g_strdup(rushes_take_get_id(gone));
    g_assert_true(rushes_project_remove_take(project, gone, NULL));
    g_autoptr(RushesSharePlan) plan = rushes_share_plan_new(project, NULL, NULL);
    g_assert_true(rushes_share_plan_pack(plan, zip, NULL, NULL));
    g_assert_true(g_file_get_contents(zip, &bytes, &length, NULL)); // names are not compressed
    g_assert_true(memmem(bytes, length, "project.json", 12) != NULL);
    g_assert_true(memmem(bytes, length, rushes_take_get_id(kept), strlen(id)) != NULL);
    g_assert_true(memmem(bytes, length, id, strlen(id)) == NULL);
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
    g_setenv("XDG_DATA_HOME", scratch, TRUE);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/share/a_shared_project_opens_complete", a_shared_project_opens_complete);
    g_test_add_func("/share/a_shared_take_brings_those_it_comes_from_and_its_consent",
                    a_shared_take_brings_those_it_comes_from_and_its_consent);
    g_test_add_func("/share/a_deleted_take_is_not_shared", a_deleted_take_is_not_shared);
    g_test_add_func("/share/an_archive_that_promises_too_much_writes_nothing",
                    an_archive_that_promises_too_much_writes_nothing);
    g_test_add_func("/share/an_archive_that_unpacks_to_far_more_than_it_is_writes_nothing",
                    an_archive_that_unpacks_to_far_more_than_it_is_writes_nothing);
    g_test_add_func("/share/an_unfinished_take_of_zeros_can_be_shared",
                    an_unfinished_take_of_zeros_can_be_shared);
    g_test_add_func("/share/hostile_archives_write_nothing", hostile_archives_write_nothing);
    g_test_add_func("/share/damaged_archives_write_nothing", damaged_archives_write_nothing);
    int status = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -r '%s'", scratch);
    return system(command) ? 1 : status;
}
