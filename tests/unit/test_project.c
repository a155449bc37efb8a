// SPDX-License-Identifier: GPL-3.0-or-later
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "project/library.h"
#include "project/project.h"
#include "project/take-start.h"
#include "rushes-error.h"
#include "scratch.h"

static char *scratch_folder(void)
{
    return g_dir_make_tmp("rushes-test-XXXXXX", NULL);
}

static char *new_folder(const char *scratch)
{
    return g_build_filename(scratch, "Winter picnic.rushes", NULL);
}

static RushesProject *open_project(const char *folder)
{
    g_autoptr(GError) error = NULL;
    RushesProject *project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, &error);
    g_assert_no_error(error);
    return project;
}

static RushesTake *add_take(RushesProject *project, const char *prompt)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GError) error = NULL;

    g_free(recipe->prompt);
    recipe->prompt = g_strdup(prompt);
    recipe->width = 32;
    recipe->height = 16;
    recipe->frames = 10;
    recipe->fps = 10;
    RushesTake *take = rushes_project_add_take(project, recipe, NULL, &error);
    g_assert_no_error(error);
    return take;
}

static RushesShot *shot_at(RushesProject *project, guint i)
{
    g_autoptr(RushesShot) shot = g_list_model_get_item(rushes_project_get_shots(project), i);
    return shot;
}

static gboolean set_label(RushesProject *project, const char *text, GError **error)
{
    g_autoptr(cJSON) value = cJSON_CreateString(text);
    return rushes_project_set_value(project, "label", value, "Label", error);
}

static const char *label_of(RushesProject *project)
{
    return cJSON_GetStringValue(rushes_project_get_value(project, "label"));
}

static void edits_survive_without_saving(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(RushesRecipe) draft = rushes_recipe_copy(rushes_project_get_draft(project));

    g_free(draft->prompt);
    draft->prompt = g_strdup("a fox in the snow");
    g_assert_true(rushes_project_set_draft(project, draft, 2, NULL));
    RushesTake *take = add_take(project, "a fox in the snow");
    g_assert_true(rushes_project_set_star(project, take, TRUE, NULL));
    g_assert_true(rushes_project_add_shot(project, take, 0, NULL));
    g_assert_true(rushes_project_trim_shot(project, shot_at(project, 0), 2, 7, NULL));
    g_clear_object(&project);

    project = open_project(folder);
    g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "a fox in the snow");
    g_assert_cmpint(rushes_project_get_draft_takes(project), ==, 2);
    g_autoptr(RushesTake) again = g_list_model_get_item(rushes_project_get_takes(project), 0);
    g_assert_true(rushes_take_get_star(again));
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 0)), ==, 2);
    g_assert_cmpint(rushes_shot_get_out(shot_at(project, 0)), ==, 7);
    g_assert_cmpfloat(rushes_shot_get_seconds(shot_at(project, 0)), ==, 0.6);
    g_assert_null(rushes_project_get_notice(project));
}

static void undo_takes_back_every_edit_and_redo_repeats_it(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    RushesTake *first = add_take(project, "one"), *second = add_take(project, "two");

    g_assert_false(rushes_project_undo(project, NULL)); // making takes is not an edit to undo
    rushes_project_add_shot(project, first, 0, NULL);
    rushes_project_add_shot(project, second, 1, NULL);
    rushes_project_move_shot(project, shot_at(project, 1), 0, NULL);
    rushes_project_trim_shot(project, shot_at(project, 0), 3, 8, NULL);
    rushes_project_set_note(project, first, "too dark", NULL);
    rushes_project_remove_take(project, first, NULL);
    rushes_project_remove_shot(project, shot_at(project, 1), NULL);
    g_assert_cmpstr(rushes_project_get_undo_label(project), ==, "Remove Shot");
    guint made = 0;
    while (rushes_project_undo(project, NULL))
        made++;
    g_assert_cmpuint(made, ==, 7);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), ==, 0);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(project)), ==, 2);
    g_assert_cmpstr(rushes_take_get_note(first), ==, "");
    while (rushes_project_redo(project, NULL))
        made--;
    g_assert_cmpuint(made, ==, 0);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), ==, 1);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(project)), ==, 1);
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 0)), ==, 3);
    g_assert_cmpstr(rushes_take_get_note(first), ==, "too dark");

    g_clear_object(&project);
    project = open_project(folder); // undone and redone edits are edits to the journal
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(project)), ==, 1);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), ==, 1);
}

