// SPDX-License-Identifier: GPL-3.0-or-later
// rushes verify: drivers do miscompute, and a creator should be able to find out.
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "places.h"

typedef struct Tally {
    guint passed, failed, skipped;
    gboolean verbose, progress;
    guint done, of; // checks
    char *name;     // of the case that runs
} Tally;

// For programs that show how far it is.
static void check_is_done(Tally *tally, const char *name)
{
    tally->done++;
    if (!tally->progress)
        return;
    printf("check %u of %u: %s\n", tally->done, MAX(tally->done, tally->of), name);
    fflush(stdout);
}

// Test Anything Protocol: "ok 12 - linear 33x20x7: 1.2e-07 of 1e-06".
static void take_ops_line(const char *line, gpointer data)
{
    Tally *tally = data;
    gboolean passed = g_str_has_prefix(line, "ok "), failed = g_str_has_prefix(line, "not ok ");

    tally->passed += passed;
    tally->failed += failed;
    guint checks;
    if (sscanf(line, "# %u checks in all", &checks) == 1) {
        tally->of += checks;
        return;
    }
    const char *name = strstr(line, " - ");
    if (passed || failed)
        check_is_done(tally, name ? name + 3 : line);
    if (failed || (passed && tally->verbose))
        printf("    %s%s\n", name ? name + 3 : line, failed ? "  <- above its limit" : "");
    else if (line[0] == '#')
        printf("    %s\n", line + 1);
}

static void take_case_line(const char *line, gpointer data)
{
    Tally *tally = data;
    guint passed, failed, skipped;

    if (sscanf(line, "%u passed, %u failed, %u skipped", &passed, &failed, &skipped) == 3) {
        tally->passed += passed;
        tally->failed += failed;
        tally->skipped += skipped;
        return;
    }
    printf("%s\n", line);
    fflush(stdout);
    if (g_str_has_prefix(line, "    passed") || g_str_has_prefix(line, "    FAILED") ||
        g_str_has_prefix(line, "    skipped")) {
        check_is_done(tally, tally->name);
    } else if (line[0] != ' ') {
        g_free(tally->name);
        tally->name = g_strdup(line);
    }
}

// The cases that a folder has.
static guint count_cases(const char *folder)
{
    g_autoptr(GDir) dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;
    guint count = 0;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, name, "case.json", NULL);
        count += g_file_test(path, G_FILE_TEST_EXISTS);
    }
    return count;
}

static int verify_ops(Tally *tally, const char *device, const char *caps)
{
    guint before = tally->passed, failed = tally->failed;

    printf("operations against plain C\n");
    int status = rushes_cli_read_ops(device, caps, NULL, take_ops_line, tally);
    // Products of 16-bit numbers, where this device runs them.
    char *half[] = {(char *)"--half", NULL};
    if (status == RUSHES_EXIT_OK || tally->failed > failed)
        status = rushes_cli_read_ops(device, caps, half, take_ops_line, tally);
    printf("    %u passed, %u failed\n", tally->passed - before, tally->failed - failed);
    if (tally->passed == before && tally->failed == failed)
        return status ? status : RUSHES_EXIT_NO_DEVICE; // skipped: it found nothing to run on
    return RUSHES_EXIT_OK;
}

// A folder as it is named, or a case of that name among those that come with Rushes.
static char *find_case(const char *name, const char *bundled)
{
    char *found = bundled ? g_build_filename(bundled, name, NULL) : NULL;

    if (g_file_test(name, G_FILE_TEST_EXISTS) || !found ||
        !g_file_test(found, G_FILE_TEST_IS_DIR)) {
        g_free(found);
        return g_strdup(name);
    }
    return found;
}

