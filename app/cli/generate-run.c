// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/generate-run.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/generate-clip.h"
#include "cli/generate-consent.h"
#include "cli/generate-progress.h"
#include "json-file.h"
#include "media/condition.h"
#include "rushes-error.h"

// Lives of the worker in one job: a driver that always dies is not worth a fourth.
#define MAX_LIVES 3

typedef struct Run {
    const RushesGenerateOptions *options;
    RushesProgressStyle style;
    GMainLoop *loop;
    RushesEngineClient *client;
    cJSON *job;   // complete once the model is known
    cJSON *model; // LOADED's "model"
    cJSON *made;  // ACCEPTED's job, then DONE's fields under "made"
    char *take;
    gboolean take_is_ours, interrupted, wants_restart, finished;
    guint generate; // id of the running request
    int lives, status;
    guint last_step, restarted_step;
} Run;

static void finish(Run *run, int status)
{
    run->status = status;
    run->finished = TRUE;
    g_main_loop_quit(run->loop);
}

static void fail_event(Run *run, const RushesEngineEvent *event)
{
    if (run->finished)
        return; // how the worker ends no longer matters
    rushes_progress_clear(run->style);
    if (run->style == RUSHES_PROGRESS_JSON && event->fields)
        rushes_progress_show(run->style, event);
    rushes_cli_complain(event->what);
    finish(run, rushes_cli_status_of(event->code));
}

static void fail_error(Run *run, RushesExit status, const GError *error)
{
    rushes_progress_clear(run->style);
    finish(run, rushes_cli_fail(status, error));
}

static double get_job_number(const Run *run, const char *key)
{
    const cJSON *defaults = cJSON_GetObjectItemCaseSensitive(run->model, "defaults");
    return rushes_json_number(run->job, key, rushes_json_number(defaults, key, 0.0));
}

// Frames nearest to the wished length that the model can make.
static void set_length(Run *run)
{
    if (run->options->seconds <= 0.0)
        return;
    int multiple = MAX(rushes_json_int(run->model, "frames_multiple", 1, 1024, 1), 1);
    double wished = run->options->seconds * get_job_number(run, "fps");
    double steps = fmax(round((wished - 1.0) / multiple), 1.0);
    rushes_json_put(run->job, "frames", cJSON_CreateNumber(1.0 + steps * multiple));
}

