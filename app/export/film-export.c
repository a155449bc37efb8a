// SPDX-License-Identifier: GPL-3.0-or-later
#include "export/film-export.h"

#include <math.h>
#include <string.h>

#include "export/ingredients.h"
#include "json-file.h"
#include "provenance/signer.h"
#include "rights/consent-use.h"
#include "rushes-error.h"
#include "timeline/composer.h"
#include "timeline/film-edit.h"

// A name that ends as another kind of file does would lie to every program that opens it.
static gboolean check_ending(const RushesExportPreset *preset, const char *path, GError **error)
{
    const char *own = rushes_container_ending(preset->container);
    g_autofree char *name = g_path_get_basename(path);
    RushesContainer other;

    if (!rushes_container_from_path(name, &other) ||
        g_str_equal(own, rushes_container_ending(other)))
        return TRUE;
    g_set_error(
        error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
        "%s ends as a %s file, but \u201c%s\u201d makes %s%s; change the name or the preset", name,
        rushes_container_ending(other), preset->title, *own ? "a file that ends in ." : "a folder",
        own);
    return FALSE;
}

static const RushesExportPreset *choose_preset(const char *name, const char *path, GError **error)
{
    RushesContainer container;
    const RushesExportPreset *preset;

    if (name) {
        preset = rushes_export_preset(name);
        if (!preset)
            g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                        "There is no preset \"%s\"; rushes export --presets lists them", name);
        return preset && check_ending(preset, path, error) ? preset : NULL;
    }
    if (!rushes_container_from_path(path, &container)) {
        g_set_error(
            error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
            "%s: the ending says nothing; use .mp4, .webm, .mkv, .gif or .wav, or name a preset",
            path);
        return NULL;
    }
    for (guint i = 0; (preset = rushes_export_preset_at(i)); i++)
        if (preset->container == container && !preset->aspect)
            return preset;
    return NULL;
}

static RushesTake *find_take(RushesProject *project, int number, GError **error)
{
    GListModel *takes = rushes_project_get_takes(project);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        if (rushes_take_get_number(take) == number)
            return take; // the project keeps it
    }
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                "The project has no take %d; it has %u takes", number,
                g_list_model_get_n_items(takes));
    return NULL;
}

// The canvas of a preset: its aspect, brought to its size.
static void choose_canvas(RushesProject *project, const RushesExportPreset *preset, int *width,
                          int *height)
{
    *width = *height = 0; // as the project says
    if (!preset->aspect && !preset->shorter_side)
        return;
    rushes_timeline_canvas_for_aspect(project, preset->aspect, width, height);
    if (preset->shorter_side) {
        double scale = (double)preset->shorter_side / MIN(*width, *height);
        *width = (int)lround(*width * scale) & ~1;
        *height = (int)lround(*height * scale) & ~1;
    }
}

// The recipe as the exported file carries it: with the end of a consent that has ended since.
static cJSON *published_recipe(RushesProject *project, RushesTake *take)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    g_autofree char *ended = rushes_consent_find_end(recipe, rushes_project_get_folder(project));
    cJSON *json = rushes_recipe_to_json(recipe);
    cJSON *consent = cJSON_GetObjectItemCaseSensitive(json, "consent");

    if (ended && consent)
        cJSON_AddStringToObject(consent, "ended", ended);
    return json;
}

// The film's recipe: every shot with the recipe of its take, in order; the sound lane and the canvas.
static char *film_recipe(RushesProject *project)
{
    const cJSON *sound = rushes_project_get_value(project, "sound");
    const char *aspect = rushes_film_get_aspect(project);
    GListModel *shots = rushes_project_get_shots(project);
    g_autoptr(cJSON) film = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(film, "shots");

    cJSON_AddNumberToObject(film, "version", 1);
    cJSON_AddStringToObject(film, "film", rushes_project_get_title(project));
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        cJSON *item = cJSON_Duplicate(rushes_shot_get_fields(shot), TRUE);
        if (take)
            cJSON_AddItemToObject(item, "recipe", published_recipe(project, take));
        cJSON_AddItemToArray(list, item);
    }
    if (sound)
        cJSON_AddItemToObject(film, "sound", cJSON_Duplicate(sound, TRUE));
    if (aspect)
        cJSON_AddStringToObject(film, "aspect", aspect);
    char *text = cJSON_PrintUnformatted(film);
    char *copy = g_strdup(text);
    cJSON_free(text);
    return copy;
}

static gboolean has_number(RushesProject *project, const char *const *keys)
{
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        for (const char *const *key = keys; *key; key++)
            if (rushes_json_number(rushes_shot_get_fields(shot), *key, 0.0) != 0.0)
                return TRUE;
    }
    return FALSE;
}

static gboolean is_trimmed(RushesProject *project)
{
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        if (take && rushes_shot_get_length(shot) < rushes_take_get_recipe(take)->frames)
            return TRUE;
    }
    return FALSE;
}