static int verify_cases(Tally *tally, const char *const *options, char **cases)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *engine = rushes_places_find_engine(&error);
    g_autofree char *cache = rushes_places_get_cache();
    g_autofree char *bundled = rushes_places_find_golden_cases();
    g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);

    if (!engine)
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
    g_ptr_array_add(argv, g_strdup(engine));
    g_ptr_array_add(argv, g_strdup("--verify"));
    g_ptr_array_add(argv, g_strdup("--cache"));
    g_ptr_array_add(argv, g_strdup(cache));
    for (; *options; options++)
        g_ptr_array_add(argv, g_strdup(*options));
    g_ptr_array_add(argv, g_strdup("--"));
    for (char **name = cases; name && *name; name++)
        g_ptr_array_add(argv, find_case(*name, bundled));
    if (!cases && bundled)
        g_ptr_array_add(argv, g_strdup(bundled));
    if (!cases && !bundled) {
        rushes_cli_complain(
            "No golden cases were installed with this program; name a folder of them");
        return RUSHES_EXIT_FILE;
    }
    g_ptr_array_add(argv, NULL);
    int status = rushes_cli_read_program((char **)argv->pdata, NULL, take_case_line, tally);
    return status == RUSHES_EXIT_FAILED ? RUSHES_EXIT_OK : status; // told by the count
}

int rushes_cli_verify(int argc, char **argv)
{
    g_autofree char *device = NULL, *caps = NULL;
    gboolean validate = FALSE, reference = FALSE;
    g_auto(GStrv) cases = NULL;
    Tally tally = {0};
    const GOptionEntry entries[] = {
        {"device", 0, 0, G_OPTION_ARG_FILENAME, &device, "Part of a device's name, or its number",
         "NAME"},
        {"caps", 0, 0, G_OPTION_ARG_FILENAME, &caps, "Do without these capabilities", "-fp16,..."},
        {"validate", 0, 0, G_OPTION_ARG_NONE, &validate,
         "Run the cases under the Vulkan validation layers", NULL},
        {"reference", 0, 0, G_OPTION_ARG_NONE, &reference,
         "Run the cases in plain C, not on the device", NULL},
        {"verbose", 0, 0, G_OPTION_ARG_NONE, &tally.verbose, "Name the operations that pass, too",
         NULL},
        {"progress", 0, 0, G_OPTION_ARG_NONE, &tally.progress,
         "Print \"check N of M: NAME\" after each", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &cases, NULL, "[CASES...]"},
        G_OPTION_ENTRY_NULL,
    };
    int status;
    g_autofree char *bundled = rushes_places_find_golden_cases();

    if (!rushes_cli_parse(
            "",
            "Runs every operation on this device against plain C, then the golden cases that "
            "come with Rushes, and compares. CASES are folders with a case.json, folders of "
            "such folders, or names of cases that come with Rushes: then only these run.",
            entries, &argc, &argv, &status))
        return status;

    if (!rushes_cli_check_device(device, caps, &status))
        return status;
    const char *options[7] = {NULL};
    gsize count = 0;
    if (device) {
        options[count++] = "--device";
        options[count++] = device;
    }
    if (caps) {
        options[count++] = "--caps";
        options[count++] = caps;
    }
    if (validate)
        options[count++] = "--validate";
    if (reference)
        options[count++] = "--reference";

    status = RUSHES_EXIT_OK;
    for (char **name = cases; name && *name; name++) {
        g_autofree char *folder = find_case(*name, bundled);
        tally.of += MAX(1, count_cases(folder));
    }
    if (!cases)
        tally.of += count_cases(bundled);
    if (!cases && !reference)
        status = verify_ops(&tally, device, caps);
    if (status == RUSHES_EXIT_OK)
        status = verify_cases(&tally, options, cases);
    g_free(tally.name);
    if (status == RUSHES_EXIT_NO_DEVICE) {
        rushes_cli_complain("No Vulkan device could be opened, so nothing was verified");
        return status;
    }
    if (status != RUSHES_EXIT_OK && tally.passed + tally.failed + tally.skipped == 0)
        return status; // it has said why there is nothing to count
    printf("%u passed, %u failed", tally.passed, tally.failed);
    printf(tally.skipped ? ", %u skipped\n" : "\n", tally.skipped);
    return tally.failed > 0 ? RUSHES_EXIT_FAILED : status;
}
