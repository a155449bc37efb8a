// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/export-inputs.h"

#include <glib/gstdio.h>

#include "json-file.h"
#include "rushes-error.h"

typedef struct Input {
    char *path;
    struct stat state;
} Input;

struct RushesExportInputs {
    GArray *list; // Input
};

static void add_take(GStrvBuilder *paths, RushesTake *take)
{
    static const char *const names[] = {"frames.rgb", "take.mkv", "audio.f32"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(rushes_take_get_folder(take), names[i], NULL);
        g_strv_builder_add(paths, path);
    }
}

GStrv rushes_export_inputs_of_take(RushesTake *take)
{
    g_autoptr(GStrvBuilder) paths = g_strv_builder_new();

    add_take(paths, take);
    return g_strv_builder_end(paths);
}

GStrv rushes_export_inputs_of_film(RushesProject *project)
{
    g_autoptr(GStrvBuilder) paths = g_strv_builder_new();
    GListModel *shots = rushes_project_get_shots(project);
    const cJSON *sound = rushes_project_get_value(project, "sound"), *clip;

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        if (rushes_shot_get_take(shot))
            add_take(paths, rushes_shot_get_take(shot));
    }
    cJSON_ArrayForEach(clip, sound)
    {
        g_autofree char *path = g_build_filename(rushes_project_get_folder(project), "media",
                                                 rushes_json_string(clip, "media", ""), NULL);
        g_strv_builder_add(paths, path);
    }
    return g_strv_builder_end(paths);
}

static void input_clear(gpointer data)
{
    g_free(((Input *)data)->path);
}

RushesExportInputs *rushes_export_inputs_new(const char *const *paths)
{
    RushesExportInputs *self = g_new0(RushesExportInputs, 1);

    self->list = g_array_new(FALSE, FALSE, sizeof(Input));
    g_array_set_clear_func(self->list, input_clear);
    for (; paths && *paths; paths++) {
        Input input = {0};
        if (g_stat(*paths, &input.state) != 0)
            continue;
        input.path = g_strdup(*paths);
        g_array_append_val(self->list, input);
    }
    return self;
}

void rushes_export_inputs_free(RushesExportInputs *self)
{
    if (!self)
        return;
    g_array_unref(self->list);
    g_free(self);
}

gboolean rushes_export_inputs_check(const RushesExportInputs *self, GError **error)
{
    for (guint i = 0; i < self->list->len; i++) {
        const Input *input = &g_array_index(self->list, Input, i);
        const struct stat *was = &input->state;
        struct stat now;
        if (g_stat(input->path, &now) != 0 ||
            (now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
             now.st_mtim.tv_nsec == was->st_mtim.tv_nsec))
            continue;
        g_autofree char *shown = g_filename_display_name(input->path);
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_IO,
                    "%s was changed while it was exported, so no file was made; export again when "
                    "nothing writes to it.",
                    shown);
        return FALSE;
    }
    return TRUE;
}
