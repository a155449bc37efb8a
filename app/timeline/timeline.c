// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/timeline.h"

#include <math.h>
#include <stdio.h>

#include "json-file.h"
#include "rushes-error.h"
#include "timeline/media.h"

#define DEFAULT_WIDTH  256
#define DEFAULT_HEIGHT 160
#define DEFAULT_FPS    12.0
#define MAX_SIDE       8192
#define MAX_GAIN_DB    24.0
#define MIN_GAIN_DB    -96.0
#define MAX_SECONDS    86400.0 // a day: beyond it a number was mistyped
#define MIN_FPS        1.0
#define MAX_FPS        240.0

static void cut_free(RushesCut *cut)
{
    g_clear_object(&cut->source);
    g_free(cut->id);
    g_free(cut->problem);
    g_free(cut);
}

static void sound_clip_free(RushesSoundClip *clip)
{
    g_clear_pointer(&clip->media, rushes_media_unref);
    g_free(clip->id);
    g_free(clip->name);
    g_free(clip->problem);
    g_free(clip);
}

RushesTimeline *rushes_timeline_ref(RushesTimeline *timeline)
{
    g_atomic_ref_count_inc(&timeline->references);
    return timeline;
}

void rushes_timeline_unref(RushesTimeline *timeline)
{
    if (!g_atomic_ref_count_dec(&timeline->references))
        return;
    g_ptr_array_unref(timeline->cuts);
    g_ptr_array_unref(timeline->sound);
    g_free(timeline);
}

// A number of a file that a person may have edited, kept within sense.
static double bounded(const cJSON *object, const char *key, double low, double high,
                      double fallback)
{
    double value = rushes_json_number(object, key, fallback);

    return isfinite(value) ? CLAMP(value, low, high) : fallback;
}

static double gain_of(const cJSON *fields)
{
    double decibels = bounded(fields, "gain_db", MIN_GAIN_DB, MAX_GAIN_DB, 0.0);

    return decibels <= MIN_GAIN_DB ? 0.0 : pow(10.0, decibels / 20.0);
}

static int frames_of(const RushesTimeline *timeline, double seconds)
{
    return (int)lround(seconds * timeline->fps);
}

static void complain(GPtrArray *problems, const char *sentence)
{
    if (problems && sentence)
        g_ptr_array_add(problems, g_strdup(sentence));
}

// Where a cut stands, `end` being where the one before ends. A dissolve takes at most all of this shot, and of the one
// before what its own dissolve has left: no more than two shots are ever seen at a time.
static void place_cut(RushesTimeline *timeline, RushesCut *cut, const cJSON *fields,
                      double source_fps, const RushesCut *before)
{
    int end = before ? before->start + before->length : 0;
    int length_before = before ? before->length - before->dissolve : 0;
    int source_frames = cut->out - cut->in + 1;

    cut->length = MAX(1, (int)lround(source_frames / source_fps * timeline->fps));
    cut->dissolve = MIN(frames_of(timeline, bounded(fields, "dissolve", 0.0, MAX_SECONDS, 0.0)),
                        MIN(cut->length, length_before));
    cut->start = end - cut->dissolve;
    cut->fade_in =
        MIN(frames_of(timeline, bounded(fields, "fade_in", 0.0, MAX_SECONDS, 0.0)), cut->length);
    cut->fade_out =
        MIN(frames_of(timeline, bounded(fields, "fade_out", 0.0, MAX_SECONDS, 0.0)), cut->length);
}

