// SPDX-License-Identifier: GPL-3.0-or-later
// Save As: a project copied while it is worked in.
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "project/project-copy.h"
#include "scratch.h"

// Of a project that is not made yet.
static char *new_folder(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-copy-XXXXXX", NULL);
    return g_build_filename(scratch, "Picnic.rushes", NULL);
}

static void add_take(RushesProject *project, const char *prompt)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();

    g_free(recipe->prompt);
    recipe->prompt = g_strdup(prompt);
    g_assert_nonnull(rushes_project_add_take(project, recipe, NULL, NULL));
}

typedef struct Copying {
    GMainLoop *loop;
    GCancellable *cancellable; // to be cancelled when a part is copied, or NULL
    RushesProject *project;
    const char *edit; // name of a take that is added when a part is copied, or NULL
    double fraction;
    GError *error;
} Copying;

static void on_copy_progress(double fraction, gpointer data)
{
    Copying *copying = data;

    g_assert_cmpfloat(fraction, >=, copying->fraction);
    copying->fraction = fraction;
    if (copying->cancellable)
        g_cancellable_cancel(copying->cancellable);
    if (copying->edit)
        add_take(copying->project, g_steal_pointer(&copying->edit));
}

static void on_copy_done(GObject *source, GAsyncResult *result, gpointer data)
{
    Copying *copying = data;

    rushes_project_copy_finish(RUSHES_PROJECT(source), result, &copying->error);
    g_main_loop_quit(copying->loop);
}

// The message, owned by the caller, or NULL when the copy is whole.
static char *copy_project(RushesProject *project, const char *folder, Copying *copying)
{
    copying->project = project;
    copying->loop = g_main_loop_new(NULL, FALSE);
    rushes_project_copy_async(project, folder, copying->cancellable, on_copy_progress, copying,
                              on_copy_done, copying);
    g_main_loop_run(copying->loop);
    g_main_loop_unref(copying->loop);
    char *message = copying->error ? g_strdup(copying->error->message) : NULL;
    g_clear_error(&copying->error);
    return message;
}

static void a_copy_is_whole_or_not_there(void)
{
    g_autofree char *folder = new_folder(), *copy = g_strconcat(folder, ".copy", NULL);
    g_autofree char *inside = g_build_filename(folder, "copy.rushes", NULL);
    g_autofree char *filler = g_strnfill(300, 'x'),
                    *name = g_strconcat(scratch_root, "/", filler, NULL);
    g_autofree char *pipe = g_build_filename(folder, "takes", "pipe", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    const char *const refused[] = {inside, name, "/proc/copy.rushes"};

    add_take(project, "a fox");
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *message = copy_project(project, refused[i], &(Copying){0});
        g_assert_nonnull(message);
        g_assert_nonnull(strstr(message, "choose a"));
        g_assert_false(g_file_test(refused[i], G_FILE_TEST_EXISTS));
    }
    g_assert_cmpint(mkfifo(pipe, 0600), ==, 0); // what cannot be copied, among what can
    g_autofree char *message = copy_project(project, copy, &(Copying){0});
    g_assert_nonnull(message);
    g_assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
    g_unlink(pipe);
    g_assert_null(copy_project(project, copy, &(Copying){0}));
    g_autoptr(RushesProject) other = rushes_project_open(copy, RUSHES_PROJECT_DEFAULT, NULL);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(other)), ==, 1);
}

// Files that take more than a moment to copy.
static void add_large_files(RushesProject *project)
{
    g_autofree char *inputs = g_build_filename(rushes_project_get_folder(project), "inputs", NULL);
    gsize bytes = 8 << 20;
    g_autofree char *content = g_malloc0(bytes);

    g_mkdir_with_parents(inputs, 0755);
    for (int i = 0; i < 8; i++) {
        g_autofree char *name = g_strdup_printf("%d.png", i);
        g_autofree char *path = g_build_filename(inputs, name, NULL);
        memset(content, i + 1, bytes);
        g_assert_true(g_file_set_contents(path, content, (gssize)bytes, NULL));
    }
}

static void a_cancelled_copy_leaves_nothing(void)
{
    g_autofree char *folder = new_folder(), *copy = g_strconcat(folder, ".copy", NULL);
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    g_autoptr(GCancellable) cancellable = g_cancellable_new();

    add_take(project, "a fox");
    add_large_files(project);
    g_autofree char *message = copy_project(project, copy, &(Copying){.cancellable = cancellable});
    g_assert_nonnull(message);
    g_assert_false(g_file_test(copy, G_FILE_TEST_EXISTS));
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(project)), ==, 1);
}

static void what_is_made_while_a_project_is_copied_is_in_the_copy(void)
{
    g_autofree char *folder = new_folder(), *copy = g_strconcat(folder, ".copy", NULL);
    g_autofree char *input = g_build_filename(copy, "inputs", "7.png", NULL);
    g_autofree char *content = NULL;
    gsize length;
    g_autoptr(RushesProject) project = rushes_project_create(folder, NULL);
    Copying copying = {.edit = "made meanwhile"};

    add_take(project, "a fox");
    add_large_files(project);
    g_assert_null(copy_project(project, copy, &copying));
    g_assert_null(copying.edit); // it was told how far it is
    g_autoptr(RushesProject) other = rushes_project_open(copy, RUSHES_PROJECT_DEFAULT, NULL);
    g_assert_cmpuint(g_list_model_get_n_items(rushes_project_get_takes(other)), ==, 2);
    g_assert_null(rushes_project_get_notice(other));
    g_assert_true(g_file_get_contents(input, &content, &length, NULL));
    g_assert_cmpuint(length, ==, 8 << 20);
    g_assert_cmpint(content[length - 1], ==, 8);
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/project-copy/whole", a_copy_is_whole_or_not_there);
    g_test_add_func("/project-copy/cancelled", a_cancelled_copy_leaves_nothing);
    g_test_add_func("/project-copy/meanwhile",
                    what_is_made_while_a_project_is_copied_is_in_the_copy);
    return scratch_end(g_test_run());
}
