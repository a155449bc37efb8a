// SPDX-License-Identifier: GPL-3.0-or-later
//
// How long the timeline takes to draw with 400 shots, their pictures and waveforms, and 40 sounds: what the widget puts
// together (snapshot) and the painted frame, scrolled to a random place each time, and with the whole film in sight.
// Run by hand: tests/gui/on-display.sh BENCH, with GSK_RENDERER=cairo. The limit is 16 ms.
#include <adwaita.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>

#include "raw_take.h"
#include "timeline-pane.h"
#include "timeline/film-edit.h"

#define SHOTS  400
#define TAKES  8
#define SOUNDS 40
#define WIDTH  256
#define HEIGHT 160
#define FRAMES 25
#define FPS    12
#define RATE   16000
#define ROUNDS 100

typedef struct Bench {
    RushesProject *project;
    RushesTimelineRow *row;
    GtkAdjustment *scroll;
    GtkWidget *window;
    gboolean painted;
} Bench;

static RushesTake *add_take(RushesProject *project, int number)
{
    g_autoptr(RushesRecipe) recipe = raw_take_recipe("", WIDTH, HEIGHT, FRAMES, FPS);
    gsize bytes = (gsize)FRAMES * WIDTH * HEIGHT * 3, samples = (gsize)RATE * FRAMES / FPS;
    g_autofree guint8 *rgb = g_malloc(bytes);
    g_autofree float *sound = g_new(float, samples);

    RushesTake *take = rushes_project_add_take(project, recipe, NULL, NULL);
    for (gsize i = 0; i < bytes; i++)
        rgb[i] = (guint8)(i / 3 + (gsize)number * 31);
    for (gsize i = 0; i < samples; i++)
        sound[i] = 0.4f * sinf((float)i * 0.05f) * sinf((float)i * 0.0004f);
    raw_take_set_frames(take, rgb);
    raw_take_set_sound(take, sound, samples, RATE);
    rushes_take_set_state(take, RUSHES_TAKE_DONE, NULL);
    return take;
}

// Ten seconds of sound under the name that an import would give it.
static void add_sounds(RushesProject *project)
{
    gsize values = 10 * RUSHES_TIMELINE_RATE * RUSHES_TIMELINE_CHANNELS;
    g_autofree float *samples = g_new(float, values);
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "bench", -1);
    g_autofree char *name = g_strconcat(hash, ".f32", NULL);
    g_autofree char *folder = g_build_filename(rushes_project_get_folder(project), "media", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);

    for (gsize i = 0; i < values; i++)
        samples[i] = 0.6f * sinf((float)i * 0.01f) * sinf((float)i * 0.00003f);
    g_mkdir(folder, 0755);
    g_file_set_contents(path, (char *)samples, (gssize)(values * sizeof(float)), NULL);
    for (int i = 0; i < SOUNDS; i++) {
        g_autoptr(cJSON) fields = cJSON_CreateObject();
        cJSON_AddStringToObject(fields, "media", name);
        cJSON_AddNumberToObject(fields, "seconds", 10);
        cJSON_AddNumberToObject(fields, "at", i * 20);
        cJSON_AddNumberToObject(fields, "in", 0);
        cJSON_AddNumberToObject(fields, "out", 10);
        g_free(rushes_film_add_sound(project, fields, "Import Sound", NULL));
    }
}

static void spin(int milliseconds)
{
    gint64 until = g_get_monotonic_time() + milliseconds * 1000;
    while (g_get_monotonic_time() < until)
        g_main_context_iteration(NULL, FALSE);
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Processor time of this thread, milliseconds: the thread that makes pictures does not count, nor do other programs.
static double cpu_now(void)
{
    struct timespec spent;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
    return (double)spent.tv_sec * 1000 + (double)spent.tv_nsec / 1e6;
}

static void on_after_paint(GdkFrameClock *clock, Bench *bench)
{
    bench->painted = TRUE;
}

// A median of both: the snapshot of the widget alone, and scroll, layout, snapshot and painting by the cairo renderer.
static void measure(Bench *bench, const char *what, gboolean scrolls)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(bench->window);
    double snapshots[ROUNDS], frames[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        double most =
            gtk_adjustment_get_upper(bench->scroll) - gtk_adjustment_get_page_size(bench->scroll);
        double began = cpu_now();
        bench->painted = FALSE;
        if (scrolls)
            gtk_adjustment_set_value(bench->scroll, g_random_double_range(0, MAX(1, most)));
        gtk_widget_queue_draw(GTK_WIDGET(bench->row));
        gdk_frame_clock_request_phase(clock, GDK_FRAME_CLOCK_PHASE_PAINT);
        while (!bench->painted)
            g_main_context_iteration(NULL, TRUE);
        frames[i] = cpu_now() - began;
        began = cpu_now();
        GtkSnapshot *snapshot = gtk_snapshot_new();
        GTK_WIDGET_GET_CLASS(bench->row)->snapshot(GTK_WIDGET(bench->row), snapshot);
        g_autoptr(GskRenderNode) node = gtk_snapshot_free_to_node(snapshot);
        snapshots[i] = cpu_now() - began;
        spin(5);
    }
    qsort(snapshots, ROUNDS, sizeof(*snapshots), compare);
    qsort(frames, ROUNDS, sizeof(*frames), compare);
    g_print(
        "# %-18s snapshot median %.2f ms; scrolled and painted, median %.2f ms, 95 %% %.2f ms\n",
        what, snapshots[ROUNDS / 2], frames[ROUNDS / 2], frames[ROUNDS * 95 / 100]);
}

int main(void)
{
    g_autofree char *scratch = g_dir_make_tmp("rushes-bench-XXXXXX", NULL);
    g_autofree char *folder = g_build_filename(scratch, "Film.rushes", NULL);
    Bench bench = {.project = rushes_project_create(folder, NULL)};
    RushesTake *takes[TAKES];

    adw_init();
    for (int i = 0; i < TAKES; i++)
        takes[i] = add_take(bench.project, i);
    for (guint i = 0; i < SHOTS; i++)
        rushes_project_add_shot(bench.project, takes[i % TAKES], i, NULL);
    add_sounds(bench.project);
    g_autoptr(RushesTimeline) film = rushes_timeline_new(bench.project, NULL);
    g_autoptr(RushesComposer) composer = rushes_composer_new(film);
    RushesTimelinePane *pane = g_object_new(RUSHES_TYPE_TIMELINE_PANE, NULL);
    rushes_timeline_pane_set_project(pane, bench.project, composer);
    bench.row = rushes_timeline_pane_get_row(pane);
    bench.window = gtk_window_new();
    gtk_window_set_child(GTK_WINDOW(bench.window), GTK_WIDGET(pane));
    gtk_window_set_default_size(GTK_WINDOW(bench.window), 1280, 200);
    gtk_window_present(GTK_WINDOW(bench.window));
    spin(1000);
    g_object_get(bench.row, "hadjustment", &bench.scroll, NULL);
    g_signal_connect(gtk_widget_get_frame_clock(bench.window), "after-paint",
                     G_CALLBACK(on_after_paint), &bench);
    measure(&bench, "90 pixels a second", TRUE);
    rushes_timeline_row_fit(bench.row);
    spin(500);
    measure(&bench, "the whole film", FALSE);
    gtk_window_destroy(GTK_WINDOW(bench.window));
    g_object_unref(bench.scroll);
    g_object_unref(bench.project);
    g_autofree char *command = g_strdup_printf("rm -r '%s'", scratch);
    return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