static gboolean has_file(RushesTake *take, const char *name)
{
    g_autofree char *path = g_build_filename(rushes_take_get_folder(take), name, NULL);

    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

// Whether the take was made with more sound than its files still hold where the shot sounds.
static char *sound_problem(RushesTake *take, const RushesCut *cut, guint number)
{
    const RushesFrameFormat *format = &cut->format;
    double made = rushes_json_number(rushes_take_get_result(take), "samples", 0.0);
    double wanted = format->fps > 0.0 ? (cut->out + 1) / format->fps * format->rate : 0.0;

    if (cut->mute || format->rate <= 0 || (double)format->samples >= MIN(made, floor(wanted)))
        return NULL;
    return g_strdup_printf("The sound of shot %u is not whole: take %d has %.2f of %.2f seconds of "
                           "it; put takes/%s/audio.f32 back, or mute the shot.",
                           number, rushes_take_get_number(take),
                           (double)format->samples / format->rate, made / format->rate,
                           rushes_take_get_id(take));
}

// Why not all of the shot can be shown, for the creator; NULL when it can.
static char *cut_problem(RushesShot *shot, const RushesCut *cut, guint number)
{
    RushesTake *take = rushes_shot_get_take(shot);

    if (!take)
        return g_strdup_printf("Shot %u is missing: its take is not in the project's takes folder; "
                               "put takes/%s back and open the project again, or remove the shot.",
                               number,
                               rushes_json_string(rushes_shot_get_fields(shot), "take", "?"));
    const char *id = rushes_take_get_id(take);
    gboolean is_done = rushes_take_get_state(take) == RUSHES_TAKE_DONE;
    if (is_done && !has_file(take, "frames.rgb") && !has_file(take, "take.mkv"))
        return g_strdup_printf("Shot %u is missing: the pictures of take %d are gone; put takes/%s "
                               "back, or remove the shot.",
                               number, rushes_take_get_number(take), id);
    if (cut->format.ready > cut->out)
        return sound_problem(take, cut, number);
    return g_strdup_printf(
        "Shot %u has no picture from its frame %d on: take %d has %d of %d frames; "
        "%s, or trim the shot.",
        number, MAX(0, cut->format.ready - cut->in) + 1, rushes_take_get_number(take),
        cut->format.ready, cut->format.frames,
        is_done ? "put its frames.rgb back" : "let it be finished");
}

static void add_shot(RushesTimeline *timeline, RushesShot *shot, GPtrArray *problems)
{
    const cJSON *fields = rushes_shot_get_fields(shot);
    RushesTake *take = rushes_shot_get_take(shot);
    RushesCut *cut = g_new0(RushesCut, 1);
    const RushesCut *before =
        timeline->cuts->len ? g_ptr_array_index(timeline->cuts, timeline->cuts->len - 1) : NULL;
    double source_fps = timeline->fps;

    cut->id = g_strdup(rushes_shot_get_id(shot));
    cut->in = rushes_shot_get_in(shot);
    cut->out = rushes_shot_get_out(shot);
    cut->gain = gain_of(fields);
    cut->mute = rushes_json_bool(fields, "mute", FALSE);
    cut->sound_fade_in = bounded(fields, "sound_fade_in", 0.0, MAX_SECONDS, 0.0);
    cut->sound_fade_out = bounded(fields, "sound_fade_out", 0.0, MAX_SECONDS, 0.0);
    cut->crop_x = bounded(fields, "crop_x", 0.0, 1.0, 0.5);
    cut->crop_y = bounded(fields, "crop_y", 0.0, 1.0, 0.5);
    if (take) {
        cut->source = g_object_ref(rushes_take_get_source(take));
        rushes_frame_source_get_format(cut->source, &cut->format);
        if (cut->format.fps >= MIN_FPS && cut->format.fps <= MAX_FPS)
            source_fps = cut->format.fps;
    }
    cut->problem = cut_problem(shot, cut, timeline->cuts->len + 1);
    complain(problems, cut->problem);
    place_cut(timeline, cut, fields, source_fps, before);
    timeline->frames = cut->start + cut->length;
    g_ptr_array_add(timeline->cuts, cut);
}

// A name for messages: what the creator knows the clip by.
static char *sound_name(const cJSON *fields)
{
    const char *title = rushes_json_string(fields, "title", "");

    return *title ? g_strdup_printf("The sound \u201c%s\u201d", title) : g_strdup("A sound");
}

static void add_sound(RushesTimeline *timeline, RushesProject *project, const cJSON *fields,
                      GPtrArray *problems)
{
    const char *media = rushes_json_string(fields, "media", "");
    RushesSoundClip *clip = g_new0(RushesSoundClip, 1);
    g_autoptr(GError) error = NULL;

    clip->name = sound_name(fields);
    clip->id = g_strdup(rushes_json_string(fields, "id", ""));
    clip->media = rushes_media_open(project, media, &error);
    double seconds = clip->media ? rushes_media_seconds(clip->media) : 0.0;
    double whole = bounded(fields, "seconds", 0.0, MAX_SECONDS, seconds);
    clip->at = bounded(fields, "at", 0.0, MAX_SECONDS, 0.0);
    clip->in = bounded(fields, "in", 0.0, seconds, 0.0);
    clip->out = bounded(fields, "out", clip->in, seconds, seconds);
    clip->gain = gain_of(fields);
    clip->fade_in = bounded(fields, "fade_in", 0.0, MAX_SECONDS, 0.0);
    clip->fade_out = bounded(fields, "fade_out", 0.0, MAX_SECONDS, 0.0);
    clip->mute = rushes_json_bool(fields, "mute", FALSE);
    if (!clip->media)
        clip->problem = g_strdup_printf("%s is silent: %s", clip->name, error->message);
    else if (seconds < whole - 1e-3)
        clip->problem = g_strdup_printf("%s is silent from %.2f s of it on: media/%s has %.2f of "
                                        "%.2f seconds; import it again.",
                                        clip->name, seconds, media, seconds, whole);
    complain(problems, clip->problem);
    g_ptr_array_add(timeline->sound, clip);
}

// The first shot whose take knows its picture decides what nobody has set.
static void first_format(RushesProject *project, RushesFrameFormat *format)
{
    GListModel *shots = rushes_project_get_shots(project);

    *format =
        (RushesFrameFormat){.width = DEFAULT_WIDTH, .height = DEFAULT_HEIGHT, .fps = DEFAULT_FPS};
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        RushesTake *take = rushes_shot_get_take(shot);
        RushesFrameFormat own;
        if (!take)
            continue;
        rushes_frame_source_get_format(rushes_take_get_source(take), &own);
        if (own.width > 0 && own.height > 0 && own.fps >= MIN_FPS && own.fps <= MAX_FPS) {
            *format = own;
            return;
        }
    }
}

