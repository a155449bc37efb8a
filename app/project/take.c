// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "project/take-private.h"

enum {
    PROP_STATE = 1,
    PROP_STAR,
    PROP_NOTE,
    PROP_FLAG,
    PROP_STAGE,
    PROP_FRACTION,
    PROP_ETA,
    PROP_THUMBNAIL_SERIAL,
    N_PROPS
};
static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE(RushesTake, rushes_take, G_TYPE_OBJECT)

static const char *const state_names[] = {
    [RUSHES_TAKE_QUEUED] = "queued",       [RUSHES_TAKE_RUNNING] = "running",
    [RUSHES_TAKE_PAUSED] = "paused",       [RUSHES_TAKE_INTERRUPTED] = "interrupted",
    [RUSHES_TAKE_DONE] = "done",           [RUSHES_TAKE_FAILED] = "failed",
    [RUSHES_TAKE_CANCELLED] = "cancelled",
};

const char *rushes_take_state_to_string(RushesTakeState state)
{
    return state_names[state];
}

gboolean rushes_take_state_from_string(const char *text, RushesTakeState *state)
{
    for (guint i = 0; i < G_N_ELEMENTS(state_names); i++) {
        if (g_strcmp0(text, state_names[i]) == 0) {
            *state = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void rushes_take_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    RushesTake *self = RUSHES_TAKE(object);

    switch (id) {
    case PROP_STATE:
        g_value_set_int(value, self->state);
        break;
    case PROP_STAR:
        g_value_set_boolean(value, self->star);
        break;
    case PROP_NOTE:
        g_value_set_string(value, self->note);
        break;
    case PROP_FLAG:
        g_value_set_string(value, self->flag);
        break;
    case PROP_STAGE:
        g_value_set_string(value, self->stage);
        break;
    case PROP_FRACTION:
        g_value_set_double(value, self->fraction);
        break;
    case PROP_ETA:
        g_value_set_double(value, self->eta);
        break;
    case PROP_THUMBNAIL_SERIAL:
        g_value_set_uint(value, self->thumbnail_serial);
        break;
    default:
        G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
    }
}

static void rushes_take_finalize(GObject *object)
{
    RushesTake *self = RUSHES_TAKE(object);

    g_free(self->folder);
    g_free(self->id);
    g_free(self->parent);
    g_free(self->note);
    g_free(self->error);
    g_free(self->flag);
    g_free(self->stage);
    cJSON_Delete(self->result);
    g_clear_pointer(&self->recipe, rushes_recipe_free);
    g_clear_pointer(&self->preview, g_bytes_unref);
    g_clear_object(&self->store);
    G_OBJECT_CLASS(rushes_take_parent_class)->finalize(object);
}

static void rushes_take_class_init(RushesTakeClass *klass)
{
    GObjectClass *object = G_OBJECT_CLASS(klass);
    GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

    object->get_property = rushes_take_get_property;
    object->finalize = rushes_take_finalize;
    properties[PROP_STATE] =
        g_param_spec_int("state", NULL, NULL, 0, RUSHES_TAKE_CANCELLED, 0, flags);
    properties[PROP_STAR] = g_param_spec_boolean("star", NULL, NULL, FALSE, flags);
    properties[PROP_NOTE] = g_param_spec_string("note", NULL, NULL, "", flags);
    properties[PROP_FLAG] = g_param_spec_string("flag", NULL, NULL, NULL, flags);
    properties[PROP_STAGE] = g_param_spec_string("stage", NULL, NULL, "", flags);
    properties[PROP_FRACTION] = g_param_spec_double("fraction", NULL, NULL, 0, 1, 0, flags);
    properties[PROP_ETA] = g_param_spec_double("eta", NULL, NULL, -1, G_MAXDOUBLE, -1, flags);
    properties[PROP_THUMBNAIL_SERIAL] =
        g_param_spec_uint("thumbnail-serial", NULL, NULL, 0, G_MAXUINT, 0, flags);
    g_object_class_install_properties(object, N_PROPS, properties);
}

static void rushes_take_init(RushesTake *self)
{
    self->note = g_strdup("");
    self->stage = g_strdup("");
    self->eta = -1;
}

const char *rushes_take_get_id(RushesTake *self)
{
    return self->id;
}

const char *rushes_take_get_folder(RushesTake *self)
{
    return self->folder;
}

int rushes_take_get_number(RushesTake *self)
{
    return self->number;
}

const RushesRecipe *rushes_take_get_recipe(RushesTake *self)
{
    return self->recipe;
}

const char *rushes_take_get_parent(RushesTake *self)
{
    return self->parent;
}

RushesTakeState rushes_take_get_state(RushesTake *self)
{
    return self->state;
}

gboolean rushes_take_get_star(RushesTake *self)
{
    return self->star;
}

const char *rushes_take_get_note(RushesTake *self)
{
    return self->note;
}

const char *rushes_take_get_error(RushesTake *self)
{
    return self->error;
}

const char *rushes_take_get_flag(RushesTake *self)
{
    return self->flag;
}

gint64 rushes_take_get_created(RushesTake *self)
{
    return self->created;
}

const cJSON *rushes_take_get_result(RushesTake *self)
{
    return self->result;
}

double rushes_take_get_fraction(RushesTake *self)
{
    return self->fraction;
}

double rushes_take_get_eta(RushesTake *self)
{
    return self->eta;
}

const char *rushes_take_get_stage(RushesTake *self)
{
    return self->stage;
}

RushesFrameSource *rushes_take_get_source(RushesTake *self)
{
    if (!self->store) {
        RushesFrameFormat format = {
            .width = self->recipe->width,
            .height = self->recipe->height,
            .fps = self->recipe->fps,
            .frames = self->recipe->frames,
            .rate = self->rate,
            .channels = MAX(1, self->channels),
            .samples = (gint64)CLAMP(rushes_json_number(self->result, "samples", 0), 0.0, 1e12),
        };
        self->store = rushes_frame_store_new(self->folder, &format);
    }
    return RUSHES_FRAME_SOURCE(self->store);
}

gboolean rushes_take_is_playable(RushesTake *self)
{
    RushesFrameFormat format;
    rushes_frame_source_get_format(rushes_take_get_source(self), &format);
    return format.ready > 0 && format.fps > 0;
}

void rushes_take_set_star(RushesTake *self, gboolean star)
{
    star = !!star;
    if (self->star == star)
        return;
    self->star = star;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STAR]);
}

