// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-eta [--trace] [--longer N] - how well the time left holds, with the real worker: three jobs to learn from,
// then ten of mixed size. For each: the forecast before it is queued, and what was said when a quarter, half and
// three quarters of its time had passed, against what it took. Nothing is remembered from earlier runs. With --longer
// every job has N times the steps: what two steps of it differ by weighs less then.
// It depends on what else the machine does, so it is run by hand; the load average stands beside each job.
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "queue/eta.h"
#include "queue/queue.h"
#include "scratch.h"

#define LEARNED   3
#define TOLERANCE 0.15
#define LEAST     1.0 // s

typedef struct Shape {
    int width, height, frames, steps;
} Shape;

// Two sizes and three lengths to learn from; of the ten, half are of a shape never seen before.
static const Shape shapes[] = {
    {160, 96, 9, 6},    {256, 160, 25, 8},  {256, 160, 9, 10}, // learned from
    {256, 160, 25, 12}, {160, 96, 25, 8},   {256, 160, 9, 6},  {160, 160, 17, 10},
    {256, 160, 17, 8},  {160, 96, 9, 16},   {256, 160, 25, 5}, {160, 256, 25, 8},
    {160, 160, 25, 12}, {256, 160, 17, 14},
};

typedef struct Said {
    double at, left; // seconds since the job began
} Said;

typedef struct Bench {
    GMainLoop *loop;
    RushesQueue *queue;
    RushesProject *project;
    RushesTake *take;
    gboolean trace;
    int longer; // times the steps
    gint64 began;
    GArray *said; // of Said
} Bench;

static double elapsed(const Bench *bench)
{
    return (double)(g_get_monotonic_time() - bench->began) / G_USEC_PER_SEC;
}

static void on_said(RushesTake *take, GParamSpec *pspec, Bench *bench)
{
    Said said = {elapsed(bench), rushes_take_get_eta(take)};
    if (bench->trace)
        g_print("#   %7.2f s  %5.1f %%  left %6.1f s  %s\n", said.at,
                rushes_take_get_fraction(take) * 100, said.left, rushes_take_get_stage(take));
    g_array_append_val(bench->said, said);
}

// Seconds left as they were told last before `share` of the job's time.
static double left_at(const Bench *bench, double share, double took)
{
    double left = -1;
    for (guint i = 0; i < bench->said->len; i++) {
        const Said *said = &g_array_index(bench->said, Said, i);
        if (said->at <= share * took)
            left = said->left;
    }
    return left;
}

static double load_average(void)
{
    double load[1];
    return getloadavg(load, 1) == 1 ? load[0] : -1;
}

typedef struct Estimate {
    Bench *bench;
    double seconds, build;
} Estimate;

static void on_estimate(RushesEngineClient *engine, const RushesEngineEvent *event, gpointer data)
{
    Estimate *estimate = data;
    estimate->seconds = event->kind == RUSHES_ENGINE_ESTIMATE ? event->seconds : -1;
    estimate->build = event->build_left_s;
    if (estimate->bench->trace)
        g_print("#   %.1f s of building kernels expected\n", estimate->build);
    g_main_loop_quit(estimate->bench->loop);
}

// As the prompt pane tells it.
static double forecast(Bench *bench, const RushesRecipe *recipe)
{
    Estimate estimate = {bench, -1, 0};
    g_autoptr(cJSON) job = rushes_recipe_to_json(recipe);

    rushes_engine_client_estimate(rushes_queue_get_engine(bench->queue), job, on_estimate,
                                  &estimate);
    g_main_loop_run(bench->loop);
    return rushes_eta_forecast(rushes_queue_get_library(bench->queue),
                               rushes_queue_get_device(bench->queue), recipe, estimate.seconds,
                               estimate.build);
}

static void print_error(double said, double was)
{
    if (said < 0)
        g_print("      ?      ");
    else
        g_print("%5.1f (%+4.0f%%) ", said, (said - was) / was * 100);
}

// Within the tolerance of what it then took, or so near that nobody could tell.
static gboolean holds(double said, double was)
{
    return said >= 0 && fabs(said - was) <= MAX(TOLERANCE * was, LEAST);
}