RushesTimeline *rushes_timeline_with_canvas(RushesProject *project, int width, int height,
                                            double fps, GPtrArray *problems)
{
    RushesTimeline *timeline = g_new0(RushesTimeline, 1);
    const cJSON *film = rushes_project_get_value(project, "film");
    const cJSON *sound = rushes_project_get_value(project, "sound");
    GListModel *shots = rushes_project_get_shots(project);
    RushesFrameFormat first;
    const cJSON *item;

    int across, down;

    first_format(project, &first);
    rushes_timeline_canvas_for_aspect(project, rushes_json_string(film, "aspect", NULL), &across,
                                      &down);
    g_atomic_ref_count_init(&timeline->references);
    timeline->cuts = g_ptr_array_new_with_free_func((GDestroyNotify)cut_free);
    timeline->sound = g_ptr_array_new_with_free_func((GDestroyNotify)sound_clip_free);
    // Encoders want even sides.
    timeline->width = (width ? width : rushes_json_int(film, "width", 2, MAX_SIDE, across)) & ~1;
    timeline->height = (height ? height : rushes_json_int(film, "height", 2, MAX_SIDE, down)) & ~1;
    timeline->fps = fps > 0.0 ? fps : bounded(film, "fps", MIN_FPS, MAX_FPS, first.fps);
    for (guint i = 0; i < g_list_model_get_n_items(shots); i++) {
        g_autoptr(RushesShot) shot = g_list_model_get_item(shots, i);
        add_shot(timeline, shot, problems);
    }
    cJSON_ArrayForEach(item, sound) add_sound(timeline, project, item, problems);
    return timeline;
}

double rushes_timeline_get_seconds(const RushesTimeline *timeline)
{
    return timeline->frames / timeline->fps;
}

gboolean rushes_timeline_check(const RushesTimeline *timeline, GError **error)
{
    const char *problem = NULL;

    for (guint i = 0; i < timeline->cuts->len && !problem; i++)
        problem = ((const RushesCut *)timeline->cuts->pdata[i])->problem;
    for (guint i = 0; i < timeline->sound->len && !problem; i++)
        problem = ((const RushesSoundClip *)timeline->sound->pdata[i])->problem;
    if (problem)
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED, "%s", problem);
    return !problem;
}

RushesTimeline *rushes_timeline_new(RushesProject *project, GPtrArray *problems)
{
    return rushes_timeline_with_canvas(project, 0, 0, 0.0, problems);
}

int rushes_timeline_find_cut(const RushesTimeline *timeline, int frame)
{
    guint low = 0, high = timeline->cuts->len;

    if (frame < 0 || frame >= timeline->frames)
        return -1;
    while (low < high) { // the last cut that starts at or before the frame
        guint middle = (low + high) / 2;
        const RushesCut *cut = g_ptr_array_index(timeline->cuts, middle);
        if (cut->start <= frame)
            low = middle + 1;
        else
            high = middle;
    }
    return (int)low - 1;
}

int rushes_cut_source_frame(const RushesTimeline *timeline, const RushesCut *cut, int frame)
{
    double fps =
        cut->format.fps >= MIN_FPS && cut->format.fps <= MAX_FPS ? cut->format.fps : timeline->fps;
    // A little is added so that a frame that begins exactly here is not lost to rounding.
    int offset = (int)floor((frame - cut->start) / timeline->fps * fps + 1e-6);

    return CLAMP(cut->in + offset, cut->in, cut->out);
}

void rushes_timeline_canvas_for_aspect(RushesProject *project, const char *aspect, int *width,
                                       int *height)
{
    RushesFrameFormat first;
    int across = 0, down = 0;

    first_format(project, &first);
    *width = first.width & ~1;
    *height = first.height & ~1;
    if (!aspect || sscanf(aspect, "%d:%d", &across, &down) != 2 || across <= 0 || down <= 0)
        return;
    // The largest canvas of that aspect whose longer side is the picture's longer side.
    int longer = MAX(first.width, first.height);
    double w = across >= down ? longer : (double)longer * across / down;
    double h = across >= down ? (double)longer * down / across : longer;
    *width = MAX(2, (int)lround(w) & ~1);
    *height = MAX(2, (int)lround(h) & ~1);
}
