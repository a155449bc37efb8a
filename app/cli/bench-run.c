// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/bench-run.h"

#include <glib/gstdio.h>
#include <stdio.h>

#include "cli/cli.h"
#include "json-file.h"

static const char *const stages[] = {"load", "text", "denoise", "decode", "audio"};

typedef struct Run {
    const RushesBenchRun *options;
    GMainLoop *loop;
    cJSON *job;
    char *take;
    int number, status;
    gint64 began, mark;
    int stage; // index of the running one
    double seconds[G_N_ELEMENTS(stages)], first_frame;
} Run;

static double since(gint64 mark)
{
    return (double)(g_get_monotonic_time() - mark) / G_USEC_PER_SEC;
}

static void enter_stage(Run *run, const char *name)
{
    for (int i = run->stage; i < (int)G_N_ELEMENTS(stages); i++)
        if (g_str_equal(stages[i], name) && i != run->stage) {
            run->seconds[run->stage] += since(run->mark);
            run->mark = g_get_monotonic_time();
            run->stage = i;
            return;
        }
}

static void print_run(const Run *run, const RushesEngineEvent *done)
{
    double total = since(run->began);
    double peak = rushes_json_number(done->fields, "peak_bytes", 0.0);
    double forecast = rushes_json_number(done->fields, "forecast_bytes", 0.0);

    if (run->options->json) {
        g_autoptr(cJSON) entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "bench", "run");
        cJSON_AddStringToObject(entry, "model", run->options->model);
        cJSON_AddNumberToObject(entry, "run", run->number);
        for (gsize i = 0; i < G_N_ELEMENTS(stages); i++)
            cJSON_AddNumberToObject(entry, stages[i], run->seconds[i]);
        cJSON_AddNumberToObject(entry, "first_frame", run->first_frame);
        cJSON_AddNumberToObject(entry, "total", total);
        cJSON_AddNumberToObject(entry, "peak_bytes", peak);
        cJSON_AddNumberToObject(entry, "forecast_bytes", forecast);
        cJSON_AddStringToObject(entry, "device", rushes_json_string(done->fields, "device", ""));
        char *text = cJSON_PrintUnformatted(entry);
        puts(text);
        cJSON_free(text);
    } else {
        printf("%s, run %d:", run->options->model, run->number);
        for (gsize i = 0; i < G_N_ELEMENTS(stages); i++)
            printf(" %s %.2f s,", stages[i], run->seconds[i]);
        printf(" first frame after %.2f s, whole %.2f s, peak %.1f MiB of %.1f forecast\n",
               run->first_frame, total, peak / 1048576.0, forecast / 1048576.0);
    }
    fflush(stdout);
}

static void start_run(Run *run, RushesEngineClient *client);

static void on_event(RushesEngineClient *client, const RushesEngineEvent *event, gpointer data)
{
    Run *run = data;

    if (event->kind == RUSHES_ENGINE_PROGRESS) {
        enter_stage(run, event->stage);
    } else if (event->kind == RUSHES_ENGINE_FRAME && run->first_frame == 0.0) {
        run->first_frame = since(run->began);
    } else if (event->kind == RUSHES_ENGINE_ERROR) {
        rushes_cli_complain(event->what);
        run->status = rushes_cli_status_of(event->code);
        g_main_loop_quit(run->loop);
    } else if (event->kind == RUSHES_ENGINE_DONE) {
        run->seconds[run->stage] += since(run->mark);
        print_run(run, event);
        if (run->number < run->options->runs)
            start_run(run, client);
        else
            g_main_loop_quit(run->loop);
    }
}

static void start_run(Run *run, RushesEngineClient *client)
{
    g_autofree char *seed = g_strdup_printf("%d", ++run->number); // another one: nothing is resumed

    rushes_json_put(run->job, "seed", cJSON_CreateString(seed));
    for (gsize i = 0; i < G_N_ELEMENTS(stages); i++)
        run->seconds[i] = 0.0;
    run->first_frame = 0.0;
    run->stage = 0;
    run->began = run->mark = g_get_monotonic_time();
    rushes_engine_client_generate(client, run->job, run->take, FALSE, on_event, run);
}

static void on_ended(RushesEngineClient *client, int status, gpointer data)
{
    (void)client;
    (void)status;
    g_main_loop_quit(((Run *)data)->loop);
}

int rushes_bench_run(const RushesBenchRun *options)
{
    Run run = {.options = options, .status = RUSHES_EXIT_OK};
    g_autoptr(RushesEngineClient) client = rushes_engine_client_new();
    g_autoptr(GError) error = NULL;
    static const char *const files[] = {"frames.rgb", "audio.f32", "step.safetensors"};

    run.take = g_dir_make_tmp("rushes-XXXXXX", &error);
    if (!run.take || !rushes_engine_client_start(client, &options->engine, &error)) {
        if (run.take)
            g_rmdir(run.take);
        g_free(run.take);
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
    }
    run.loop = g_main_loop_new(NULL, FALSE);
    run.job = cJSON_CreateObject();
    cJSON_AddNumberToObject(run.job, "version", 1);
    cJSON_AddStringToObject(run.job, "model", options->model);
    cJSON_AddStringToObject(run.job, "prompt", "a red fox hops in the snow at night");
    gulong ended = g_signal_connect(client, "ended", G_CALLBACK(on_ended), &run);
    start_run(&run, client);
    g_main_loop_run(run.loop);
    rushes_engine_client_stop(client);
    if (rushes_engine_client_is_running(client))
        g_main_loop_run(run.loop);
    g_signal_handler_disconnect(client, ended);

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = g_build_filename(run.take, files[i], NULL);
        g_unlink(path);
    }
    g_rmdir(run.take);
    g_main_loop_unref(run.loop);
    cJSON_Delete(run.job);
    g_free(run.take);
    return run.status;
}