// What was done to the takes, in C2PA's words; NULL-terminated.
static GStrv film_edits(RushesProject *project, const RushesExportPreset *preset)
{
    static const char *const blends[] = {"dissolve", "fade_in", "fade_out", NULL};
    g_autoptr(GStrvBuilder) edits = g_strv_builder_new();
    const cJSON *sound = rushes_project_get_value(project, "sound");

    if (is_trimmed(project))
        g_strv_builder_add(edits, "c2pa.trimmed");
    if (preset->aspect || rushes_film_get_aspect(project))
        g_strv_builder_add(edits, "c2pa.cropped");
    if (has_number(project, blends))
        g_strv_builder_add(edits, "c2pa.edited");
    if (cJSON_GetArraySize(sound) > 0)
        g_strv_builder_add(edits, "c2pa.dubbed");
    return g_strv_builder_end(edits);
}

// A person who took their consent back is not published; `notices` receives what is only doubtful.
static gboolean check_consent(RushesProject *project, RushesTake *take, GPtrArray *notices,
                              GError **error)
{
    g_autofree char *warning = NULL;

    if (!rushes_consent_allow_take(rushes_take_get_recipe(take), rushes_project_get_folder(project),
                                   &warning, error)) {
        g_prefix_error(error, "Take %d cannot be exported: ", rushes_take_get_number(take));
        return FALSE;
    }
    if (warning && notices)
        g_ptr_array_add(notices,
                        g_strdup_printf("Take %d: %s", rushes_take_get_number(take), warning));
    return TRUE;
}

static gboolean check_film_consent(RushesProject *project, GPtrArray *notices, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        if (take && g_hash_table_add(seen, take) && !check_consent(project, take, notices, error))
            return FALSE;
    }
    return TRUE;
}

gboolean rushes_film_export_is_allowed(RushesProject *project, const RushesFilmExport *request,
                                       GPtrArray *notices, GError **error)
{
    if (!request->take)
        return check_film_consent(project, notices, error);
    RushesTake *take = find_take(project, request->take, error);
    return take && check_consent(project, take, notices, error);
}

static gboolean wants_mark(const RushesFilmExport *request, RushesContainer container)
{
    if (request->watermark == RUSHES_WATERMARK_LOSSY)
        return rushes_container_is_marked(container);
    return request->watermark == RUSHES_WATERMARK_ALWAYS && rushes_container_has_video(container);
}

// The mark of the take that is seen, shot by shot; a dissolve already belongs to the later one.
static GArray *film_marks(RushesProject *project, const RushesTimeline *timeline)
{
    GArray *spans = g_array_new(FALSE, FALSE, sizeof(RushesMarkSpan));
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < timeline->cuts->len; i++) {
        const RushesCut *cut = g_ptr_array_index(timeline->cuts, i);
        for (guint s = 0; s < g_list_model_get_n_items(shots); s++) {
            g_autoptr(RushesShot) shot = g_list_model_get_item(shots, s);
            RushesTake *take = rushes_shot_get_take(shot);
            if (!take || strcmp(rushes_shot_get_id(shot), cut->id) != 0)
                continue;
            RushesMarkSpan span = {
                .frame = cut->start,
                .payload = rushes_mark_payload_of_take(rushes_take_get_id(take)),
            };
            g_array_append_val(spans, span);
        }
    }
    return spans;
}

// A finished take whose files hold less than was made is told; one that is still made is the exporter's to refuse.
static gboolean check_whole(RushesTake *take, RushesContainer container, GError **error)
{
    const char *id = rushes_take_get_id(take);
    double samples = rushes_json_number(rushes_take_get_result(take), "samples", 0.0);
    RushesFrameFormat format;

    rushes_frame_source_get_format(rushes_take_get_source(take), &format);
    if (rushes_take_get_state(take) != RUSHES_TAKE_DONE)
        return TRUE;
    if (format.ready < format.frames)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "Take %d is not whole: %d of its %d frames are there; put takes/%s back, or "
                    "generate the take again.",
                    rushes_take_get_number(take), format.ready, format.frames, id);
    else if (rushes_container_has_sound(container) && format.rate > 0 &&
             (double)format.samples < samples)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "The sound of take %d is not whole: %.2f of its %.2f seconds are there; put "
                    "takes/%s/audio.f32 back, or generate the take again.",
                    rushes_take_get_number(take), (double)format.samples / format.rate,
                    samples / format.rate, id);
    else
        return TRUE;
    return FALSE;
}