static gboolean copy_file(const char *from_folder, const char *name, const char *take,
                          GError **error)
{
    g_autofree char *from = g_build_filename(from_folder, name, NULL);
    g_autofree char *to = g_build_filename(take, name, NULL);
    g_autoptr(GFile) source = g_file_new_for_path(from);
    g_autoptr(GFile) target = g_file_new_for_path(to);

    if (g_file_equal(source, target))
        return TRUE;
    return g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

// A recipe that was taken out of a clip names pictures that are nowhere: their hash is all there is of them.
static gboolean is_beside(const char *folder, const char *name, const char *kind, GError **error)
{
    const gboolean image = g_str_equal(kind, "image");
    g_autofree char *path = g_build_filename(folder, name, NULL);

    if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
        return TRUE;
    g_set_error(
        error, RUSHES_ERROR, RUSHES_ERROR_IO,
        "The job starts from a %s, but %.40s is not beside it; give the %s again with --%s.",
        image ? "picture" : "clip", name, image ? "picture" : "clip", image ? "image" : "extend");
    return FALSE;
}

// A job file names its conditioning beside itself.
static gboolean bring_conditioning(Run *run, GError **error)
{
    const cJSON *given = cJSON_GetObjectItemCaseSensitive(run->job, "conditioning");
    const char *video = rushes_json_string(given, "video", NULL);
    const char *audio = rushes_json_string(given, "audio", NULL);

    if (!video || !run->options->job_folder)
        return TRUE;
    // The worker refuses names that lead elsewhere; nothing is copied for them either.
    if (strchr(video, '/') || (audio && strchr(audio, '/')))
        return TRUE;
    const char *kind = rushes_json_string(given, "kind", "extend");
    return is_beside(run->options->job_folder, video, kind, error) &&
           (!audio || is_beside(run->options->job_folder, audio, kind, error)) &&
           copy_file(run->options->job_folder, video, run->take, error) &&
           (!audio || copy_file(run->options->job_folder, audio, run->take, error));
}

static gboolean prepare_conditioning(Run *run, GError **error)
{
    RushesConditionFormat format = {
        .width = (int)get_job_number(run, "width"),
        .height = (int)get_job_number(run, "height"),
        .fps = get_job_number(run, "fps"),
        .rate = rushes_json_int(run->model, "sample_rate", 0, 400000, 0),
    };
    const char *file = run->options->image ? run->options->image : run->options->extend;
    cJSON *conditioning;

    if (!file)
        return bring_conditioning(run, error);
    if (format.width < 8 || format.height < 8 || format.width > 4096 || format.height > 4096 ||
        format.fps <= 0.0)
        return TRUE; // the worker says what is wrong with the size
    if (run->options->image)
        conditioning = rushes_condition_from_picture(file, &format, run->take, error);
    else
        conditioning =
            rushes_condition_from_clip(file, run->options->overlap, &format, run->take, error);
    if (!conditioning)
        return FALSE;
    g_autofree char *name = g_path_get_basename(file);
    g_autofree char *shown = g_utf8_make_valid(name, -1);
    rushes_json_put(conditioning, "source", cJSON_CreateString(shown));
    rushes_json_put(run->job, "conditioning", conditioning);
    return TRUE;
}

static void write_clip(Run *run)
{
    g_autoptr(GError) error = NULL;
    RushesGeneratedClip clip = {
        .take = run->take,
        .recipe = run->made,
        .path = run->options->output,
        .is_unsigned = run->options->is_unsigned,
        .is_unmarked = run->options->is_unmarked,
    };

    // It may have taken hours: who agreed then may not agree now.
    if (!rushes_generate_is_allowed(run->made, NULL, &error)) {
        fail_error(run, RUSHES_EXIT_USAGE, error);
        return;
    }
    if (!rushes_generate_write_clip(&clip, &error)) {
        fail_error(run, RUSHES_EXIT_FILE, error);
        return;
    }
    rushes_progress_clear(run->style);
    if (run->style == RUSHES_PROGRESS_JSON) {
        g_autoptr(cJSON) written = cJSON_CreateObject();
        cJSON_AddStringToObject(written, "event", "written");
        cJSON_AddStringToObject(written, "file", run->options->output);
        cJSON_AddItemToObject(written, "recipe", cJSON_Duplicate(run->made, TRUE));
        char *line = cJSON_PrintUnformatted(written);
        printf("%s\n", line);
        cJSON_free(line);
    } else if (!run->options->quiet) {
        const cJSON *made = cJSON_GetObjectItemCaseSensitive(run->made, "made");
        printf("%s: %dx%d, %d frames (%.2f s), seed %s, made in %.1f s\n", run->options->output,
               rushes_json_int(run->made, "width", 0, 65536, 0),
               rushes_json_int(run->made, "height", 0, 65536, 0), clip.frames,
               clip.frames / rushes_json_number(run->made, "fps", 1.0),
               rushes_json_string(run->made, "seed", "0"),
               rushes_json_number(made, "seconds", 0.0));
    }
    finish(run, RUSHES_EXIT_OK);
}

static void keep_result(Run *run, const RushesEngineEvent *event)
{
    static const char *const kept[] = {"engine",     "device",        "driver",  "hashes",
                                       "seconds",    "frames",        "samples", "rate",
                                       "peak_bytes", "forecast_bytes"};
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format_iso8601(now);
    cJSON *made = cJSON_CreateObject();

    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(event->fields, kept[i]);
        if (item)
            cJSON_AddItemToObject(made, kept[i], cJSON_Duplicate(item, TRUE));
    }
    cJSON_AddStringToObject(made, "created", time);
    rushes_json_put(run->made, "made", made);
}

static void on_job_event(RushesEngineClient *client, const RushesEngineEvent *event, gpointer data)
{
    Run *run = data;
    (void)client;

    if (event->kind == RUSHES_ENGINE_ERROR) {
        gboolean lost = g_str_equal(event->code, "worker") || g_str_equal(event->code, "device");
        // Going on makes sense only if the last life got somewhere.
        if (lost && !run->interrupted && run->lives < MAX_LIVES &&
            (run->lives == 1 || run->last_step > run->restarted_step)) {
            g_autofree char *note = g_strdup_printf("%s Starting it again, after step %u.",
                                                    event->what, run->last_step);
            rushes_progress_note(
                run->style == RUSHES_PROGRESS_NONE ? RUSHES_PROGRESS_LINE : run->style, note);
            run->restarted_step = run->last_step;
            run->wants_restart = TRUE; // when "ended" comes
            return;
        }
        fail_event(run, event);
        return;
    }
    rushes_progress_show(run->style, event);
    if (event->kind == RUSHES_ENGINE_ACCEPTED) {
        const cJSON *job = cJSON_GetObjectItemCaseSensitive(event->fields, "job");
        g_clear_pointer(&run->made, cJSON_Delete);
        run->made = cJSON_Duplicate(job, TRUE);
        // The worker does not hand back what is not its business.
        const cJSON *consent = cJSON_GetObjectItemCaseSensitive(run->job, "consent");
        if (consent)
            cJSON_AddItemToObject(run->made, "consent", cJSON_Duplicate(consent, TRUE));
    } else if (event->kind == RUSHES_ENGINE_PROGRESS && g_str_equal(event->stage, "denoise")) {
        run->last_step = MAX(run->last_step, event->step);
    } else if (event->kind == RUSHES_ENGINE_CANCELLED) {
        rushes_progress_clear(run->style);
        rushes_cli_complain("Cancelled");
        finish(run, RUSHES_EXIT_CANCELLED);
    } else if (event->kind == RUSHES_ENGINE_DONE) {
        keep_result(run, event);
        write_clip(run);
    }
}

