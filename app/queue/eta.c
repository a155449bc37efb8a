// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/eta.h"

#include <math.h>
#include <string.h>

#include "queue/eta-cost.h"

// What was seen this long ago (seconds) counts a third as much for the pace as what was seen just now.
#define PACE_MEMORY 15.0
// The pace starts as that of earlier jobs, as firmly as if it had been seen for so many seconds.
#define PACE_PRIOR 3.0
// Units of a kind that this job has to do before its own pace in them counts as much as what was expected.
#define OWN_PRIOR 2.0
// A unit that takes longer than expected goes on for at least this part of what it took already.
#define OVERRUN 0.2

struct RushesEta {
    RushesLibrary *library;
    RushesRecipe *recipe;
    char *device;
    double cost[RUSHES_N_WORK]; // seconds a unit as expected; negative when unknown
    double done[RUSHES_N_WORK], spent[RUSHES_N_WORK];
    gboolean built_beside[RUSHES_N_WORK];
    double left[RUSHES_N_WORK]; // units
    const char *stage;          // interned; NULL before the first event
    guint step;
    guint decoded;         // announcements of the decoder
    double lap;            // when the last unit ended
    double seen, expected; // seconds of work, fading: how it went and how it was expected to go
    double own_units[RUSHES_N_WORK], own_seconds[RUSHES_N_WORK]; // of this job, fading likewise
    // Seconds of building kernels: in all so far, at the last lap, still to come, of these in this stage.
    double built, built_at_lap, build_left, build_stage;
};

RushesEta *rushes_eta_new(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                          double now)
{
    RushesEta *self = g_new0(RushesEta, 1);

    self->library = g_object_ref(library);
    self->recipe = rushes_recipe_copy(recipe);
    self->device = g_strdup(device);
    self->lap = now;
    for (RushesWork work = 0; work < RUSHES_N_WORK; work++) {
        self->cost[work] = rushes_work_cost(library, device, recipe, work);
        self->left[work] = rushes_work_units(work, recipe);
    }
    return self;
}

void rushes_eta_free(RushesEta *self)
{
    if (!self)
        return;
    g_object_unref(self->library);
    rushes_recipe_free(self->recipe);
    g_free(self->device);
    g_free(self);
}

// `units` of the work ended now.
static void lap(RushesEta *self, RushesWork work, double units, double now)
{
    // Kernels are built once: what that takes is no part of what the work costs.
    double spent = MAX(0, now - self->lap - (self->built - self->built_at_lap));
    double fade = exp(-spent / PACE_MEMORY);

    self->lap = now;
    self->built_beside[work] |= self->built > self->built_at_lap;
    self->built_at_lap = self->built;
    self->done[work] += units;
    self->spent[work] += spent;
    self->left[work] = MAX(0, self->left[work] - units);
    self->own_units[work] = self->own_units[work] * fade + units;
    self->own_seconds[work] = self->own_seconds[work] * fade + spent;
    // What loads tells nothing about how busy the machine is.
    if (self->cost[work] < 0 || work == RUSHES_WORK_LOAD || work == RUSHES_WORK_FIRST_STEP ||
        work == RUSHES_WORK_OPENING)
        return;
    self->seen = self->seen * fade + spent;
    self->expected = self->expected * fade + self->cost[work] * units;
}

// The stage before this one is over, whatever it has told of itself.
static void enter_stage(RushesEta *self, const char *stage, guint step, double now)
{
    gboolean first = self->stage == NULL;

    self->stage = g_intern_string(stage);
    self->step = step;
    if (first)
        lap(self, RUSHES_WORK_LOAD, 1, now);
    self->left[RUSHES_WORK_LOAD] = 0;
    if (g_str_equal(stage, "text"))
        return;
    self->left[RUSHES_WORK_TEXT] = 0;
    if (g_str_equal(stage, "denoise")) {
        // It may go on from a step of an earlier run.
        self->left[RUSHES_WORK_FIRST_STEP] = (int)step < self->recipe->steps;
        self->left[RUSHES_WORK_STEP] = MAX(0, self->recipe->steps - (int)step - 1);
        return;
    }
    self->left[RUSHES_WORK_FIRST_STEP] = self->left[RUSHES_WORK_STEP] = 0;
    if (g_str_equal(stage, "audio"))
        self->left[RUSHES_WORK_OPENING] = self->left[RUSHES_WORK_FRAME] = 0;
}

