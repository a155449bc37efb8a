// SPDX-License-Identifier: GPL-3.0-or-later
#include "project/shot.h"

#define MISSING_FRAMES 100000 // more than any take has

struct _RushesShot {
    GObject parent_instance;

    cJSON *fields;
    RushesTake *take;
};

static guint changed_signal;

G_DEFINE_FINAL_TYPE(RushesShot, rushes_shot, G_TYPE_OBJECT)

static void rushes_shot_finalize(GObject *object)
{
    RushesShot *self = RUSHES_SHOT(object);

    cJSON_Delete(self->fields);
    g_clear_object(&self->take);
    G_OBJECT_CLASS(rushes_shot_parent_class)->finalize(object);
}

static void rushes_shot_class_init(RushesShotClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = rushes_shot_finalize;
    changed_signal = g_signal_new("changed", RUSHES_TYPE_SHOT, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void rushes_shot_init(RushesShot *self)
{
}

RushesShot *rushes_shot_new(const cJSON *fields, RushesTake *take)
{
    RushesShot *self = g_object_new(RUSHES_TYPE_SHOT, NULL);
    self->fields = cJSON_Duplicate(fields, TRUE);
    self->take = take ? g_object_ref(take) : NULL;
    return self;
}

const char *rushes_shot_get_id(RushesShot *self)
{
    return rushes_json_string(self->fields, "id", "");
}

RushesTake *rushes_shot_get_take(RushesShot *self)
{
    return self->take;
}

const cJSON *rushes_shot_get_fields(RushesShot *self)
{
    return self->fields;
}

// A shot whose take is gone keeps its length, so that the film stays as it was cut.
static int take_frames(RushesShot *self)
{
    return self->take ? MAX(1, rushes_take_get_recipe(self->take)->frames) : MISSING_FRAMES;
}

int rushes_shot_get_in(RushesShot *self)
{
    return rushes_json_int(self->fields, "in", 0, take_frames(self) - 1, 0);
}

int rushes_shot_get_out(RushesShot *self)
{
    int last = take_frames(self) - 1, unsaid = self->take ? last : 0;
    return MAX(rushes_shot_get_in(self), rushes_json_int(self->fields, "out", 0, last, unsaid));
}

int rushes_shot_get_length(RushesShot *self)
{
    return rushes_shot_get_out(self) - rushes_shot_get_in(self) + 1;
}

double rushes_shot_get_seconds(RushesShot *self)
{
    double fps = self->take ? rushes_take_get_recipe(self->take)->fps : 0;
    return fps > 0 ? rushes_shot_get_length(self) / fps : 0;
}

char *rushes_shot_dup_title(RushesShot *self)
{
    const char *title = rushes_json_string(self->fields, "title", NULL);
    if (title && *title)
        return g_strdup(title);
    if (!self->take)
        return g_strdup("Missing take");
    g_auto(GStrv) words = g_strsplit_set(rushes_take_get_recipe(self->take)->prompt, " \n\t", 7);
    if (g_strv_length(words) == 7)
        g_clear_pointer(&words[6], g_free);
    return g_strjoinv(" ", words);
}

void rushes_shot_merge(RushesShot *self, const cJSON *fields)
{
    const cJSON *field;

    cJSON_ArrayForEach(field, fields)
    {
        if (cJSON_IsNull(field))
            cJSON_DeleteItemFromObjectCaseSensitive(self->fields, field->string);
        else
            rushes_json_put(self->fields, field->string, cJSON_Duplicate(field, TRUE));
    }
    g_signal_emit(self, changed_signal, 0);
}