static gboolean run_job(Bench *bench, guint index)
{
    static const double shares[] = {0.25, 0.5, 0.75};
    const Shape *shape = &shapes[index];
    g_autoptr(RushesRecipe) recipe = rushes_recipe_new();
    g_autoptr(GError) error = NULL;

    g_free(recipe->prompt);
    recipe->prompt = g_strdup("A cat walks over the grass in the rain. It meows.");
    recipe->seed = index;
    recipe->width = shape->width;
    recipe->height = shape->height;
    recipe->frames = shape->frames;
    recipe->steps = shape->steps * bench->longer;
    recipe->guidance = 4;
    double expected = forecast(bench, recipe);
    bench->take = rushes_project_add_take(bench->project, recipe, NULL, &error);
    g_assert_no_error(error);
    g_array_set_size(bench->said, 0);
    g_signal_connect(bench->take, "notify::eta", G_CALLBACK(on_said), bench);
    bench->began = g_get_monotonic_time();
    rushes_queue_add(bench->queue, bench->project, bench->take, FALSE, &error);
    g_assert_no_error(error);
    g_main_loop_run(bench->loop);
    double took = elapsed(bench);
    if (rushes_take_get_state(bench->take) != RUSHES_TAKE_DONE)
        g_error("job %u: %s", index + 1, rushes_take_get_error(bench->take));

    gboolean good = holds(expected, took);
    g_print("%2u %3dx%-3d %2d frames %2d steps  %6.1f s  load %4.1f  forecast ", index + 1,
            shape->width, shape->height, shape->frames, recipe->steps, took, load_average());
    print_error(expected, took);
    for (guint i = 0; i < G_N_ELEMENTS(shares); i++) {
        double left = left_at(bench, shares[i], took), was = (1 - shares[i]) * took;
        good &= holds(left, was);
        g_print(" %2.0f%% ", shares[i] * 100);
        print_error(left, was);
    }
    g_print("%s\n", index < LEARNED ? "  (learning)" : good ? "  holds" : "  FAILS");
    return good;
}

static gboolean is_ready(Bench *bench)
{
    if (rushes_queue_get_device(bench->queue) && rushes_queue_get_model(bench->queue))
        g_main_loop_quit(bench->loop);
    return G_SOURCE_REMOVE;
}

int main(int argc, char **argv)
{
    Bench bench = {.longer = 1};
    g_autoptr(GError) error = NULL;
    guint good = 0;

    for (int i = 1; i < argc; i++) {
        bench.trace |= g_str_equal(argv[i], "--trace");
        if (g_str_equal(argv[i], "--longer") && i + 1 < argc)
            bench.longer = CLAMP(atoi(argv[i + 1]), 1, 10);
    }
    scratch_begin();
    g_setenv("XDG_CACHE_HOME", scratch_root, TRUE);
    g_setenv("XDG_CONFIG_HOME", scratch_root, TRUE);
    g_setenv("XDG_DATA_HOME", scratch_root, TRUE);
    g_autofree char *file = g_build_filename(scratch_root, "library.db", NULL);
    g_autofree char *folder = g_build_filename(scratch_root, "Film.rushes", NULL);
    g_autoptr(RushesLibrary) library = rushes_library_open(file, &error);
    g_assert_no_error(error);
    bench.project = rushes_project_create(folder, &error);
    g_assert_no_error(error);
    bench.loop = g_main_loop_new(NULL, FALSE);
    bench.said = g_array_new(FALSE, FALSE, sizeof(Said));
    bench.queue = rushes_queue_new(library);
    g_signal_connect_swapped(bench.queue, "model-changed", G_CALLBACK(is_ready), &bench);
    g_signal_connect_swapped(bench.queue, "item-finished", G_CALLBACK(g_main_loop_quit),
                             bench.loop);
    rushes_queue_start(bench.queue);
    g_main_loop_run(bench.loop);

    g_print("said, and its error in percent of what it took: the whole job, and the time left at a "
            "quarter, half and three quarters\n");
    for (guint i = 0; i < G_N_ELEMENTS(shapes); i++)
        good += run_job(&bench, i) && i >= LEARNED;
    g_print("%u of %u jobs hold within %.0f %%\n", good, (guint)G_N_ELEMENTS(shapes) - LEARNED,
            TOLERANCE * 100);
    rushes_queue_stop(bench.queue);
    g_clear_object(&bench.queue);
    g_clear_object(&bench.project);
    g_array_unref(bench.said);
    g_main_loop_unref(bench.loop);
    return scratch_end(good * 10 >= 9 * (G_N_ELEMENTS(shapes) - LEARNED) ? 0 : 1);
}
