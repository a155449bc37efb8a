// SPDX-License-Identifier: GPL-3.0-or-later
// The time left that is said, on a machine whose every kind of work has a known price.
#include <math.h>
#include <string.h>

#include "queue/eta.h"
#include "scratch.h"

// A machine as eta.c sees one: every kind of work has its price in the job's size, the first job of a
// size builds kernels, of which the worker says what they took and roughly what they will take, and another
// program takes a part of the processor for a while.
typedef struct Machine {
    RushesLibrary *library;
    GRand *random;
    GHashTable *sizes; // that were built for
    double now, slowness;
    double built, steps_build, frames_build; // seconds: so far, and what is left for either stage
} Machine;

#define STEPS_BUILD  3.0
#define FRAMES_BUILD 4.0

static void work(Machine *machine, double seconds)
{
    machine->now += seconds * machine->slowness * g_rand_double_range(machine->random, 0.9, 1.1);
}

// Kernels are built, for as long as was expected or a tenth more or less.
static void build(Machine *machine, double *expected)
{
    double seconds = *expected * machine->slowness * g_rand_double_range(machine->random, 0.9, 1.1);
    machine->now += seconds;
    machine->built += seconds;
    *expected = 0;
}

typedef struct Said {
    double at, left;
} Said;

static double tell(Machine *machine, RushesEta *eta, const char *stage, guint step)
{
    gboolean decodes = g_str_equal(stage, "decode");
    RushesEtaProgress progress = {.stage = stage,
                                  .step = step,
                                  .built = machine->built,
                                  .build_left = machine->steps_build + machine->frames_build,
                                  .build_stage = g_str_equal(stage, "denoise")
                                                     ? machine->steps_build
                                                 : decodes ? machine->frames_build
                                                           : 0};
    return rushes_eta_progress(eta, &progress, machine->now);
}

// -> seconds that it took; what was said is appended to `said`.
static double run_on(Machine *machine, const RushesRecipe *recipe, GArray *said)
{
    double pixels = (double)recipe->width * recipe->height / 40960;
    double began = machine->now, left;
    g_autoptr(RushesEta) eta = rushes_eta_new(machine->library, "device", recipe, machine->now);
    char *size = g_strdup_printf("%dx%d", recipe->width, recipe->height);
    gboolean is_new = g_hash_table_add(machine->sizes, size);

    machine->built = 0;
    machine->steps_build = is_new ? STEPS_BUILD : 0;
    machine->frames_build = is_new ? FRAMES_BUILD : 0;

#define TELL(stage, step)                                                                          \
    left = tell(machine, eta, stage, step);                                                        \
    g_array_append_vals(said, &(Said){machine->now - began, left}, 1)

    work(machine, 0.1);
    TELL("text", 0);
    work(machine, 0.1);
    TELL("text", 1);
    TELL("denoise", 0);
    for (guint step = 1; step <= (guint)recipe->steps; step++) {
        work(machine, 0.6 * pixels * pow(recipe->frames / 25.0, 1.2));
        build(machine, &machine->steps_build);
        TELL("denoise", step);
    }
    TELL("decode", 0);
    for (guint frame = 1; frame <= (guint)recipe->frames; frame += 4) {
        work(machine, 0.05 * pixels * (frame == 1 ? 1 : 4));
        build(machine, &machine->frames_build);
        TELL("decode", frame);
    }
    TELL("audio", 0);
    work(machine, 0.02 * recipe->frames);
    TELL("audio", 1);
    rushes_eta_finish(eta, machine->now);
    return machine->now - began;
}

static gboolean holds(double said, double was)
{
    return ABS(said - was) <= 0.15 * was;
}

static void time_left_holds_after_three_runs(void)
{
    static const int shapes[][4] = {{160, 96, 9, 8},    {256, 160, 25, 8}, {256, 160, 9, 16},
                                    {256, 160, 25, 16}, {160, 96, 25, 8},  {256, 160, 17, 12},
                                    {160, 96, 17, 20},  {256, 160, 9, 12}, {256, 160, 25, 10},
                                    {160, 96, 25, 16},  {160, 96, 9, 16},  {256, 160, 17, 16},
                                    {256, 160, 25, 24}};
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Machine machine = {library, random, sizes, 100, 1, 0, 0, 0};
    int good_forecasts = 0, good_halves = 0;

    for (guint run = 0; run < G_N_ELEMENTS(shapes); run++) {
        g_autoptr(GArray) said = g_array_new(FALSE, FALSE, sizeof(Said));
        recipe->width = shapes[run][0];
        recipe->height = shapes[run][1];
        recipe->frames = shapes[run][2];
        recipe->steps = shapes[run][3];
        g_autofree char *size = g_strdup_printf("%dx%d", recipe->width, recipe->height);
        double build = g_hash_table_contains(sizes, size) ? 0 : STEPS_BUILD + FRAMES_BUILD;
        double forecast = rushes_eta_forecast(library, "device", recipe, -1, build);
        double took = run_on(&machine, recipe, said), half = 0;
        if (run == 0)
            g_assert_cmpfloat(forecast, <, 0); // nothing is claimed before anything is known
        for (guint i = 0; i < said->len; i++) {
            const Said *at = &g_array_index(said, Said, i);
            if (at->at <= took / 2)
                half = at->left;
        }
        if (run < 3)
            continue;
        g_test_message("%d: forecast %.1f took %.1f, half %.1f of %.1f", (int)run, forecast, took,
                       half, took / 2);
        good_forecasts += holds(forecast, took);
        good_halves += holds(half, took / 2);
    }
    g_assert_cmpint(good_forecasts, >=, 9);
    g_assert_cmpint(good_halves, >=, 9);
}

static void time_left_follows_a_machine_that_gets_busy(void)
{
    g_autoptr(RushesLibrary) library = rushes_library_open(":memory:", NULL);
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(8);
    g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Machine machine = {library, random, sizes, 100, 1, 0, 0, 0};

    recipe->width = 256;
    recipe->height = 160;
    recipe->frames = 25;
    recipe->steps = 40;
    for (int run = 0; run < 4; run++) {
        g_autoptr(GArray) said = g_array_new(FALSE, FALSE, sizeof(Said));
        machine.slowness = run < 3 ? 1 : 2.5;
        double took = run_on(&machine, recipe, said), half = 0;
        for (guint i = 0; i < said->len; i++) {
            const Said *at = &g_array_index(said, Said, i);
            if (at->at <= took / 2)
                half = at->left;
        }
        if (run == 3)
            g_assert_true(holds(half, took / 2));
    }
}

int main(int argc, char **argv)
{
    scratch_begin();
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/eta/holds", time_left_holds_after_three_runs);
    g_test_add_func("/eta/busy", time_left_follows_a_machine_that_gets_busy);
    return scratch_end(g_test_run());
}