void rushes_take_set_note(RushesTake *self, const char *note)
{
    if (g_strcmp0(self->note, note) == 0)
        return;
    g_free(self->note);
    self->note = g_strdup(note ? note : "");
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_NOTE]);
}

void rushes_take_set_flag(RushesTake *self, const char *flag)
{
    if (g_strcmp0(self->flag, flag) == 0)
        return;
    g_free(self->flag);
    self->flag = g_strdup(flag);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FLAG]);
}

void rushes_take_set_state(RushesTake *self, RushesTakeState state, const char *error)
{
    if (g_strcmp0(self->error, error) != 0) {
        g_free(self->error);
        self->error = g_strdup(error);
    } else if (self->state == state) {
        return;
    }
    self->state = state;
    if (state != RUSHES_TAKE_RUNNING)
        g_clear_pointer(&self->preview, g_bytes_unref);
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STATE]);
}

void rushes_take_set_recipe(RushesTake *self, const RushesRecipe *recipe)
{
    RushesRecipe *copy = rushes_recipe_copy(recipe);
    // The worker's copy of the job carries neither where the first frame came from nor who agreed to it.
    if (!copy->condition_source)
        copy->condition_source = g_strdup(self->recipe->condition_source);
    if (!copy->picture_sha256 && !copy->shows_person)
        rushes_recipe_set_picture(copy, self->recipe);
    rushes_recipe_free(self->recipe);
    self->recipe = copy;
    g_clear_object(&self->store); // its shape may be another
}

void rushes_take_set_progress(RushesTake *self, const char *stage, double fraction, double eta)
{
    g_object_freeze_notify(G_OBJECT(self));
    if (g_strcmp0(self->stage, stage) != 0) {
        g_free(self->stage);
        self->stage = g_strdup(stage);
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_STAGE]);
    }
    fraction = CLAMP(fraction, 0.0, 1.0);
    if (self->fraction != fraction) {
        self->fraction = fraction;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_FRACTION]);
    }
    eta = MAX(eta, -1.0);
    if (self->eta != eta) {
        self->eta = eta;
        g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_ETA]);
    }
    g_object_thaw_notify(G_OBJECT(self));
}

void rushes_take_set_result(RushesTake *self, const cJSON *result)
{
    cJSON_Delete(self->result);
    self->result = cJSON_Duplicate(result, TRUE);
}

static void take_new_picture(RushesTake *self)
{
    self->thumbnail_serial++;
    g_object_notify_by_pspec(G_OBJECT(self), properties[PROP_THUMBNAIL_SERIAL]);
}

void rushes_take_frames_ready(RushesTake *self, int frames)
{
    RushesFrameFormat before;
    RushesFrameSource *source = rushes_take_get_source(self);

    rushes_frame_source_get_format(source, &before);
    rushes_frame_store_set_ready(self->store, frames);
    // A strip of takes need not redraw for each frame: the first and the last are enough.
    if (before.ready == 0 || frames == before.frames)
        take_new_picture(self);
}

void rushes_take_sound_ready(RushesTake *self, int rate, int channels, gint64 samples)
{
    self->rate = rate;
    self->channels = MAX(1, channels);
    rushes_take_get_source(self);
    rushes_frame_store_set_sound(self->store, rate, self->channels, samples);
}

void rushes_take_settle(RushesTake *self)
{
    rushes_take_get_source(self);
    rushes_frame_store_settle(self->store);
}

char *rushes_take_find_thumbnail(RushesTake *self)
{
    g_autofree char *path = g_build_filename(self->folder, "thumb.png", NULL);
    gboolean there = self->state == RUSHES_TAKE_DONE && g_file_test(path, G_FILE_TEST_IS_REGULAR);
    return there ? g_steal_pointer(&path) : NULL;
}

gboolean rushes_take_load_preview(RushesTake *self, const char *file, int width, int height,
                                  int frames)
{
    g_autofree char *path = g_build_filename(self->folder, file, NULL);
    char *pixels = NULL;
    gsize bytes = 0;

    if (!file || strchr(file, '/') || width <= 0 || height <= 0 || frames <= 0 || width > 4096 ||
        height > 4096 || !g_file_get_contents(path, &pixels, &bytes, NULL))
        return FALSE;
    if (bytes < (gsize)width * (gsize)height * (gsize)frames * 3) {
        g_free(pixels);
        return FALSE;
    }
    g_clear_pointer(&self->preview, g_bytes_unref);
    self->preview = g_bytes_new_take(pixels, bytes);
    self->preview_width = width;
    self->preview_height = height;
    self->preview_frames = frames;
    take_new_picture(self);
    return TRUE;
}

GBytes *rushes_take_get_preview(RushesTake *self, int *width, int *height, int *frames)
{
    *width = self->preview_width;
    *height = self->preview_height;
    *frames = self->preview_frames;
    return self->preview;
}
