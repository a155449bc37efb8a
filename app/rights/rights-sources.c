// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/rights-sources.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "rushes-error.h"

#define ENDING ".list"

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *rushes_rights_sources_folder(void)
{
    return g_build_filename(g_get_user_config_dir(), "rushes", "rights.d", NULL);
}

char *rushes_rights_sources_own(void)
{
    return g_build_filename(g_get_user_config_dir(), "rushes", "rights.list", NULL);
}

static GPtrArray *subscribed_paths(void)
{
    g_autofree char *folder = rushes_rights_sources_folder();
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ENDING))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(paths, by_name);
    return paths;
}

GStrv rushes_rights_sources_list(void)
{
    g_autoptr(GStrvBuilder) lists = g_strv_builder_new();
    g_autoptr(GPtrArray) subscribed = subscribed_paths();
    g_autofree char *own = rushes_rights_sources_own();

    g_strv_builder_add(lists, RUSHES_DATADIR "/rushes/rights.list");
    g_strv_builder_add(lists, own);
    for (guint i = 0; i < subscribed->len; i++)
        g_strv_builder_add(lists, g_ptr_array_index(subscribed, i));
    return g_strv_builder_end(lists);
}

RushesRightsList *rushes_rights_sources_read(GError **error)
{
    g_autoptr(RushesRightsList) list = rushes_rights_list_new();
    g_auto(GStrv) paths = rushes_rights_sources_list();

    for (char **path = paths; *path; path++) {
        g_autoptr(GError) failure = NULL;
        gboolean is_link = g_file_test(*path, G_FILE_TEST_IS_SYMLINK);
        if (!is_link && !g_file_test(*path, G_FILE_TEST_EXISTS))
            continue;
        if (rushes_rights_list_merge(list, *path, &failure))
            continue;
        int length = (int)strlen(failure->message) - g_str_has_suffix(failure->message, ".");
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_FORMAT,
                    "A rights list cannot be read, so nothing is generated: %.*s; repair it, or "
                    "leave it (Rights Lists in the main menu, or rushes rights unsubscribe)",
                    length, failure->message);
        return NULL;
    }
    return g_steal_pointer(&list);
}

static gboolean fail_io(GError **error, const char *path, int number)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO, "%s: cannot be written (%s)", path,
                g_strerror(number));
    return FALSE;
}

char *rushes_rights_sources_subscribe(const char *path, GError **error)
{
    g_autofree char *target = g_canonicalize_filename(path, NULL);
    g_autoptr(RushesRightsList) list = rushes_rights_list_read(target, error);
    g_autofree char *folder = rushes_rights_sources_folder();
    g_autofree char *base = g_path_get_basename(target);
    g_autoptr(GPtrArray) subscribed = subscribed_paths();

    if (!list)
        return NULL;
    for (guint i = 0; i < subscribed->len; i++) {
        g_autofree char *other = g_file_read_link(g_ptr_array_index(subscribed, i), NULL);
        if (g_strcmp0(other, target) == 0)
            return g_path_get_basename(g_ptr_array_index(subscribed, i));
    }
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        fail_io(error, folder, errno);
        return NULL;
    }
    if (g_str_has_suffix(base, ENDING))
        base[strlen(base) - strlen(ENDING)] = '\0';
    for (guint n = 1; n < 1000; n++) { // two studios may both call theirs studio.list
        char *name = n == 1 ? g_strdup_printf("%s%s", base, ENDING)
                            : g_strdup_printf("%s-%u%s", base, n, ENDING);
        g_autofree char *link = g_build_filename(folder, name, NULL);
        if (symlink(target, link) == 0)
            return name;
        g_free(name);
        if (errno != EEXIST)
            break;
    }
    fail_io(error, folder, errno);
    return NULL;
}

gboolean rushes_rights_sources_unsubscribe(const char *name, GError **error)
{
    g_autoptr(GPtrArray) subscribed = subscribed_paths();
    g_autofree char *target = g_canonicalize_filename(name, NULL);

    for (guint i = 0; i < subscribed->len; i++) {
        const char *path = g_ptr_array_index(subscribed, i);
        g_autofree char *base = g_path_get_basename(path);
        g_autofree char *other = g_file_read_link(path, NULL);
        if (!g_str_equal(base, name) && g_strcmp0(other, target) != 0 && !g_str_equal(path, target))
            continue;
        if (!other) {
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                        "%s is a list itself and not a link to one; move it away by hand", path);
            return FALSE;
        }
        return g_unlink(path) == 0 || fail_io(error, path, errno);
    }
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                "\"%s\" is not subscribed; rushes rights list shows what is", name);
    return FALSE;
}

gboolean rushes_rights_sources_judge(RushesRightsList *list, const char *prompt, char **warning,
                                     GError **error)
{
    RushesRightsAction action = RUSHES_RIGHTS_WARN;
    g_autofree char *sentence = rushes_rights_list_judge(list, prompt, &action);

    if (warning)
        *warning = NULL;
    if (sentence && action == RUSHES_RIGHTS_REFUSE) {
        g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, sentence);
        return FALSE;
    }
    if (warning)
        *warning = g_steal_pointer(&sentence);
    return TRUE;
}

gboolean rushes_rights_sources_allow(const char *prompt, char **warning, GError **error)
{
    g_autoptr(RushesRightsList) list = rushes_rights_sources_read(error);

    if (warning)
        *warning = NULL;
    return list && rushes_rights_sources_judge(list, prompt, warning, error);
}
