// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/generate-clip.h"

#include "export/exporter.h"
#include "export/ingredients.h"
#include "json-file.h"
#include "media/steady-file.h"
#include "playback/frame-store.h"
#include "provenance/signer.h"

// A clip that is rendered without a project has no take's id: its mark is made from what it was asked to be.
static RushesMarkSpan recipe_mark(const cJSON *recipe)
{
    g_autoptr(cJSON) asked = cJSON_Duplicate(recipe, TRUE);

    cJSON_DeleteItemFromObjectCaseSensitive(asked, "made");
    char *text = cJSON_PrintUnformatted(asked);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
    cJSON_free(text);
    return (RushesMarkSpan){.payload = rushes_mark_payload_of_take(hash)};
}

static GMappedFile *map(const char *take, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(take, name, NULL);
    return g_mapped_file_new(path, FALSE, error);
}

// What the clip started from, named by content: the recipe travels without the files.
static void add_condition_hashes(cJSON *recipe, const char *take)
{
    cJSON *conditioning = cJSON_GetObjectItemCaseSensitive(recipe, "conditioning");
    const char *const names[][2] = {{"video", "video_sha256"}, {"audio", "audio_sha256"}};

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *name = rushes_json_string(conditioning, names[i][0], NULL);
        g_autofree char *path = name ? g_build_filename(take, name, NULL) : NULL;
        g_autofree char *hash = path ? rushes_steady_file_checksum(path, NULL) : NULL;
        if (hash)
            rushes_json_put(conditioning, names[i][1], cJSON_CreateString(hash));
    }
}

// The frames and the sound that the worker has announced, as something to export.
static RushesFrameSource *open_take(RushesGeneratedClip *clip, GError **error)
{
    const cJSON *made = cJSON_GetObjectItemCaseSensitive(clip->recipe, "made");
    RushesFrameFormat format = {
        .width = rushes_json_int(clip->recipe, "width", 2, 65536, 2),
        .height = rushes_json_int(clip->recipe, "height", 2, 65536, 2),
        .fps = rushes_json_number(clip->recipe, "fps", 0.0),
        .frames = rushes_json_int(made, "frames", 0, G_MAXINT, 0),
        .rate = rushes_json_int(made, "rate", 0, 400000, 0),
        .channels = 1,
    };
    gsize bytes = (gsize)format.width * (gsize)format.height * 3 * (gsize)format.frames;
    g_autoptr(GMappedFile) frames = map(clip->take, "frames.rgb", error);
    g_autoptr(GMappedFile) audio =
        frames && format.rate > 0 ? map(clip->take, "audio.f32", error) : NULL;

    if (!frames || (format.rate > 0 && !audio))
        return NULL;
    clip->frames = format.frames;
    if (format.frames < 1 || format.fps <= 0.0 || g_mapped_file_get_length(frames) < bytes) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "The engine announced %d frames and %s holds fewer.", format.frames,
                    clip->take);
        return NULL;
    }
    RushesFrameStore *store = rushes_frame_store_new(clip->take, &format);
    rushes_frame_store_set_ready(store, format.frames);
    if (audio)
        rushes_frame_store_set_sound(store, format.rate, 1,
                                     (gint64)(g_mapped_file_get_length(audio) / sizeof(float)));
    return RUSHES_FRAME_SOURCE(store);
}

gboolean rushes_generate_write_clip(RushesGeneratedClip *clip, GError **error)
{
    g_autoptr(RushesFrameSource) source = open_take(clip, error);
    g_autoptr(cJSON) recipe = cJSON_Duplicate(clip->recipe, TRUE);
    RushesMarkSpan mark = recipe_mark(clip->recipe);
    g_autofree char *identity = rushes_signer_folder();
    RushesExportOptions options = {
        .container = RUSHES_CONTAINER_MP4,
        .title = rushes_json_string(clip->recipe, "prompt", NULL),
        .identity_folder = clip->is_unsigned ? NULL : identity,
    };

    if (!source)
        return FALSE;
    rushes_container_from_path(clip->path, &options.container); // another ending, another kind
    if (!clip->is_unmarked && rushes_container_is_marked(options.container)) {
        options.marks = &mark;
        options.mark_count = 1;
    }
    add_condition_hashes(recipe, clip->take);
    g_autoptr(RushesIngredients) ingredients = rushes_ingredients_new();
    g_autoptr(RushesRecipe) asked = rushes_recipe_from_json(clip->recipe, NULL);
    if (asked)
        rushes_ingredients_add_reference(ingredients, asked);
    options.ingredients = rushes_ingredients_data(ingredients);
    options.ingredient_count = ingredients->list->len;
    char *json = cJSON_PrintUnformatted(recipe);
    options.recipe = json;
    g_autoptr(RushesExporter) exporter = rushes_exporter_new(source, clip->path, &options);
    cJSON_free(json);
    return rushes_exporter_run(exporter, NULL, error);
}
