// SPDX-License-Identifier: GPL-3.0-or-later
#include "settings.h"

#define SCHEMA "io.rushes.Studio"

GSettings *rushes_settings_new(void)
{
    GSettingsSchemaSource *installed = g_settings_schema_source_get_default();
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *folder = g_path_get_dirname(program ? program : ".");
    // build/ui/rushes and build/tests/x/y
    const char *const near[] = {"../data", "../../data", "../../../data"};
    g_autoptr(GSettingsSchema) schema =
        installed ? g_settings_schema_source_lookup(installed, SCHEMA, TRUE) : NULL;

    for (guint i = 0; i < G_N_ELEMENTS(near) && !schema; i++) {
        g_autofree char *path = g_build_filename(folder, near[i], NULL);
        g_autoptr(GSettingsSchemaSource) source =
            g_settings_schema_source_new_from_directory(path, installed, TRUE, NULL);
        if (source)
            schema = g_settings_schema_source_lookup(source, SCHEMA, TRUE);
    }
    return schema ? g_settings_new_full(schema, NULL, NULL) : NULL;
}
