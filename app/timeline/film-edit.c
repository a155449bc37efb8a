// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/film-edit.h"

#include <math.h>

#include "json-file.h"
#include "rushes-error.h"

#define SOUND   "sound"
#define MARKERS "markers"

// ---- the second sound lane ----
// The lane as it is, to be changed and put back; owned by the caller.
static cJSON *copy_list(RushesProject *project, const char *key)
{
    const cJSON *list = rushes_project_get_value(project, key);

    return cJSON_IsArray(list) ? cJSON_Duplicate(list, TRUE) : cJSON_CreateArray();
}

// cJSON 1.7.15 loses an item that it inserts into a duplicated list, so the items go over one by one.
static cJSON *insert_item(cJSON *list, int index, cJSON *item)
{
    cJSON *longer = cJSON_CreateArray();

    for (int i = 0; list->child || item; i++) {
        gboolean own = item && (i == index || !list->child);
        cJSON_AddItemToArray(longer, own ? item : cJSON_DetachItemFromArray(list, 0));
        item = own ? NULL : item;
    }
    cJSON_Delete(list);
    return longer;
}

// An empty list is none, as in a project that never had one.
static gboolean put_list(RushesProject *project, const char *key, const cJSON *list,
                         const char *label, GError **error)
{
    return rushes_project_set_value(project, key, cJSON_GetArraySize(list) > 0 ? list : NULL, label,
                                    error);
}

static cJSON *find_clip(const cJSON *lane, const char *id, int *index)
{
    cJSON *clip;
    int at = 0;

    cJSON_ArrayForEach(clip, lane)
    {
        if (id && g_str_equal(rushes_json_string(clip, "id", ""), id)) {
            if (index)
                *index = at;
            return clip;
        }
        at++;
    }
    return NULL;
}

static gboolean no_clip(GError **error)
{
    g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                "That sound is not on the timeline any more.");
    return FALSE;
}

const cJSON *rushes_film_find_sound(RushesProject *project, const char *id)
{
    return find_clip(rushes_project_get_value(project, SOUND), id, NULL);
}

double rushes_film_sound_end(const cJSON *clip)
{
    double in = rushes_json_number(clip, "in", 0.0);
    double out = rushes_json_number(clip, "out", rushes_json_number(clip, "seconds", in));

    return rushes_json_number(clip, "at", 0.0) + MAX(0.0, out - in);
}

static const char *give_id(cJSON *clip)
{
    g_autofree char *id = g_uuid_string_random();

    rushes_json_put(clip, "id", cJSON_CreateString(id));
    return rushes_json_string(clip, "id", "");
}

char *rushes_film_add_sound(RushesProject *project, const cJSON *fields, const char *label,
                            GError **error)
{
    g_autoptr(cJSON) lane = copy_list(project, SOUND);
    cJSON *clip = cJSON_Duplicate(fields, TRUE);
    g_autofree char *id = g_strdup(give_id(clip));

    cJSON_AddItemToArray(lane, clip);
    rushes_project_begin(project, label); // never joined with the one before
    gboolean added = put_list(project, SOUND, lane, label, error);
    return rushes_project_end(project, error) && added ? g_steal_pointer(&id) : NULL;
}

gboolean rushes_film_edit_sound(RushesProject *project, const char *id, const char *label,
                                const cJSON *fields, GError **error)
{
    g_autoptr(cJSON) lane = copy_list(project, SOUND);
    cJSON *clip = find_clip(lane, id, NULL);
    const cJSON *field;

    if (!clip)
        return no_clip(error);
    cJSON_ArrayForEach(field, fields)
    {
        if (cJSON_IsNull(field))
            cJSON_DeleteItemFromObjectCaseSensitive(clip, field->string);
        else
            rushes_json_put(clip, field->string, cJSON_Duplicate(field, TRUE));
    }
    if (cJSON_Compare(lane, rushes_project_get_value(project, SOUND), TRUE))
        return TRUE;
    return put_list(project, SOUND, lane, label, error);
}

gboolean rushes_film_trim_sound(RushesProject *project, const char *id, gboolean begins,
                                double seconds, GError **error)
{
    const cJSON *clip = rushes_film_find_sound(project, id);
    g_autofree char *kept = g_strdup(id);
    g_autoptr(cJSON) change = cJSON_CreateObject();

    if (!clip)
        return no_clip(error);
    double at = rushes_json_number(clip, "at", 0.0), in = rushes_json_number(clip, "in", 0.0);
    double end = rushes_film_sound_end(clip);
    double media = in + seconds - at; // what of it sounds then
    if (begins ? media < 0.0 || seconds >= end
               : seconds <= at || media > rushes_json_number(clip, "seconds", in + end - at) + 1e-6)
        return FALSE;
    if (begins)
        cJSON_AddNumberToObject(change, "at", seconds);
    cJSON_AddNumberToObject(change, begins ? "in" : "out", media);
    rushes_project_begin(project, "Trim Sound");
    gboolean trimmed = rushes_film_edit_sound(project, kept, "Trim Sound", change, error);
    return rushes_project_end(project, error) && trimmed;
}