static void write_words(RushesProject *project, const char *words)
{
    g_autoptr(RushesRecipe) draft = rushes_recipe_copy(rushes_project_get_draft(project));

    g_free(draft->prompt);
    draft->prompt = g_strdup(words);
    g_assert_true(rushes_project_set_draft(project, draft, 1, NULL));
}

static void words_undo_as_they_were_written(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);

    write_words(project, "a fox");
    write_words(project, "a fox in the snow");
    add_take(project, "a fox in the snow");
    write_words(project, "a cat");
    g_assert_true(rushes_project_next_seed(project, 77, NULL));
    g_assert_true(rushes_project_undo(project, NULL)); // to what was generated, past the seed
    g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "a fox in the snow");
    g_assert_cmpuint(rushes_project_get_draft(project)->seed, ==, 77);
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "");
    g_assert_false(rushes_project_undo(project, NULL));
    g_assert_true(rushes_project_redo(project, NULL));
    g_assert_true(rushes_project_redo(project, NULL));
    g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "a cat");
    // Taken out again letter by letter, they are an edit undone.
    write_words(project, "a cat yawns");
    write_words(project, "a cat");
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "a fox in the snow");
}

static RushesTake *add_extension(RushesProject *project, RushesTake *of, int shared)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_take_get_recipe(of));

    recipe->conditioning = RUSHES_CONDITIONING_EXTEND;
    recipe->condition_frames = shared;
    return rushes_project_add_take(project, recipe, rushes_take_get_id(of), NULL);
}

static void an_extension_repeats_no_frame_after_the_take_it_continues(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    RushesTake *take = add_take(project, "one"), *other = add_take(project, "two"); // of 10 frames
    RushesTake *extension = add_extension(project, take, 5);

    rushes_project_add_shot(project, extension, 0, NULL); // after nothing: all of it
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 0)), ==, 0);
    rushes_project_add_shot(project, take, 1, NULL);
    rushes_project_add_shot(project, extension, 2, NULL);
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 2)), ==, 5);
    g_assert_cmpint(rushes_shot_get_out(shot_at(project, 2)), ==, 9);
    // The take ends two frames earlier now: the extension has these two as well.
    rushes_project_trim_shot(project, shot_at(project, 1), 0, 7, NULL);
    rushes_project_add_shot(project, extension, 2, NULL);
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 2)), ==, 3);
    rushes_project_trim_shot(project, shot_at(project, 2), 0, 9, NULL); // drawn out again
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 2)), ==, 0);
    rushes_project_add_shot(project, other, 4, NULL);
    rushes_project_add_shot(project, extension, 5, NULL); // after another take
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 5)), ==, 0);
}

static void grouped_edits_undo_as_one(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    RushesTake *take = add_take(project, "one");

    rushes_project_begin(project, "Fill Timeline");
    for (guint i = 0; i < 5; i++)
        rushes_project_add_shot(project, take, i, NULL);
    g_assert_true(rushes_project_end(project, NULL));
    for (int in = 1; in < 6; in++) // a drag of the handle
        rushes_project_trim_shot(project, shot_at(project, 2), in, 9, NULL);
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_cmpint(rushes_shot_get_in(shot_at(project, 2)), ==, 0);
    g_assert_cmpstr(rushes_project_get_undo_label(project), ==, "Fill Timeline");
    g_assert_true(rushes_project_undo(project, NULL));
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), ==, 0);
    g_assert_false(rushes_project_undo(project, NULL));
}

static void two_windows_do_not_share_a_project(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, &error));
    g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_BUSY);
    g_clear_error(&error);
    g_autoptr(RushesProject) reader = rushes_project_open(folder, RUSHES_PROJECT_READ_ONLY, &error);
    g_assert_no_error(error);
    g_assert_false(set_label(reader, "x", &error));
    g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_READ_ONLY);
    g_assert_cmpstr(rushes_project_get_title(reader), ==, "Winter picnic");
}

