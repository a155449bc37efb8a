// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/eta.h"

#include <string.h>

enum { LOAD, TEXT, DENOISE, DECODE, AUDIO, STAGES };
static const char *const stage_names[STAGES] = {"load", "text", "denoise", "decode", "audio"};

struct RushesEta {
    RushesLibrary *library;
    char *keys[STAGES];
    double stored[STAGES]; // seconds a unit of work in the past; negative when unknown
    double total[STAGES];  // units of work in the whole job
    int stage;             // -1 before the first event
    double stage_began;    // seconds
    guint first_step;      // of the stage; a resumed job does not start at 0
    guint step, of;
    double last_step_at;
    double spent[STAGES], done[STAGES]; // seconds and units of finished stages
};

// Stage by stage the key names the shape of the job too: attention is quadratic in it.
static char *make_key(const char *device, const RushesRecipe *recipe, int stage)
{
    return g_strdup_printf("%s|%s|%dx%dx%d|%s", recipe->model, device, recipe->width,
                           recipe->height, recipe->frames, stage_names[stage]);
}

// Only the denoising has a length that the creator sets; the shape is in the key.
static double stage_work(const RushesRecipe *recipe, int stage)
{
    return stage == DENOISE ? MAX(1, recipe->steps) : 1;
}

RushesEta *rushes_eta_new(RushesLibrary *library, const char *device, const RushesRecipe *recipe)
{
    RushesEta *self = g_new0(RushesEta, 1);

    self->library = g_object_ref(library);
    self->stage = -1;
    for (int i = 0; i < STAGES; i++) {
        self->keys[i] = make_key(device, recipe, i);
        self->stored[i] = rushes_library_get_pace(library, self->keys[i]);
        self->total[i] = stage_work(recipe, i);
    }
    return self;
}

void rushes_eta_free(RushesEta *self)
{
    if (!self)
        return;
    for (int i = 0; i < STAGES; i++)
        g_free(self->keys[i]);
    g_object_unref(self->library);
    g_free(self);
}

static double done_in_stage(const RushesEta *self)
{
    guint steps = self->step - MIN(self->first_step, self->step);
    return self->of > 0 ? self->total[self->stage] * steps / self->of : 0;
}

static void close_stage(RushesEta *self, double now)
{
    if (self->stage < 0)
        return;
    double share = self->of > 0 ? 1.0 - (double)self->first_step / self->of : 1.0;
    self->spent[self->stage] += now - self->stage_began;
    self->done[self->stage] = self->total[self->stage] * share;
}

static double remaining_in_stage(const RushesEta *self, double now)
{
    double done = done_in_stage(self);
    double left = self->of > 0 ? self->total[self->stage] * (1.0 - (double)self->step / self->of)
                               : self->total[self->stage];
    double pace = self->stored[self->stage];
    // What this very job shows counts the more, the more of the stage it has shown: first steps often
    // take longer, and frames come several at a time.
    if (self->step >= self->first_step + 2 && done > 0) {
        double own = (self->last_step_at - self->stage_began) / done;
        double share = done / self->total[self->stage];
        pace = pace < 0 ? own : pace + (own - pace) * share;
    }
    if (pace < 0)
        return -1;
    return MAX(0, left * pace - (now - self->last_step_at));
}

double rushes_eta_progress(RushesEta *self, const char *stage, guint step, guint of, double now)
{
    int index = -1;
    for (int i = 0; i < STAGES; i++) {
        if (g_strcmp0(stage, stage_names[i]) == 0)
            index = i;
    }
    if (index < 0)
        return -1;
    if (index != self->stage) {
        close_stage(self, now);
        self->stage = index;
        self->stage_began = self->last_step_at = now;
        self->first_step = self->step = step;
    } else if (step != self->step) {
        self->last_step_at = now;
    }
    self->step = step;
    self->of = of;

    double left = remaining_in_stage(self, now);
    for (int i = index + 1; left >= 0 && i < STAGES; i++) {
        // A stage that no past job had (no sound, say) will not come now either.
        if (self->stored[i] >= 0)
            left += self->stored[i] * self->total[i];
    }
    gboolean known = self->stored[DENOISE] >= 0 || index > DENOISE;
    return known ? left : -1;
}

void rushes_eta_finish(RushesEta *self, double now)
{
    close_stage(self, now);
    for (int i = 0; i < STAGES; i++) {
        if (self->done[i] > 0)
            rushes_library_add_timing(self->library, self->keys[i], self->done[i], self->spent[i],
                                      NULL);
    }
}

double rushes_eta_forecast(RushesLibrary *library, const char *device, const RushesRecipe *recipe)
{
    double seconds = 0;

    for (int i = 0; i < STAGES; i++) {
        g_autofree char *key = make_key(device, recipe, i);
        double pace = rushes_library_get_pace(library, key);
        if (pace < 0 && i == DENOISE)
            return -1;
        // The model stays loaded between jobs, so only the later stages come every time.
        if (pace >= 0 && i != LOAD)
            seconds += pace * stage_work(recipe, i);
    }
    return seconds;
}

static double recipe_work(const RushesRecipe *recipe)
{
    return (double)recipe->width * recipe->height * recipe->frames * MAX(1, recipe->steps);
}

double rushes_eta_forecast_from_takes(GListModel *takes, const char *device,
                                      const RushesRecipe *recipe)
{
    double seconds = -1, nearest = G_MAXDOUBLE, work = recipe_work(recipe);

    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        const RushesRecipe *other = rushes_take_get_recipe(take);
        const cJSON *result = rushes_take_get_result(take);
        double spent = rushes_json_number(result, "seconds", -1);
        double ratio = recipe_work(other) > 0 ? work / recipe_work(other) : 0;
        double distance = ratio > 1 ? ratio : ratio > 0 ? 1 / ratio : G_MAXDOUBLE;
        if (spent <= 0 || g_strcmp0(rushes_json_string(result, "device", NULL), device) != 0 ||
            g_strcmp0(other->model, recipe->model) != 0 || distance >= nearest)
            continue;
        nearest = distance;
        seconds = spent * ratio;
    }
    return seconds;
}
