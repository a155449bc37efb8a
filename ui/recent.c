// SPDX-License-Identifier: GPL-3.0-or-later
#include "recent.h"

#include "json-file.h"
#include "places.h"

#define MOST_RECENT 12

static char *recent_path(void)
{
    return g_build_filename(g_get_user_data_dir(), "rushes", "recent.json", NULL);
}

// Also of folders that are not there now: a disk that is not plugged in today is tomorrow.
static GStrv list_all(void)
{
    g_autofree char *path = recent_path();
    g_autoptr(cJSON) file = rushes_json_file_read(path, NULL);
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(file, "projects"))
    {
        if (cJSON_IsString(item))
            g_strv_builder_add(folders, item->valuestring);
    }
    return g_strv_builder_end(folders);
}

GStrv rushes_recent_list(void)
{
    g_auto(GStrv) all = list_all();
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();

    for (guint i = 0; all[i]; i++) {
        if (g_file_test(all[i], G_FILE_TEST_IS_DIR))
            g_strv_builder_add(folders, all[i]);
    }
    return g_strv_builder_end(folders);
}

char *rushes_recent_name(const char *const *folders, guint index)
{
    g_autofree char *title = rushes_places_project_name(folders[index]);
    g_autoptr(GString) name = g_string_new(title);
    gboolean is_alone = TRUE;

    for (guint i = 0; folders[i]; i++) {
        g_autofree char *other = rushes_places_project_name(folders[i]);
        is_alone &= i == index || !g_str_equal(other, title);
    }
    if (!is_alone) {
        g_autofree char *place = g_path_get_dirname(folders[index]);
        g_autofree char *shown = g_filename_display_name(place);
        g_string_append_printf(name, " \u2014 %s", shown);
    }
    g_string_replace(name, "_", "__",
                     0); // a single one would mark the letter after it as the item's key
    return g_strdup(name->str);
}

void rushes_recent_add(const char *folder)
{
    g_autofree char *path = recent_path();
    g_autofree char *parent = g_path_get_dirname(path);
    g_auto(GStrv) before = list_all();
    g_autoptr(cJSON) file = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(file, "projects");
    g_autoptr(GError) failure = NULL;

    cJSON_AddItemToArray(list, cJSON_CreateString(folder));
    for (guint i = 0; before[i] && cJSON_GetArraySize(list) < MOST_RECENT; i++) {
        if (!g_str_equal(before[i], folder))
            cJSON_AddItemToArray(list, cJSON_CreateString(before[i]));
    }
    g_mkdir_with_parents(parent, 0700);
    if (!rushes_json_file_write(path, file, &failure))
        g_message("%s", failure->message); // only the menu is poorer for it
}