static void newer_versions_are_refused_and_left_alone(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *path = g_build_filename(scratch, "project.json", NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, "{\"version\": 2, \"title\": \"later\"}", -1, NULL);
    g_assert_null(rushes_project_open(scratch, RUSHES_PROJECT_REBUILD, &error));
    g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_NEWER);
    g_autofree char *kept = NULL;
    g_file_get_contents(path, &kept, NULL, NULL);
    g_assert_cmpstr(kept, ==, "{\"version\": 2, \"title\": \"later\"}");
}

static void nonsense_is_named_and_rebuilt_from_the_takes(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autofree char *path = g_build_filename(folder, "project.json", NULL);
    g_autofree char *kept = g_strconcat(path, ".damaged-1", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(GError) error = NULL;

    rushes_project_set_star(project, add_take(project, "a fox"), TRUE, NULL);
    rushes_project_save(project, NULL);
    g_clear_object(&project);
    const char *const nonsense[] = {"", "not json", "{\"version\": 1,\n\n \"takes\": [", "[]",
                                    "{\"version\": \"one\"}"};
    for (guint i = 0; i < G_N_ELEMENTS(nonsense); i++) {
        g_file_set_contents(path, nonsense[i], -1, NULL);
        g_assert_null(rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, &error));
        g_assert_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT);
        g_clear_error(&error);
    }
    project = rushes_project_open(folder, RUSHES_PROJECT_REBUILD, &error);
    g_assert_no_error(error);
    g_autoptr(RushesTake) take = g_list_model_get_item(rushes_project_get_takes(project), 0);
    g_assert_true(rushes_take_get_star(take));
    g_assert_true(g_file_test(kept, G_FILE_TEST_EXISTS));
}

static void fields_of_a_wrong_kind_do_not_stop_the_opening(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *path = g_build_filename(scratch, "project.json", NULL);

    g_file_set_contents(path,
                        "{\"version\": 1, \"takes\": 7, \"removed\": [3, null, \"x\"], \"shots\": "
                        "[1, {}, {\"id\": \"a\"}, {\"id\": \"a\"}, {\"id\": 5}], \"draft\": "
                        "{\"steps\": -4}, \"draft_takes\": 1e300, \"seq\": \"no\", \"title\": {}}",
                        -1, NULL);
    g_autoptr(RushesProject) project = open_project(scratch);
    const char *notice = rushes_project_get_notice(project);
    const char *shot = strstr(notice, "A shot in project.json makes no sense");
    g_assert_nonnull(shot);
    g_assert_null(strstr(shot + 1, "A shot in")); // once, of four
    g_assert_nonnull(strstr(notice, "The draft in project.json: "));
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), ==, 1);
    g_assert_cmpint(rushes_project_get_draft_takes(project), ==, 1);
}

static void what_is_left_out_at_opening_is_kept_beside(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *path = g_build_filename(scratch, "project.json", NULL);
    g_autofree char *kept = g_strconcat(path, ".damaged-1", NULL), *copy = NULL;
    g_autofree char *again = g_strconcat(path, ".damaged-2", NULL);
    const char *text =
        "{\"version\": 1, \"takes\": [\"far\"], \"shots\": [{\"id\": \"s\", \"take\": \"far\"}], "
        "\"draft\": {\"prompt\": \"a fox\", \"negative\": \"rain\", \"width\": \"wide\"}}";

    g_file_set_contents(path, text, -1, NULL);
    for (int i = 0; i < 2; i++) {
        g_autoptr(RushesProject) project = open_project(scratch);
        const char *notice = rushes_project_get_notice(project);
        g_assert_nonnull(
            strstr(notice, "project.json is kept as it was in project.json.damaged-1."));
        g_assert_cmpstr(rushes_project_get_draft(project)->prompt, ==, "a fox");
        g_assert_cmpstr(rushes_project_get_draft(project)->negative, ==, "rain");
        if (i == 1)
            g_assert_true(rushes_project_save(project, NULL));
    }
    g_assert_true(g_file_get_contents(kept, &copy, NULL, NULL));
    g_assert_cmpstr(copy, ==, text);
    g_assert_false(g_file_test(again, G_FILE_TEST_EXISTS));
}

