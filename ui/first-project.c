// SPDX-License-Identifier: GPL-3.0-or-later
#include "first-project.h"

#include <glib/gstdio.h>

#include "places.h"

static const char sample_prompt[] =
    "A cheerful fox moves towards the camera in the snow during the day. It yelps, winter wind.";

// The folder of the take that comes with a model, or NULL.
static char *find_sample(void)
{
    g_auto(GStrv) folders = rushes_places_list_model_folders();
    for (guint i = 0; folders[i]; i++) {
        g_autofree char *sample = g_build_filename(folders[i], "mini", "sample", NULL);
        g_autofree char *json = g_build_filename(sample, "take.json", NULL);
        if (g_file_test(json, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&sample);
    }
    return NULL;
}

static char *first_folder(void)
{
    const char *videos = g_get_user_special_dir(G_USER_DIRECTORY_VIDEOS);
    const char *base =
        videos && g_file_test(videos, G_FILE_TEST_IS_DIR) ? videos : g_get_home_dir();

    for (guint n = 1;; n++) {
        g_autofree char *name = n == 1 ? g_strdup("My first film.rushes")
                                       : g_strdup_printf("My first film %u.rushes", n);
        char *folder = g_build_filename(base, name, NULL);
        if (!g_file_test(folder, G_FILE_TEST_EXISTS))
            return folder;
        g_free(folder);
    }
}

// Links or copies the sample's files into a take of the project's own.
static void copy_sample(const char *sample, RushesProject *project)
{
    g_autofree char *target =
        g_build_filename(rushes_project_get_folder(project), "takes", "sample", NULL);
    g_autoptr(GDir) dir = g_dir_open(sample, 0, NULL);
    const char *name;

    if (!dir || g_mkdir_with_parents(target, 0755) < 0)
        return;
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *from = g_build_filename(sample, name, NULL);
        g_autofree char *to = g_build_filename(target, name, NULL);
        g_autoptr(GFile) source = g_file_new_for_path(from);
        g_autoptr(GFile) copy = g_file_new_for_path(to);
        g_file_copy(source, copy, G_FILE_COPY_NONE, NULL, NULL, NULL, NULL);
    }
}

RushesProject *rushes_first_project_create(GError **error)
{
    g_autofree char *folder = first_folder();
    g_autofree char *sample = find_sample();
    g_autoptr(RushesProject) project = rushes_project_create(folder, error);

    if (!project)
        return NULL;
    if (sample) {
        copy_sample(sample, project);
        g_clear_object(&project); // opening finds the take that lies there now
        project = rushes_project_open(folder, RUSHES_PROJECT_DEFAULT, error);
        if (!project)
            return NULL;
    }
    GListModel *takes = rushes_project_get_takes(project);
    g_autoptr(RushesTake) shown = g_list_model_get_item(takes, 0);
    g_autoptr(RushesRecipe) draft = rushes_recipe_copy(shown ? rushes_take_get_recipe(shown)
                                                             : rushes_project_get_draft(project));
    if (!shown) {
        g_free(draft->prompt);
        draft->prompt = g_strdup(sample_prompt);
    }
    draft->seed = g_random_int(); // the same words, another clip
    if (!rushes_project_set_draft(project, draft, 1, error))
        return NULL;
    return g_steal_pointer(&project);
}
