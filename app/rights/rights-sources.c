// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/rights-sources.h"

#include <string.h>

#include "rushes-error.h"

static gboolean merge_if_there(RushesRightsList *list, const char *path, GError **error)
{
    return !g_file_test(path, G_FILE_TEST_EXISTS) || rushes_rights_list_merge(list, path, error);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static gboolean merge_folder(RushesRightsList *list, const char *folder, GError **error)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)))
        if (g_str_has_suffix(name, ".list"))
            g_ptr_array_add(paths, g_build_filename(folder, name, NULL));
    g_ptr_array_sort(paths, by_name);
    for (guint i = 0; i < paths->len; i++)
        if (!rushes_rights_list_merge(list, g_ptr_array_index(paths, i), error))
            return FALSE;
    return TRUE;
}

RushesRightsList *rushes_rights_sources_read(GError **error)
{
    g_autoptr(RushesRightsList) list = rushes_rights_list_new();
    const char *config = g_get_user_config_dir();
    g_autofree char *own = g_build_filename(config, "rushes", "rights.list", NULL);
    g_autofree char *subscribed = g_build_filename(config, "rushes", "rights.d", NULL);

    if (!merge_if_there(list, RUSHES_DATADIR "/rushes/rights.list", error) ||
        !merge_if_there(list, own, error) || !merge_folder(list, subscribed, error))
        return NULL;
    return g_steal_pointer(&list);
}

gboolean rushes_rights_sources_allow(const char *prompt, char **warning, GError **error)
{
    g_autoptr(RushesRightsList) list = rushes_rights_sources_read(error);
    RushesRightsAction action = RUSHES_RIGHTS_WARN;

    if (warning)
        *warning = NULL;
    if (!list)
        return FALSE;
    g_autofree char *sentence = rushes_rights_list_judge(list, prompt, &action);
    if (sentence && action == RUSHES_RIGHTS_REFUSE) {
        g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, sentence);
        return FALSE;
    }
    if (warning)
        *warning = g_steal_pointer(&sentence);
    return TRUE;
}
