// SPDX-License-Identifier: GPL-3.0-or-later
// rushes export: a project's film, or one of its takes, as a finished and signed file.
#include <glib-unix.h>
#include <gst/gst.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "export/film-export.h"
#include "places.h"

static gboolean interrupt(gpointer cancellable)
{
    g_cancellable_cancel(cancellable);
    return G_SOURCE_CONTINUE;
}

// The main loop of a command: until the export is over, with progress when someone watches.
typedef struct Wait {
    GMainLoop *loop;
    GError *error;
    gboolean done;
    gboolean shows_progress, json;
} Wait;

static void show_progress(RushesExporter *exporter, GParamSpec *pspec G_GNUC_UNUSED, Wait *wait)
{
    double fraction = rushes_exporter_get_fraction(exporter),
           eta = rushes_exporter_get_eta(exporter);

    if (wait->json) {
        printf("{\"event\": \"progress\", \"stage\": \"encode\", \"fraction\": %.4f, \"eta_s\": "
               "%.2f}\n",
               fraction, eta);
        fflush(stdout);
    } else if (wait->shows_progress) {
        fprintf(stderr, "\rEncoding %3.0f %%", fraction * 100.0);
        if (eta >= 0.0)
            fprintf(stderr, ", %.0f s left   ", eta);
    }
}

static void ended(GObject *exporter, GAsyncResult *result, gpointer data)
{
    Wait *wait = data;

    wait->done = rushes_exporter_finish(RUSHES_EXPORTER(exporter), result, &wait->error);
    g_main_loop_quit(wait->loop);
}

static int run(RushesExporter *exporter, const char *path, gboolean json)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Wait wait = {.loop = g_main_loop_new(NULL, FALSE),
                 .shows_progress = isatty(STDERR_FILENO),
                 .json = json};
    guint signals[2] = {g_unix_signal_add(SIGINT, interrupt, cancellable),
                        g_unix_signal_add(SIGTERM, interrupt, cancellable)};

    g_signal_connect(exporter, "notify::fraction", G_CALLBACK(show_progress), &wait);
    rushes_exporter_start(exporter, cancellable, ended, &wait);
    g_main_loop_run(wait.loop);
    g_main_loop_unref(wait.loop);
    g_source_remove(signals[0]);
    g_source_remove(signals[1]);
    if (wait.shows_progress && !json)
        fputs("\r                                \r", stderr);
    if (wait.done) {
        if (rushes_exporter_get_notice(exporter))
            rushes_cli_complain(rushes_exporter_get_notice(exporter));
        if (!json)
            puts(path);
        return RUSHES_EXIT_OK;
    }
    g_autoptr(GError) error = wait.error;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        rushes_cli_complain("Cancelled; nothing was left behind");
        return RUSHES_EXIT_CANCELLED;
    }
    return rushes_cli_fail(RUSHES_EXIT_FILE, error);
}

static void list_presets(void)
{
    const RushesExportPreset *preset;

    for (guint i = 0; (preset = rushes_export_preset_at(i)); i++)
        printf("%-10s %s\n", preset->name, preset->detail);
}

int rushes_cli_export(int argc, char **argv)
{
    g_autofree char *output = NULL, *time_stamp = NULL, *preset_name = NULL, *signer = NULL;
    g_autofree char *take_text = NULL, *quality_text = NULL;
    gboolean json = FALSE, list = FALSE, normalise = FALSE, unsigned_file = FALSE;
    gboolean watermark = FALSE, no_watermark = FALSE, visible_mark = FALSE, stamped_only = FALSE;
    double take = 0, quality = 0;
    int status = RUSHES_EXIT_OK;
    g_auto(GStrv) projects = NULL;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The file to write (a folder for png)",
         "FILE"},
        {"preset", 'p', 0, G_OPTION_ARG_STRING, &preset_name,
         "What kind of file; the ending decides without it", "NAME"},
        {"take", 't', 0, G_OPTION_ARG_FILENAME, &take_text, "Export this take instead of the film",
         "NUMBER"},
        {"quality", 'q', 0, G_OPTION_ARG_FILENAME, &quality_text,
         "Constant rate factor, 1 (best) to 51", "N"},
        {"normalise", 'n', 0, G_OPTION_ARG_NONE, &normalise, "Bring the sound to -14 LUFS", NULL},
        {"signer", 0, 0, G_OPTION_ARG_STRING, &signer, "Name in a new signing certificate", "NAME"},
        {"unsigned", 0, 0, G_OPTION_ARG_NONE, &unsigned_file, "Leave the content credentials out",
         NULL},
        {"time-stamp", 0, 0, G_OPTION_ARG_STRING, &time_stamp,
         "Have this time-stamping authority stamp the signature (RFC 3161)", "URL"},
        {"require-time-stamp", 0, 0, G_OPTION_ARG_NONE, &stamped_only,
         "Write no file when the authority gives no time stamp", NULL},
        {"watermark", 0, 0, G_OPTION_ARG_NONE, &watermark,
         "Put the invisible mark into lossless files too", NULL},
        {"no-watermark", 0, 0, G_OPTION_ARG_NONE, &no_watermark, "Leave the invisible mark out",
         NULL},
        {"visible-mark", 0, 0, G_OPTION_ARG_NONE, &visible_mark,
         "Put the label MADE WITH AI into the picture", NULL},
        {"presets", 0, 0, G_OPTION_ARG_NONE, &list, "List the presets", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Progress as JSON lines", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &projects, NULL, "PROJECT"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;

    if (!rushes_cli_parse("", "Makes a finished, signed file of a project's film.", entries, &argc,
                          &argv, &status))
        return status;
    if (list) {
        list_presets();
        return RUSHES_EXIT_OK;
    }
    if (!projects || g_strv_length(projects) != 1 || !output) {
        rushes_cli_complain("export wants one project and -o FILE; rushes export --help says more");
        return RUSHES_EXIT_USAGE;
    }
    const RushesNumberOption take_option = {"--take", take_text, TRUE, 1, G_MAXINT};
    const RushesNumberOption quality_option = {"--quality", quality_text, TRUE, 1, 51};
    if (!rushes_cli_number(&take_option, &take) || !rushes_cli_number(&quality_option, &quality))
        return RUSHES_EXIT_USAGE;
    signal(SIGXFSZ, SIG_IGN); // a file-size limit is a full disk, which is reported
    if (watermark && no_watermark) {
        rushes_cli_complain("--watermark and --no-watermark exclude each other; give one");
        return RUSHES_EXIT_USAGE;
    }
    gst_init(NULL, NULL);
    RushesFilmExport request = {
        .preset = preset_name,
        .take = (int)take,
        .quality = (int)quality,
        .normalise = normalise,
        .is_signed = !unsigned_file,
        .signer = signer,
        .watermark = no_watermark ? RUSHES_WATERMARK_NEVER
                     : watermark  ? RUSHES_WATERMARK_ALWAYS
                                  : RUSHES_WATERMARK_LOSSY,
        .visible_mark = visible_mark,
        .time_stamp_url = time_stamp,
        .time_stamp_required = stamped_only,
    };
    g_autoptr(RushesProject) project =
        rushes_project_open(projects[0], RUSHES_PROJECT_READ_ONLY, &error);
    if (!project)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    g_autoptr(GPtrArray) notices = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(RushesExporter) exporter =
        rushes_film_export_new(project, output, &request, notices, &error);
    for (guint i = 0; i < notices->len; i++)
        rushes_cli_complain(g_ptr_array_index(notices, i));
    if (!exporter)
        return rushes_cli_fail(RUSHES_EXIT_USAGE, error);
    return run(exporter, output, json);
}
