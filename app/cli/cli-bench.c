// SPDX-License-Identifier: GPL-3.0-or-later
// rushes bench: how fast this device is, an operation at a time and for a whole clip.
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench-run.h"
#include "cli/cli.h"

typedef struct Bench {
    gboolean json;
    guint lines;
} Bench;

// "# linear 1024x1024x1024   123.4 us  40.00 GFLOP/s   1.00 GB/s; by processor time  44.00 GFLOP/s", the last
// part only where it could be measured.
static void take_ops_line(const char *line, gpointer data)
{
    Bench *bench = data;
    double us, flops, bytes, by_work;
    const char *numbers = strstr(line, " us ");

    if (line[0] != '#' || !numbers)
        return;
    while (numbers > line && numbers[-1] != ' ')
        numbers--;
    int found = sscanf(numbers, "%lf us %lf GFLOP/s %lf GB/s; by processor time %lf", &us, &flops,
                       &bytes, &by_work);
    if (found < 3)
        return;
    bench->lines++;
    if (!bench->json) {
        puts(line + 2);
        fflush(stdout);
        return;
    }
    g_autofree char *name = g_strndup(line + 1, (gsize)(numbers - line - 1));
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "bench", "operation");
    cJSON_AddStringToObject(entry, "name", g_strstrip(name));
    cJSON_AddNumberToObject(entry, "us", us);
    cJSON_AddNumberToObject(entry, "gflops", flops);
    cJSON_AddNumberToObject(entry, "gbytes_s", bytes);
    if (found == 4)
        cJSON_AddNumberToObject(entry, "gflops_by_processor_time", by_work);
    char *text = cJSON_PrintUnformatted(entry);
    puts(text);
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(entry);
}

int rushes_cli_bench(int argc, char **argv)
{
    g_autofree char *device = NULL, *caps = NULL, *model = NULL, *runs_text = NULL;
    double runs = 2;
    Bench bench = {0};
    g_auto(GStrv) names = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &bench.json, "Print one JSON object a line", NULL},
        {"model", 0, 0, G_OPTION_ARG_FILENAME, &model, "Model of the whole run (mini)", "MODEL"},
        {"runs", 0, 0, G_OPTION_ARG_FILENAME, &runs_text, "How often the whole run is made (2)",
         "N"},
        {"device", 0, 0, G_OPTION_ARG_FILENAME, &device, "Part of a device's name, or its number",
         "NAME"},
        {"caps", 0, 0, G_OPTION_ARG_FILENAME, &caps, "Do without these capabilities", "-fp16,..."},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &names, NULL, "[NAME...]"},
        G_OPTION_ENTRY_NULL,
    };
    int status;

    if (!rushes_cli_parse(
            "",
            "Measures every operation, then each stage of a whole run. With names, only the "
            "operations whose name contains one of them; \"run\" is the whole run.",
            entries, &argc, &argv, &status))
        return status;
    const RushesNumberOption runs_option = {"--runs", runs_text, TRUE, 1, 100};
    if (!rushes_cli_number(&runs_option, &runs))
        return RUSHES_EXIT_USAGE;
    if (!rushes_cli_check_device(device, caps, &status))
        return status;

    gboolean whole = !names || g_strv_contains((const char *const *)names, "run");
    static const char *const all[] = {"", NULL};
    for (const char *const *name = names ? (const char *const *)names : all; *name; name++) {
        char *arguments[] = {(char *)"--bench", **name ? (char *)*name : NULL, NULL};
        if (!g_str_equal(*name, "run"))
            status = rushes_cli_read_ops(device, caps, arguments, take_ops_line, &bench);
    }
    if (bench.lines == 0 && (!whole || !names)) {
        rushes_cli_complain(names ? "No operation has such a name"
                                  : "No Vulkan device could be opened, so nothing was measured");
        return names ? RUSHES_EXIT_USAGE : RUSHES_EXIT_NO_DEVICE;
    }
    RushesBenchRun run = {.model = model ? model : "mini",
                          .runs = (int)runs,
                          .json = bench.json,
                          .engine = {.device = device, .caps = caps}};
    return whole ? rushes_bench_run(&run) : RUSHES_EXIT_OK;
}
