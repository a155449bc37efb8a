// SPDX-License-Identifier: GPL-3.0-or-later
#include "recent.h"

#include "json-file.h"

#define MOST_RECENT 12

static char *recent_path(void)
{
    return g_build_filename(g_get_user_data_dir(), "rushes", "recent.json", NULL);
}

GStrv rushes_recent_list(void)
{
    g_autofree char *path = recent_path();
    g_autoptr(cJSON) file = rushes_json_file_read(path, NULL);
    g_autoptr(GStrvBuilder) folders = g_strv_builder_new();
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(file, "projects"))
    {
        if (cJSON_IsString(item) && g_file_test(item->valuestring, G_FILE_TEST_IS_DIR))
            g_strv_builder_add(folders, item->valuestring);
    }
    return g_strv_builder_end(folders);
}

void rushes_recent_add(const char *folder)
{
    g_autofree char *path = recent_path();
    g_autofree char *parent = g_path_get_dirname(path);
    g_auto(GStrv) before = rushes_recent_list();
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
