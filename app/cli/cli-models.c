// SPDX-License-Identifier: GPL-3.0-or-later
// rushes models: the model folders that can be named with --model.
#include <cjson/cJSON.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "json-file.h"
#include "places.h"

// Of a file, or of all that the index of a split model names.
static double get_file_bytes(const char *path)
{
    GStatBuf info;
    double bytes = g_stat(path, &info) == 0 ? (double)info.st_size : 0.0;

    if (!g_str_has_suffix(path, ".index.json"))
        return bytes;
    g_autoptr(cJSON) index = rushes_json_file_read(path, NULL);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    g_autofree char *folder = g_path_get_dirname(path);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(index, "weight_map"))
    {
        if (!cJSON_IsString(entry) || !g_hash_table_add(seen, entry->valuestring))
            continue;
        g_autofree char *name = g_path_get_basename(entry->valuestring);
        g_autofree char *shard = g_build_filename(folder, name, NULL);
        bytes += g_stat(shard, &info) == 0 ? (double)info.st_size : 0.0;
    }
    return bytes;
}

static double get_folder_bytes(const char *folder, const cJSON *model)
{
    const cJSON *components = cJSON_GetObjectItemCaseSensitive(model, "components"), *component;
    double bytes = 0.0;

    cJSON_ArrayForEach(component, components)
    {
        const char *file = rushes_json_string(component, "file", NULL);
        g_autofree char *path = file ? g_build_filename(folder, file, NULL) : NULL;
        bytes += path ? get_file_bytes(path) : 0.0;
    }
    return bytes;
}

// A JSON object about the model in `folder`; its own file may be broken, which is then said.
static cJSON *describe(const char *folder, const char *id)
{
    g_autofree char *path = g_build_filename(folder, "model.json", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(cJSON) model = rushes_json_file_read(path, &error);
    cJSON *entry = cJSON_CreateObject();

    cJSON_AddStringToObject(entry, "id", id);
    cJSON_AddStringToObject(entry, "folder", folder);
    if (!model) {
        cJSON_AddStringToObject(entry, "problem", error->message);
        return entry;
    }
    const cJSON *defaults = cJSON_GetObjectItemCaseSensitive(model, "defaults");
    const cJSON *components = cJSON_GetObjectItemCaseSensitive(model, "components");
    static const char *const texts[] = {"name", "family", "version", "licence", "about"};
    static const char *const numbers[] = {"width", "height", "frames", "fps", "steps"};
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        cJSON_AddStringToObject(entry, texts[i], rushes_json_string(model, texts[i], ""));
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        cJSON_AddNumberToObject(entry, numbers[i], rushes_json_number(defaults, numbers[i], 0.0));
    cJSON_AddBoolToObject(entry, "audio", cJSON_HasObjectItem(components, "vocoder"));
    cJSON_AddNumberToObject(entry, "bytes", get_folder_bytes(folder, model));
    return entry;
}

static int compare_names(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_models(cJSON *list, const char *folder)
{
    g_autoptr(GDir) open = g_dir_open(folder, 0, NULL);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (open && (name = g_dir_read_name(open)))
        g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_names);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *model = g_build_filename(folder, names->pdata[i], NULL);
        g_autofree char *file = g_build_filename(model, "model.json", NULL);
        gboolean known = FALSE;
        const cJSON *entry;
        cJSON_ArrayForEach(entry, list)
        {
            known = known || g_str_equal(rushes_json_string(entry, "id", ""), names->pdata[i]);
        }
        // The first folder wins, as it does for the engine.
        if (!known && g_utf8_validate(names->pdata[i], -1, NULL) &&
            g_file_test(file, G_FILE_TEST_EXISTS))
            cJSON_AddItemToArray(list, describe(model, names->pdata[i]));
    }
}

static void print_model(const cJSON *model)
{
    const char *problem = rushes_json_string(model, "problem", NULL);

    printf("%s", rushes_json_string(model, "id", "?"));
    if (problem) {
        printf("\n   cannot be used: %s\n", problem);
        return;
    }
    printf("  %s (%s, %s, %.0f MB)\n", rushes_json_string(model, "name", ""),
           rushes_json_string(model, "family", ""), rushes_json_string(model, "licence", ""),
           rushes_json_number(model, "bytes", 0.0) / 1e6);
    printf("   %dx%d, %d frames at %g a second, %d steps, %s\n",
           rushes_json_int(model, "width", 0, 65536, 0),
           rushes_json_int(model, "height", 0, 65536, 0),
           rushes_json_int(model, "frames", 0, 65536, 0), rushes_json_number(model, "fps", 0.0),
           rushes_json_int(model, "steps", 0, 65536, 0),
           rushes_json_bool(model, "audio", FALSE) ? "with sound" : "silent");
    printf("   %s\n", rushes_json_string(model, "folder", ""));
}

int rushes_cli_models(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!rushes_cli_parse(
            "",
            "Lists the models: folders with a model.json, the bundled ones and those in "
            "$XDG_DATA_HOME/rushes/models.",
            entries, &argc, &argv, &status))
        return status;
    g_auto(GStrv) folders = rushes_places_list_model_folders();
    g_autoptr(cJSON) list = cJSON_CreateArray();
    for (char **folder = folders; *folder; folder++)
        add_models(list, *folder);

    if (json) {
        char *text = cJSON_Print(list);
        puts(text);
        cJSON_free(text);
    } else {
        const cJSON *model;
        cJSON_ArrayForEach(model, list) print_model(model);
    }
    if (cJSON_GetArraySize(list) == 0) {
        g_autofree char *places = g_strjoinv(", ", folders);
        g_autofree char *what = g_strdup_printf("There is no model in %s", places);
        rushes_cli_complain(what);
        return RUSHES_EXIT_FILE;
    }
    return RUSHES_EXIT_OK;
}