static void advance(RushesEta *self, guint step, double now)
{
    double units = step - self->step;

    if (g_str_equal(self->stage, "text"))
        lap(self, RUSHES_WORK_TEXT, 1, now);
    else if (g_str_equal(self->stage, "denoise"))
        lap(self,
            self->done[RUSHES_WORK_FIRST_STEP] > 0 ? RUSHES_WORK_STEP : RUSHES_WORK_FIRST_STEP,
            units, now);
    else if (g_str_equal(self->stage, "audio"))
        lap(self, RUSHES_WORK_AUDIO, 1, now);
    else if (g_str_equal(self->stage, "decode") && self->decoded < 2) {
        self->decoded++;
        // Half a unit each, whatever the decoder gives at a time.
        lap(self, RUSHES_WORK_OPENING, 0.5, now);
        self->left[RUSHES_WORK_FRAME] = MAX(0, self->recipe->frames - (int)step);
    } else if (g_str_equal(self->stage, "decode")) {
        lap(self, RUSHES_WORK_FRAME, units, now);
    }
    self->step = step;
}

// The kind of the unit that is under way, and how much of it comes with the next announcement.
static RushesWork current_work(const RushesEta *self, double *units)
{
    *units = 1;
    if (!self->stage)
        return RUSHES_WORK_LOAD;
    if (g_str_equal(self->stage, "text"))
        return RUSHES_WORK_TEXT;
    if (g_str_equal(self->stage, "denoise"))
        return self->done[RUSHES_WORK_FIRST_STEP] > 0 ? RUSHES_WORK_STEP : RUSHES_WORK_FIRST_STEP;
    if (g_str_equal(self->stage, "audio"))
        return RUSHES_WORK_AUDIO;
    *units = self->decoded < 2 ? 0.5 : RUSHES_OPENING_FRAMES - 1;
    return self->decoded < 2 ? RUSHES_WORK_OPENING : RUSHES_WORK_FRAME;
}

static gboolean is_known(const RushesEta *self)
{
    return self->cost[RUSHES_WORK_STEP] >= 0 ||
           (self->left[RUSHES_WORK_STEP] == 0 && self->cost[RUSHES_WORK_FRAME] >= 0);
}

// Seconds that one more unit will take, as things go.
static double unit_cost(const RushesEta *self, RushesWork work)
{
    double pace = (self->seen + PACE_PRIOR) / (self->expected + PACE_PRIOR);
    // The decoder's four frames at a time are one thing that was seen.
    double prior = OWN_PRIOR * (work == RUSHES_WORK_FRAME ? RUSHES_OPENING_FRAMES - 1 : 1);

    return (self->own_seconds[work] + prior * self->cost[work] * pace) /
           (self->own_units[work] + prior);
}

double rushes_eta_left(const RushesEta *self, double now)
{
    double left = 0, units;
    RushesWork work = current_work(self, &units);
    double spent = now - self->lap;

    if (!is_known(self))
        return -1;
    for (RushesWork i = 0; i < RUSHES_N_WORK; i++) {
        // Work that no earlier job had (no sound, say) will not come now either.
        if (self->left[i] > 0 && self->cost[i] > 0)
            left += self->left[i] * unit_cost(self, i);
    }
    // What is under way takes time off its own share only: when it takes longer than expected, the rest is
    // still to come, and the longer it took, the longer it may take.
    // A stage builds its kernels in its first units, so that they are part of the one under way.
    double share = self->cost[work] > 0 ? MIN(units, self->left[work]) * unit_cost(self, work) : 0;
    return left - share + self->build_left - self->build_stage +
           MAX(share + self->build_stage - spent, OVERRUN * spent);
}

double rushes_eta_progress(RushesEta *self, const RushesEtaProgress *progress, double now)
{
    if (g_strcmp0(progress->stage, "load") == 0) // part of what passes before the job is accepted
        return rushes_eta_left(self, now);
    self->built = progress->built;
    self->build_left = progress->build_left;
    self->build_stage = MIN(progress->build_stage, progress->build_left);
    if (g_strcmp0(progress->stage, self->stage) != 0)
        enter_stage(self, progress->stage, progress->step, now);
    else if (progress->step > self->step)
        advance(self, progress->step, now);
    return rushes_eta_left(self, now);
}

void rushes_eta_finish(RushesEta *self, double now)
{
    RushesWorkSeen seen[RUSHES_N_WORK];

    for (RushesWork work = 0; work < RUSHES_N_WORK; work++) {
        seen[work].seconds = self->done[work] > 0 ? self->spent[work] / self->done[work] : -1;
        seen[work].built = self->built_beside[work];
    }
    rushes_work_learn(self->library, self->device, self->recipe, seen);
}

gboolean rushes_eta_is_learned(RushesLibrary *library, const char *device,
                               const RushesRecipe *recipe)
{
    return device && rushes_work_cost(library, device, recipe, RUSHES_WORK_STEP) >= 0;
}

double rushes_eta_forecast(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                           double worker_seconds, double build_seconds)
{
    double seconds = build_seconds;

    if (!rushes_eta_is_learned(library, device, recipe))
        return worker_seconds;
    for (RushesWork work = 0; work < RUSHES_N_WORK; work++) {
        double cost = rushes_work_cost(library, device, recipe, work);
        if (cost > 0)
            seconds += cost * rushes_work_units(work, recipe);
    }
    return seconds;
}
