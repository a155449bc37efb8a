// SPDX-License-Identifier: GPL-3.0-or-later
#include "places.h"

#include <glib/gstdio.h>
#include <string.h>

static char *get_program_folder(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    return self ? g_path_get_dirname(self) : g_strdup(".");
}

// `near` are paths beside or around this program, for the build tree and for a moved installation.
static char *find_program(const char *name, const char *const *near, GError **error)
{
    g_autofree char *folder = get_program_folder();
    g_autofree char *installed = g_build_filename(RUSHES_LIBEXECDIR, name, NULL);

    for (; *near; near++) {
        char *path = g_build_filename(folder, *near, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
            return path;
        g_free(path);
    }
    if (g_file_test(installed, G_FILE_TEST_IS_EXECUTABLE))
        return g_steal_pointer(&installed);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                "The program %s is neither beside this one nor in %s; install Rushes again.", name,
                RUSHES_LIBEXECDIR);
    return NULL;
}

char *rushes_places_find_engine(GError **error)
{
    static const char *const near[] = {".", "../engine", "../../engine", "../libexec", NULL};
    const char *named = g_getenv("RUSHES_ENGINE");
    return named ? g_strdup(named) : find_program("rushes-engine", near, error);
}

char *rushes_places_find_ops(GError **error)
{
    static const char *const near[] = {"../tests/gpu", "../gpu", "../libexec", NULL};
    return find_program("rushes-ops", near, error);
}

GStrv rushes_places_list_model_folders(void)
{
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
    const char *named = g_getenv("RUSHES_MODELS");

    if (named) {
        g_auto(GStrv) split = g_strsplit(named, ":", -1);
        g_strv_builder_addv(folders, (const char **)split);
        return g_strv_builder_end(folders);
    }

    g_autofree char *user = g_build_filename(g_get_user_data_dir(), "rushes", "models", NULL);
    g_strv_builder_add(folders, user);
    // build/ui/rushes and build/tests/x/y lie in a build folder inside the source tree; bin/rushes in
    // an installation that may have been moved.
    g_autofree char *program = get_program_folder();
    const char *source[] = {"../../models", "../../../models", "../share/rushes/models"};
    for (gsize i = 0; i < G_N_ELEMENTS(source); i++) {
        g_autofree char *path = g_build_filename(program, source[i], NULL);
        g_autofree char *bundled = g_build_filename(path, "mini", "model.json", NULL);
        g_autofree char *canonical = g_canonicalize_filename(path, NULL);
        if (g_file_test(bundled, G_FILE_TEST_EXISTS))
            g_strv_builder_add(folders, canonical);
    }
    g_strv_builder_add(folders, RUSHES_DATADIR "/rushes/models");
    return g_strv_builder_end(folders);
}

char *rushes_places_find_golden_cases(void)
{
    const char *named = g_getenv("RUSHES_GOLDEN");
    g_autofree char *program = get_program_folder();
    const char *near[] = {"../../tests/golden/cases", "../../../tests/golden/cases",
                          "../share/rushes/golden"};

    if (named)
        return g_strdup(named);
    for (gsize i = 0; i < G_N_ELEMENTS(near); i++) {
        g_autofree char *path = g_build_filename(program, near[i], NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR))
            return g_canonicalize_filename(path, NULL);
    }
    char *installed = g_strdup(RUSHES_DATADIR "/rushes/golden");
    if (!g_file_test(installed, G_FILE_TEST_IS_DIR))
        g_clear_pointer(&installed, g_free);
    return installed;
}

char *rushes_places_user_folder(const char *name)
{
    return g_build_filename(g_get_user_data_dir(), "rushes", name, NULL);
}

char *rushes_places_project_name(const char *folder)
{
    if (!folder)
        return NULL;
    g_autofree char *base = g_path_get_basename(folder);
    char *name = g_filename_display_name(base);
    if (g_str_has_suffix(name, ".rushes") && !g_str_equal(name, ".rushes"))
        name[strlen(name) - strlen(".rushes")] = '\0';
    return name;
}

char *rushes_places_get_cache(void)
{
    char *cache = g_build_filename(g_get_user_cache_dir(), "rushes", NULL);
    g_mkdir_with_parents(cache, 0700);
    return cache;
}
