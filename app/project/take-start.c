// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/take-start.h"

#include "media/condition.h"
#include "rushes-error.h"

#define EXTEND_FRAMES 9 // three latent frames: enough to carry the motion
#define VIDEO_FILE    "condition.rgb"
#define AUDIO_FILE    "condition.f32"

static gboolean write_file(RushesTake *take, const char *name, gconstpointer data, gsize bytes,
                           GError **error)
{
    g_autofree char *path = g_build_filename(rushes_take_get_folder(take), name, NULL);
    return g_file_set_contents(path, data, (gssize)bytes, error);
}

static gboolean keep(RushesTake *take, RushesRecipe *recipe, RushesConditioning kind, int frames,
                     char *words, GError **error)
{
    recipe->conditioning = kind;
    recipe->condition_frames = frames;
    g_free(recipe->condition_source);
    recipe->condition_source = words;
    g_free(recipe->condition_video);
    recipe->condition_video = g_strdup(VIDEO_FILE);
    rushes_take_set_recipe(take, recipe);
    return rushes_take_save(take, error);
}

gboolean rushes_take_start_from_picture(RushesTake *take, const char *file, const char *words,
                                        GError **error)
{
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_take_get_recipe(take));
    RushesConditionFormat format = {
        .width = recipe->width, .height = recipe->height, .fps = recipe->fps};
    g_autoptr(cJSON) written =
        rushes_condition_from_picture(file, &format, rushes_take_get_folder(take), error);

    return written && keep(take, recipe, RUSHES_CONDITIONING_IMAGE, 1, g_strdup(words), error);
}

// The last `count` frames, at the recipe's size.
static gboolean write_frames(RushesTake *take, RushesFrameSource *source, int count,
                             const RushesRecipe *recipe, GError **error)
{
    g_autoptr(GByteArray) video = g_byte_array_new();
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    gsize bytes = (gsize)recipe->width * (gsize)recipe->height * 3;
    for (int i = format.ready - count; i < format.ready; i++) {
        g_autoptr(GBytes) frame = rushes_frame_source_read_frame(source, i, error);
        if (!frame)
            return FALSE;
        g_autofree guint8 *fitted =
            rushes_picture_cover(g_bytes_get_data(frame, NULL), format.width, format.height,
                                 (gsize)format.width * 3, recipe->width, recipe->height);
        g_byte_array_append(video, fitted, (guint)bytes);
    }
    return write_file(take, VIDEO_FILE, video->data, video->len, error);
}

// The sound under these frames, where it is of the one channel that models make.
static gboolean write_sound(RushesTake *take, RushesFrameSource *source, int count,
                            RushesRecipe *recipe, GError **error)
{
    RushesFrameFormat format;

    rushes_frame_source_get_format(source, &format);
    if (format.rate <= 0 || format.channels != 1 || format.fps <= 0)
        return TRUE;
    gsize samples = (gsize)(count / format.fps * format.rate);
    gint64 first = (gint64)((format.ready - count) / format.fps * format.rate);
    g_autofree float *sound = g_new(float, samples);
    if (!rushes_frame_source_read_samples(source, first, samples, sound, error) ||
        !write_file(take, AUDIO_FILE, sound, samples * sizeof(float), error))
        return FALSE;
    g_free(recipe->condition_audio);
    recipe->condition_audio = g_strdup(AUDIO_FILE);
    recipe->condition_samples = (gint64)samples;
    return TRUE;
}

gboolean rushes_take_start_extending(RushesTake *take, RushesTake *from, int frames_multiple,
                                     GError **error)
{
    RushesFrameSource *source = rushes_take_get_source(from);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_copy(rushes_take_get_recipe(take));
    RushesFrameFormat format;
    int number = rushes_take_get_number(from), multiple = MAX(1, frames_multiple);

    rushes_frame_source_get_format(source, &format);
    int most = MIN(MIN(EXTEND_FRAMES, format.ready), recipe->frames - 1);
    if (most < 1) {
        g_set_error(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED,
                    "A clip of %d frames cannot go on from take %d: choose a greater length.",
                    recipe->frames, number);
        return FALSE;
    }
    int count = 1 + (most - 1) / multiple * multiple;
    return write_frames(take, source, count, recipe, error) &&
           write_sound(take, source, count, recipe, error) &&
           keep(take, recipe, RUSHES_CONDITIONING_EXTEND, count, g_strdup_printf("take %d", number),
                error);
}

int rushes_take_start_after(RushesTake *take, RushesTake *before, int last)
{
    const RushesRecipe *recipe = rushes_take_get_recipe(take);
    const char *parent = rushes_take_get_parent(take);

    if (recipe->conditioning != RUSHES_CONDITIONING_EXTEND || !parent || !before ||
        !g_str_equal(parent, rushes_take_get_id(before)))
        return 0;
    // The take begins with this many of the last frames of the one before.
    int shared = recipe->condition_frames;
    int first = rushes_take_get_recipe(before)->frames - shared;
    return CLAMP(last - first + 1, 0, MIN(shared, recipe->frames - 1));
}