static void on_loaded(RushesEngineClient *client, const RushesEngineEvent *event, gpointer data)
{
    Run *run = data;
    g_autoptr(GError) error = NULL;

    if (event->kind == RUSHES_ENGINE_ERROR) {
        fail_event(run, event);
        return;
    }
    if (run->interrupted)
        return;
    if (!run->model) {
        run->model =
            cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(event->fields, "model"), TRUE);
        set_length(run);
        if (!prepare_conditioning(run, &error)) {
            fail_error(run, RUSHES_EXIT_FILE, error);
            return;
        }
    }
    run->generate =
        rushes_engine_client_generate(client, run->job, run->take, FALSE, on_job_event, run);
}

static void start_worker(Run *run)
{
    g_autoptr(GError) error = NULL;

    run->lives++;
    run->wants_restart = FALSE;
    if (!rushes_engine_client_start(run->client, &run->options->engine, &error)) {
        fail_error(run, RUSHES_EXIT_ENGINE, error);
        return;
    }
    rushes_engine_client_load(run->client, rushes_json_string(run->job, "model", ""), on_loaded,
                              run);
}

static void on_ended(RushesEngineClient *client, int status, gpointer data)
{
    Run *run = data;
    (void)client;
    (void)status;

    if (run->wants_restart)
        start_worker(run);
    else
        g_main_loop_quit(run->loop);
}

static gboolean on_interrupt(gpointer data)
{
    Run *run = data;

    if (run->interrupted || !run->generate) {
        rushes_progress_clear(run->style);
        rushes_cli_complain("Cancelled");
        finish(run, RUSHES_EXIT_CANCELLED);
    } else {
        rushes_engine_client_cancel(run->client, run->generate);
    }
    run->interrupted = TRUE;
    return G_SOURCE_CONTINUE;
}

// Only what a worker and this program write: anything else in the folder is somebody's.
static void remove_take(const char *take)
{
    g_autoptr(GDir) folder = g_dir_open(take, 0, NULL);
    const char *name;

    while (folder && (name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(take, name, NULL);
        g_unlink(path);
    }
    g_rmdir(take);
}

static gboolean open_take(Run *run, GError **error)
{
    if (run->options->take) {
        run->take = g_canonicalize_filename(run->options->take, NULL);
        if (g_mkdir_with_parents(run->take, 0777) == 0)
            return TRUE;
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be made: %s.", run->take,
                    g_strerror(errno));
        return FALSE;
    }
    run->take = g_dir_make_tmp("rushes-XXXXXX", error);
    run->take_is_ours = run->take != NULL;
    return run->take_is_ours;
}

int rushes_generate_run(const RushesGenerateOptions *options)
{
    Run run = {.options = options, .status = RUSHES_EXIT_ENGINE};
    g_autoptr(GError) error = NULL;

    signal(SIGXFSZ, SIG_IGN); // a file-size limit is a full disk, which is reported
    if (!open_take(&run, &error)) {
        g_free(run.take);
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    }
    run.style = options->json                              ? RUSHES_PROGRESS_JSON
                : isatty(STDERR_FILENO) && !options->quiet ? RUSHES_PROGRESS_LINE
                                                           : RUSHES_PROGRESS_NONE;
    run.job = cJSON_Duplicate(options->job, TRUE);
    run.loop = g_main_loop_new(NULL, FALSE);
    run.client = rushes_engine_client_new();
    g_signal_connect(run.client, "ended", G_CALLBACK(on_ended), &run);
    guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, &run);
    guint terminate = g_unix_signal_add(SIGTERM, on_interrupt, &run);
    guint hang_up = g_unix_signal_add(SIGHUP, on_interrupt, &run);

    start_worker(&run);
    if (rushes_engine_client_is_running(run.client))
        g_main_loop_run(run.loop);
    // The worker goes before its folder does.
    run.wants_restart = FALSE;
    rushes_engine_client_stop(run.client);
    if (rushes_engine_client_is_running(run.client))
        g_main_loop_run(run.loop);

    if (run.take_is_ours)
        remove_take(run.take);
    g_source_remove(interrupt);
    g_source_remove(terminate);
    g_source_remove(hang_up);
    g_signal_handlers_disconnect_by_data(run.client, &run);
    g_clear_object(&run.client);
    g_main_loop_unref(run.loop);
    cJSON_Delete(run.job);
    cJSON_Delete(run.model);
    cJSON_Delete(run.made);
    g_free(run.take);
    return run.status;
}