static RushesExporter *export_take(RushesProject *project, const char *path,
                                   const RushesFilmExport *request, RushesExportOptions *options,
                                   GPtrArray *notices, GError **error)
{
    RushesTake *take = find_take(project, request->take, error);

    if (!take || !check_consent(project, take, notices, error) ||
        !check_whole(take, options->container, error))
        return NULL;
    g_autoptr(RushesExportInputs) inputs = rushes_export_inputs_of_take(take);
    options->inputs = inputs;
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    g_autoptr(cJSON) json = published_recipe(project, take);
    char *text = cJSON_PrintUnformatted(json);
    options->recipe = text;
    options->title = recipe->prompt;
    g_autoptr(RushesIngredients) ingredients = rushes_ingredients_new();
    rushes_ingredients_add_reference(ingredients, recipe);
    options->ingredients = rushes_ingredients_data(ingredients);
    options->ingredient_count = ingredients->list->len;
    RushesMarkSpan span = {.payload = rushes_mark_payload_of_take(rushes_take_get_id(take))};
    if (wants_mark(request, options->container)) {
        options->marks = &span;
        options->mark_count = 1;
    }
    RushesExporter *exporter = rushes_exporter_new(rushes_take_get_source(take), path, options);
    cJSON_free(text);
    return exporter;
}

static RushesExporter *export_film(RushesProject *project, const char *path,
                                   const RushesFilmExport *request,
                                   const RushesExportPreset *preset, RushesExportOptions *options,
                                   GPtrArray *notices, GError **error)
{
    int width, height;

    if (g_list_model_get_n_items(rushes_project_get_shots(project)) == 0) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "%s has no shot on its timeline; put one there, or export a take",
                    rushes_project_get_folder(project));
        return NULL;
    }
    if (!check_film_consent(project, notices, error))
        return NULL;
    choose_canvas(project, preset, &width, &height);
    g_autoptr(RushesTimeline) timeline =
        rushes_timeline_with_canvas(project, width, height, 0.0, NULL);
    if (!rushes_timeline_check(timeline, error)) {
        g_prefix_error(error, "The film is not complete. ");
        return NULL;
    }
    g_autoptr(RushesComposer) composer = rushes_composer_new(timeline);
    rushes_composer_set_strict(composer, TRUE);
    g_autofree char *recipe = film_recipe(project);
    g_autoptr(RushesIngredients) ingredients = rushes_ingredients_new();
    g_auto(GStrv) edits = film_edits(project, preset);
    g_autoptr(RushesExportInputs) inputs = rushes_export_inputs_of_film(project);

    options->inputs = inputs;
    rushes_ingredients_add_film(ingredients, project);
    g_autoptr(GArray) marks = film_marks(project, timeline);
    if (wants_mark(request, options->container)) {
        options->marks = (const RushesMarkSpan *)(const void *)marks->data;
        options->mark_count = marks->len;
    }
    options->recipe = recipe;
    options->title = rushes_project_get_title(project);
    options->composite = TRUE;
    options->edits = (const char *const *)edits;
    options->ingredients = rushes_ingredients_data(ingredients);
    options->ingredient_count = ingredients->list->len;
    return rushes_exporter_new(RUSHES_FRAME_SOURCE(composer), path, options);
}

// A stamp is put on the signature; what is not signed cannot have one.
static gboolean check_time_stamp(const RushesFilmExport *request, RushesContainer container,
                                 GError **error)
{
    const char *url = request->time_stamp_url;
    const char *fault = NULL;

    if (request->time_stamp_required && !url)
        fault = "A time stamp can be required only when an authority's address is given.";
    else if (url && !request->is_signed)
        fault = "A time stamp is put on the content credentials; do not leave them out.";
    else if (url && container == RUSHES_CONTAINER_PNG && request->time_stamp_required)
        fault = "Numbered pictures carry no content credentials, and so no time stamp; choose "
                "another kind of file.";
    else if (url && !g_str_has_prefix(url, "https://") && !g_str_has_prefix(url, "http://"))
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "The address of the time-stamping authority is \"%s\"; it has to begin with "
                    "https:// or http://.",
                    url);
    else
        return TRUE;
    if (fault)
        g_set_error_literal(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, fault);
    return FALSE;
}

RushesExporter *rushes_film_export_new(RushesProject *project, const char *path,
                                       const RushesFilmExport *request, GPtrArray *notices,
                                       GError **error)
{
    const RushesExportPreset *preset = choose_preset(request->preset, path, error);
    g_autofree char *identity = rushes_signer_folder();

    if (!preset || !check_time_stamp(request, preset->container, error))
        return NULL;
    // Asked before the work rather than when it is done.
    if (request->is_signed && preset->container != RUSHES_CONTAINER_PNG &&
        !rushes_signer_check(identity, error))
        return NULL;
    RushesExportOptions options = {
        .container = preset->container,
        .quality = request->quality ? request->quality : preset->quality,
        .normalise = request->normalise || preset->normalise,
        .identity_folder = request->is_signed ? identity : NULL,
        .signer = request->signer,
        .tag = request->tag,
        .visible_mark = request->visible_mark,
        .time_stamp_url = request->time_stamp_url,
        .time_stamp_required = request->time_stamp_required,
    };
    return request->take ? export_take(project, path, request, &options, notices, error)
                         : export_film(project, path, request, preset, &options, notices, error);
}
