// SPDX-License-Identifier: GPL-3.0-or-later
#include "queue/eta-cost.h"

#include <math.h>

// What an older cost counts compared with the next newer one: the machine's load changes.
#define FADING 0.8
// A job of another size by this ratio (natural logarithm) counts half as much as one of the same size.
#define NEARNESS 0.15
// How firmly the exponent stays at the expected one, in squared logarithms of size: two jobs whose sizes
// differ by a fifth say nothing about it, two that differ four times do.
#define STIFFNESS 0.1

static const struct {
    const char *name;
    double exponent; // that time is expected to grow with, in the size
} kinds[RUSHES_N_WORK] = {
    [RUSHES_WORK_LOAD] = {"load", 0},
    [RUSHES_WORK_TEXT] = {"text", 0},
    [RUSHES_WORK_FIRST_STEP] = {"first_step", 1},
    [RUSHES_WORK_STEP] = {"step", 1.1}, // attention is quadratic, the rest linear
    [RUSHES_WORK_OPENING] = {"opening", 1},
    [RUSHES_WORK_FRAME] = {"frame", 1},
    [RUSHES_WORK_AUDIO] = {"audio", 1},
};

// Guidance runs the network twice a step.
static gboolean is_guided(const RushesRecipe *recipe)
{
    return recipe->guidance < 0 || recipe->guidance > 1 || recipe->audio_guidance < 0 ||
           recipe->audio_guidance > 1;
}

static gboolean is_step(RushesWork work)
{
    return work == RUSHES_WORK_STEP || work == RUSHES_WORK_FIRST_STEP;
}

static char *make_key(const char *device, const RushesRecipe *recipe, RushesWork work,
                      gboolean built)
{
    return g_strdup_printf("%s|%s|%s%s%s", recipe->model, device, kinds[work].name,
                           is_step(work) && !is_guided(recipe) ? "|unguided" : "",
                           built ? "|built" : "");
}

// The sound of one frame weighs in a step as much as a picture of this many pixels: some 2.6 tokens of sound
// beside picture tokens of 16x16 pixels; fitted to the jobs of bench-eta. Only small pictures feel it, so that
// a model with larger tokens, and larger pictures, is told as well.
#define SOUND_PIXELS 1300.0

// A step's work: pictures come in groups of four after the first, sound with every frame.
static double step_size(double pixels, double frames)
{
    return pixels * (1 + (frames - 1) / (RUSHES_OPENING_FRAMES - 1)) + SOUND_PIXELS * frames;
}

// What the time of one unit grows with.
static double work_size(RushesWork work, const RushesRecipe *recipe)
{
    double pixels = MAX(1.0, (double)recipe->width * recipe->height),
           frames = MAX(1, recipe->frames);

    switch (work) {
    case RUSHES_WORK_FIRST_STEP:
    case RUSHES_WORK_STEP:
        return step_size(pixels, frames);
    case RUSHES_WORK_OPENING:
    case RUSHES_WORK_FRAME:
        return pixels;
    case RUSHES_WORK_AUDIO:
        return frames;
    default:
        return 1;
    }
}

double rushes_work_units(RushesWork work, const RushesRecipe *recipe)
{
    if (work == RUSHES_WORK_STEP)
        return MAX(1, recipe->steps) - 1;
    return work == RUSHES_WORK_FRAME ? MAX(0, recipe->frames - RUSHES_OPENING_FRAMES) : 1;
}

// From the costs under one key.
static double fitted_cost(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                          RushesWork work, gboolean built)
{
    RushesCost costs[RUSHES_COSTS_KEPT];
    g_autofree char *key = make_key(device, recipe, work, built);
    guint count = rushes_library_list_costs(library, key, costs);
    double size = log(work_size(work, recipe)), fresh = 1, sum = 0, x = 0, y = 0, xx = 0, xy = 0;

    if (count == 0)
        return -1;
    // Least squares of log(seconds) over log(size) around the wanted size, the exponent held near what it
    // should be.
    for (guint i = 0; i < count; i++, fresh *= FADING) {
        double away = log(costs[i].size) - size, time = log(costs[i].seconds);
        double weight = fresh / (1 + away * away / (NEARNESS * NEARNESS));
        sum += weight;
        x += weight * away;
        y += weight * time;
        xx += weight * away * away;
        xy += weight * away * time;
    }
    x /= sum;
    y /= sum;
    double spread = xx / sum - x * x, common = xy / sum - x * y;
    double exponent = (common + STIFFNESS * kinds[work].exponent) / (spread + STIFFNESS);
    return exp(y - CLAMP(exponent, 0.0, 2.0) * x);
}

// Of work that was only seen while kernels were built: what the like of it tells, which costs at least as
// much later.
static double alike_cost(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                         RushesWork work)
{
    double frame;

    if (work == RUSHES_WORK_FIRST_STEP)
        return fitted_cost(library, device, recipe, RUSHES_WORK_STEP, FALSE);
    if (work != RUSHES_WORK_OPENING)
        return -1;
    frame = fitted_cost(library, device, recipe, RUSHES_WORK_FRAME, FALSE);
    return frame >= 0 ? frame * MIN(recipe->frames, RUSHES_OPENING_FRAMES) : -1;
}

double rushes_work_cost(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                        RushesWork work)
{
    double cost = fitted_cost(library, device, recipe, work, FALSE);

    if (cost < 0)
        cost = alike_cost(library, device, recipe, work);
    return cost >= 0 ? cost : fitted_cost(library, device, recipe, work, TRUE);
}

void rushes_work_learn(RushesLibrary *library, const char *device, const RushesRecipe *recipe,
                       const RushesWorkSeen seen[RUSHES_N_WORK])
{
    // Without any of these the next forecast is rougher, and nothing else.
    for (RushesWork work = 0; work < RUSHES_N_WORK; work++) {
        g_autofree char *key = make_key(device, recipe, work, seen[work].built);
        RushesCost cost = {.size = work_size(work, recipe), .seconds = seen[work].seconds};
        rushes_library_add_cost(library, key, &cost, NULL);
    }
}
