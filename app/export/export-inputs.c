// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/export-inputs.h"

#include <glib/gstdio.h>

#include "json-file.h"
#include "project/take-proof.h"
#include "rushes-error.h"

typedef struct Input {
    char *path;
    char *sha256; // as the worker told it, or NULL
    struct stat state;
} Input;

struct RushesExportInputs {
    gatomicrefcount references;
    GArray *list; // Input
};

static void input_clear(gpointer data)
{
    Input *input = data;
    g_free(input->path);
    g_free(input->sha256);
}

static RushesExportInputs *new_inputs(void)
{
    RushesExportInputs *self = g_new0(RushesExportInputs, 1);

    g_atomic_ref_count_init(&self->references);
    self->list = g_array_new(FALSE, FALSE, sizeof(Input));
    g_array_set_clear_func(self->list, input_clear);
    return self;
}

// Takes `path`.
static void add(RushesExportInputs *self, char *path, const char *sha256)
{
    Input input = {.path = path};

    if (g_stat(path, &input.state) != 0) {
        g_free(path);
        return;
    }
    input.sha256 = g_strdup(sha256);
    g_array_append_val(self->list, input);
}

// Raw frames that are not whole are not read where take.mkv has them all; whoever was killed while they went left such.
static gboolean reads_raw_frames(RushesTake *take)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    gint64 whole = (gint64)recipe->width * recipe->height * 3 * recipe->frames;
    g_autofree char *raw = g_build_filename(rushes_take_get_folder(take), "frames.rgb", NULL);
    g_autofree char *master = g_build_filename(rushes_take_get_folder(take), "take.mkv", NULL);
    GStatBuf info;

    return (g_stat(raw, &info) == 0 && info.st_size >= whole) ||
           !g_file_test(master, G_FILE_TEST_IS_REGULAR);
}

static void add_take(RushesExportInputs *self, RushesTake *take)
{
    static const char *const names[] = {"frames.rgb", "take.mkv", "audio.f32"};

    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        // Of the raw frames and their lasting copy one is read.
        gboolean is_read = i == 2 || reads_raw_frames(take) == (i == 0);
        add(self, g_build_filename(rushes_take_get_folder(take), names[i], NULL),
            is_read ? rushes_take_get_file_hash(take, names[i]) : NULL);
    }
}

RushesExportInputs *rushes_export_inputs_of_take(RushesTake *take)
{
    RushesExportInputs *self = new_inputs();

    add_take(self, take);
    return self;
}

RushesExportInputs *rushes_export_inputs_of_film(RushesProject *project)
{
    RushesExportInputs *self = new_inputs();
    GListModel *shots = rushes_project_get_shots(project);
    const cJSON *sound = rushes_project_get_value(project, "sound"), *clip;
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        if (take && g_hash_table_add(seen, take))
            add_take(self, take);
    }
    cJSON_ArrayForEach(clip, sound)
    {
        add(self,
            g_build_filename(rushes_project_get_folder(project), "media",
                             rushes_json_string(clip, "media", ""), NULL),
            NULL);
    }
    return self;
}

RushesExportInputs *rushes_export_inputs_ref(RushesExportInputs *self)
{
    if (self)
        g_atomic_ref_count_inc(&self->references);
    return self;
}

void rushes_export_inputs_unref(RushesExportInputs *self)
{
    if (!self || !g_atomic_ref_count_dec(&self->references))
        return;
    g_array_unref(self->list);
    g_free(self);
}

gboolean rushes_export_inputs_prove(const RushesExportInputs *self, GCancellable *cancellable,
                                    GError **error)
{
    for (guint i = 0; i < self->list->len; i++) {
        const Input *input = &g_array_index(self->list, Input, i);
        if (g_cancellable_set_error_if_cancelled(cancellable, error) ||
            !rushes_take_prove_file(input->path, input->sha256, error))
            return FALSE;
    }
    return TRUE;
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