gboolean rushes_film_remove_sound(RushesProject *project, const char *id, GError **error)
{
    g_autoptr(cJSON) lane = copy_list(project, SOUND);
    int index;

    if (!find_clip(lane, id, &index))
        return no_clip(error);
    cJSON_DeleteItemFromArray(lane, index);
    rushes_project_begin(project, "Remove Sound");
    gboolean removed = put_list(project, SOUND, lane, "Remove Sound", error);
    return rushes_project_end(project, error) && removed;
}

gboolean rushes_film_split_sound(RushesProject *project, const char *id, double seconds,
                                 GError **error)
{
    g_autoptr(cJSON) lane = copy_list(project, SOUND);
    int index;
    cJSON *first = find_clip(lane, id, &index);

    if (!first)
        return no_clip(error);
    double at = rushes_json_number(first, "at", 0.0), in = rushes_json_number(first, "in", 0.0);
    double end = rushes_film_sound_end(first);
    if (seconds <= at || seconds >= end)
        return FALSE;
    cJSON *second = cJSON_Duplicate(first, TRUE);
    give_id(second);
    rushes_json_put(first, "out", cJSON_CreateNumber(in + seconds - at));
    cJSON_DeleteItemFromObjectCaseSensitive(first, "fade_out");
    rushes_json_put(second, "at", cJSON_CreateNumber(seconds));
    rushes_json_put(second, "in", cJSON_CreateNumber(in + seconds - at));
    rushes_json_put(second, "out", cJSON_CreateNumber(in + end - at));
    cJSON_DeleteItemFromObjectCaseSensitive(second, "fade_in");
    lane = insert_item(g_steal_pointer(&lane), index + 1, second);
    rushes_project_begin(project, "Split Sound");
    gboolean split = put_list(project, SOUND, lane, "Split Sound", error);
    return rushes_project_end(project, error) && split;
}