static void a_take_that_cannot_be_read_is_not_called_missing(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autofree char *path =
        g_build_filename(rushes_take_get_folder(add_take(project, "a fox")), "take.json", NULL);

    g_clear_object(&project);
    g_file_set_contents(path, "[1,2", -1, NULL);
    project = open_project(folder);
    const char *notice = rushes_project_get_notice(project);
    g_assert_nonnull(strstr(notice, "put a good take.json back"));
    g_assert_null(strstr(notice, "is not in the takes folder"));
}

static void a_project_is_called_as_its_folder(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autofree char *renamed = g_build_filename(scratch, "Tom & Jerry_2.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);

    g_assert_cmpstr(rushes_project_get_title(project), ==, "Winter picnic");
    g_clear_object(&project);
    g_assert_cmpint(g_rename(folder, renamed), ==, 0);
    project = open_project(renamed);
    g_assert_cmpstr(rushes_project_get_title(project), ==, "Tom & Jerry_2");
}

static void damaged_journal_lines_are_kept_aside(void)
{
    g_autofree char *scratch = scratch_folder();
    g_autofree char *folder = new_folder(scratch);
    g_autofree char *path = g_build_filename(folder, "journal.jsonl", NULL);
    g_autofree char *kept = g_strconcat(path, ".damaged-1", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);

    set_label(project, "First", NULL);
    g_clear_object(&project);
    g_autofree char *good = NULL;
    g_file_get_contents(path, &good, NULL, NULL);
    g_autofree char *edited = g_strconcat(good, "{\"op\": oops}\n{\"seq\": 9}\n", NULL);
    g_file_set_contents(path, edited, -1, NULL);
    project = open_project(folder);
    g_assert_cmpstr(label_of(project), ==, "First");
    g_assert_nonnull(strstr(rushes_project_get_notice(project), "damaged-1"));
    g_autofree char *rest = NULL;
    g_file_get_contents(kept, &rest, NULL, NULL);
    g_assert_cmpstr(rest, ==, "{\"op\": oops}\n{\"seq\": 9}\n");
}

// The child numbers its edits and says each one's number once the project has taken it.
static G_NORETURN void edit_until_killed(const char *folder, const char *database, int out)
{
    g_autoptr(RushesProject) project = rushes_project_open(folder, 0, NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(database, NULL);

    for (guint32 n = 1;; n++) {
        g_autofree char *title = g_strdup_printf("title %u", n);
        gboolean made = set_label(project, title, NULL);
        if (n % 3 == 0) {
            RushesTake *take = add_take(project, title);
            made &= rushes_project_add_shot(project, take, 0, NULL);
            made &=
                rushes_library_add_job(library, folder, rushes_take_get_id(take), FALSE, NULL) > 0;
        }
        if (n % 7 == 0)
            made &= rushes_project_save(project, NULL);
        if (!made || write(out, &n, sizeof(n)) != sizeof(n))
            _exit(1);
    }
}

static void kill_at_any_moment_loses_nothing(void)
{
    for (int round = 0; round < 100; round++) {
        g_autofree char *scratch = scratch_folder();
        g_autofree char *folder = new_folder(scratch);
        g_autofree char *database = g_build_filename(scratch, "library.db", NULL);
        g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
        guint32 last = 0, number;
        int pipe_fds[2];

        g_clear_object(&project);
        g_assert_cmpint(pipe(pipe_fds), ==, 0);
        pid_t child = fork();
        if (child == 0)
            edit_until_killed(folder, database, pipe_fds[1]);
        close(pipe_fds[1]);
        g_usleep((gulong)g_test_rand_int_range(3000, 60000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipe_fds[0], &number, sizeof(number)) == sizeof(number))
            last = number;
        close(pipe_fds[0]);

        project = open_project(folder);
        g_assert_null(rushes_project_get_notice(project));
        if (last == 0)
            continue;
        const char *title = label_of(project);
        guint32 found = (guint32)g_ascii_strtoull(title + strlen("title "), NULL, 10);
        g_assert_cmpuint(found, >=, last); // the one after may have made it too
        g_assert_cmpuint(found, <=, last + 1);
        g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(project)), >=, last / 3);
        g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_shots(project)), >=, last / 3);
        g_autoptr(RushesLibrary) library = rushes_library_open(database, NULL);
        g_autoptr(GPtrArray) jobs = rushes_library_list_jobs(library);
        g_assert_cmpuint(jobs->len, >=, last / 3);
    }
}