// ---- splitting a shot ----
// The second half: everything of the whole but its beginning.
static gboolean add_second_half(RushesProject *project, RushesShot *shot, guint position, int in,
                                int out, GError **error)
{
    static const char *const left_behind[] = {"id", "take", "dissolve", "fade_in", "sound_fade_in"};
    g_autoptr(cJSON) fields = cJSON_Duplicate(rushes_shot_get_fields(shot), TRUE);

    for (guint i = 0; i < G_N_ELEMENTS(left_behind); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(fields, left_behind[i]);
    rushes_json_put(fields, "in", cJSON_CreateNumber(in));
    rushes_json_put(fields, "out", cJSON_CreateNumber(out));
    if (!rushes_project_add_shot(project, rushes_shot_get_take(shot), position, error))
        return FALSE;
    g_autoptr(RushesShot) half = g_list_model_get_item(rushes_project_get_shots(project), position);
    return rushes_project_edit_shot(project, half, "Split", fields, error);
}

static gboolean end_first_half(RushesProject *project, RushesShot *shot, int out, GError **error)
{
    g_autoptr(cJSON) fields = cJSON_CreateObject();

    cJSON_AddNumberToObject(fields, "out", out);
    cJSON_AddNullToObject(fields, "fade_out");
    cJSON_AddNullToObject(fields, "sound_fade_out");
    return rushes_project_edit_shot(project, shot, "Split", fields, error);
}

static gboolean find_shot(RushesProject *project, RushesShot *shot, guint *index)
{
    GListModel *shots = rushes_project_get_shots(project);

    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) item = g_list_model_get_item(shots, i);
        if (item == shot) {
            *index = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean rushes_film_split_shot(RushesProject *project, RushesShot *shot, int frame, GError **error)
{
    int out = rushes_shot_get_out(shot);
    guint index;

    if (!find_shot(project, shot, &index) || !rushes_shot_get_take(shot) ||
        frame <= rushes_shot_get_in(shot) || frame > out)
        return FALSE;
    rushes_project_begin(project, "Split");
    gboolean split = add_second_half(project, shot, index + 1, frame, out, error) &&
                     end_first_half(project, shot, frame - 1, error);
    return rushes_project_end(project, error) && split;
}

// ---- ripple ----
// Moves what starts at `from` or later up by `seconds`; a marker within the time that is gone goes to its beginning,
// a sound there stays. TRUE when nothing had to move.
static gboolean pull_list(RushesProject *project, const char *key, double from, double seconds,
                          const char *label, GError **error)
{
    g_autoptr(cJSON) list = copy_list(project, key);
    gboolean moved = FALSE;
    cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        double at = rushes_json_number(item, "at", 0.0);
        double least = g_str_equal(key, MARKERS) ? from - seconds : from;
        if (at < least - 1e-6)
            continue;
        rushes_json_put(item, "at",
                        cJSON_CreateNumber(MAX(MAX(0.0, from - seconds), at - seconds)));
        moved = TRUE;
    }
    return !moved || put_list(project, key, list, label, error);
}

static gboolean pull_later(RushesProject *project, double from, double seconds, const char *label,
                           GError **error)
{
    return pull_list(project, SOUND, from, seconds, label, error) &&
           pull_list(project, MARKERS, from, seconds, label, error);
}

gboolean rushes_film_ripple_shot(RushesProject *project, RushesShot *shot, GError **error)
{
    g_autoptr(RushesTimeline) before = rushes_timeline_new(project, NULL);
    guint index;

    if (!find_shot(project, shot, &index))
        return FALSE;
    const RushesCut *cut = g_ptr_array_index(before->cuts, index);
    double end = (cut->start + cut->length) / before->fps;
    rushes_project_begin(project, "Ripple Delete");
    gboolean done = rushes_project_remove_shot(project, shot, error);
    if (done) { // by what the film became shorter: a dissolve that ended with the shot counts
        g_autoptr(RushesTimeline) after = rushes_timeline_new(project, NULL);
        double shorter = before->frames / before->fps - after->frames / after->fps;
        done = pull_later(project, end, shorter, "Ripple Delete", error);
    }
    return rushes_project_end(project, error) && done;
}

gboolean rushes_film_ripple_sound(RushesProject *project, const char *id, GError **error)
{
    const cJSON *clip = rushes_film_find_sound(project, id);

    if (!clip)
        return no_clip(error);
    double end = rushes_film_sound_end(clip);
    double seconds = end - rushes_json_number(clip, "at", 0.0);
    rushes_project_begin(project, "Ripple Delete");
    gboolean done = rushes_film_remove_sound(project, id, error) &&
                    pull_list(project, SOUND, end, seconds, "Ripple Delete", error);
    return rushes_project_end(project, error) && done;
}

// ---- markers ----
guint rushes_film_count_markers(RushesProject *project)
{
    return (guint)cJSON_GetArraySize(rushes_project_get_value(project, MARKERS));
}

gboolean rushes_film_get_marker(RushesProject *project, guint index, double *at, const char **text)
{
    const cJSON *marker =
        cJSON_GetArrayItem(rushes_project_get_value(project, MARKERS), (int)index);
    double seconds = rushes_json_number(marker, "at", 0.0);

    if (!marker)
        return FALSE;
    if (at)
        *at = isfinite(seconds) ? MAX(0.0, seconds) : 0.0;
    if (text)
        *text = rushes_json_string(marker, "text", "");
    return TRUE;
}

gboolean rushes_film_add_marker(RushesProject *project, double at, const char *text, GError **error)
{
    g_autoptr(cJSON) list = copy_list(project, MARKERS);
    cJSON *marker = cJSON_CreateObject();
    int index = 0;
    cJSON *item;

    cJSON_AddNumberToObject(marker, "at", MAX(0.0, at));
    cJSON_AddStringToObject(marker, "text", text);
    cJSON_ArrayForEach(item, list) index += rushes_json_number(item, "at", 0.0) <= at;
    list = insert_item(g_steal_pointer(&list), index, marker);
    rushes_project_begin(project, "Add Marker");
    gboolean added = put_list(project, MARKERS, list, "Add Marker", error);
    return rushes_project_end(project, error) && added;
}

gboolean rushes_film_rename_marker(RushesProject *project, guint index, const char *text,
                                   GError **error)
{
    g_autoptr(cJSON) list = copy_list(project, MARKERS);
    cJSON *marker = cJSON_GetArrayItem(list, (int)index);

    if (!marker || g_str_equal(rushes_json_string(marker, "text", ""), text))
        return TRUE;
    rushes_json_put(marker, "text", cJSON_CreateString(text));
    return put_list(project, MARKERS, list, "Rename Marker", error);
}

gboolean rushes_film_remove_marker(RushesProject *project, guint index, GError **error)
{
    g_autoptr(cJSON) list = copy_list(project, MARKERS);

    if (index >= (guint)cJSON_GetArraySize(list))
        return TRUE;
    cJSON_DeleteItemFromArray(list, (int)index);
    rushes_project_begin(project, "Remove Marker");
    gboolean removed = put_list(project, MARKERS, list, "Remove Marker", error);
    return rushes_project_end(project, error) && removed;
}

// ---- the canvas ----
const char *rushes_film_get_aspect(RushesProject *project)
{
    return rushes_json_string(rushes_project_get_value(project, "film"), "aspect", NULL);
}

gboolean rushes_film_set_aspect(RushesProject *project, const char *aspect, GError **error)
{
    const cJSON *now = rushes_project_get_value(project, "film");
    g_autoptr(cJSON) film = cJSON_IsObject(now) ? cJSON_Duplicate(now, TRUE) : cJSON_CreateObject();

    if (g_strcmp0(aspect, rushes_film_get_aspect(project)) == 0)
        return TRUE;
    // The size follows from the aspect; one that was written by hand would stand against it.
    cJSON_DeleteItemFromObjectCaseSensitive(film, "width");
    cJSON_DeleteItemFromObjectCaseSensitive(film, "height");
    if (aspect)
        rushes_json_put(film, "aspect", cJSON_CreateString(aspect));
    else
        cJSON_DeleteItemFromObjectCaseSensitive(film, "aspect");
    return rushes_project_set_value(project, "film", film->child ? film : NULL, "Change Aspect",
                                    error);
}