static void an_extended_take_starts_from_frames_that_the_model_can_take(void)
{
    static const struct {
        int frames, count; // of the new clip; of those it starts from
    } cases[] = {{25, 9}, {9, 5}, {5, 1}, {2, 1}, {1, 0}};
    g_autofree char *folder = g_dir_make_tmp("rushes-test-XXXXXX", NULL);
    g_autofree char *place = g_build_filename(folder, "Film.rushes", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(place, NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    const gsize bytes = 8 * 4 * 3;

    recipe->width = 8;
    recipe->height = 4;
    recipe->fps = 12;
    recipe->frames = 12;
    RushesTake *from = rushes_project_add_take(project, recipe, NULL, NULL);
    g_autofree char *raw = g_build_filename(rushes_take_get_folder(from), "frames.rgb", NULL);
    g_autofree char *frames = g_malloc0(bytes * 12);
    for (gsize i = 0; i < 12; i++)
        memset(frames + i * bytes, (char)i, bytes);
    g_assert_true(g_file_set_contents(raw, frames, (gssize)bytes * 12, NULL));
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        recipe->frames = cases[i].frames;
        RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
        gboolean started = rushes_take_start_extending(take, from, 4, &error);
        g_assert_cmpint(started, ==, cases[i].count > 0);
        g_assert_cmpint(error == NULL, ==, started);
        if (!started)
            continue;
        const RushesRecipe *kept = rushes_take_get_recipe(take);
        g_assert_cmpint(kept->condition_frames, ==, cases[i].count);
        g_autofree char *file =
            g_build_filename(rushes_take_get_folder(take), "condition.rgb", NULL);
        g_autofree char *given = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(file, &given, &length, NULL));
        g_assert_cmpuint(length, ==, bytes * (gsize)cases[i].count);
        g_assert_cmpint(given[0], ==, 12 - cases[i].count); // the last ones, in order
        g_assert_cmpint(given[length - 1], ==, 11);
    }
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/project/survives", edits_survive_without_saving);
    g_test_add_func("/project/undo", undo_takes_back_every_edit_and_redo_repeats_it);
    g_test_add_func("/project/words", words_undo_as_they_were_written);
    g_test_add_func("/project/extension",
                    an_extension_repeats_no_frame_after_the_take_it_continues);
    g_test_add_func("/project/groups", grouped_edits_undo_as_one);
    g_test_add_func("/project/two-windows", two_windows_do_not_share_a_project);
    g_test_add_func("/project/renamed", a_project_is_called_as_its_folder);
    g_test_add_func("/project/newer", newer_versions_are_refused_and_left_alone);
    g_test_add_func("/project/nonsense", nonsense_is_named_and_rebuilt_from_the_takes);
    g_test_add_func("/project/wrong-kinds", fields_of_a_wrong_kind_do_not_stop_the_opening);
    g_test_add_func("/project/left-out", what_is_left_out_at_opening_is_kept_beside);
    g_test_add_func("/project/take-unread", a_take_that_cannot_be_read_is_not_called_missing);
    g_test_add_func("/project/damaged-journal", damaged_journal_lines_are_kept_aside);
    g_test_add_func("/project/kill", kill_at_any_moment_loses_nothing);
    g_test_add_func("/take/extend", an_extended_take_starts_from_frames_that_the_model_can_take);
    return scratch_end(g_test_run());
}
