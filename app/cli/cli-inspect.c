// SPDX-License-Identifier: GPL-3.0-or-later
// rushes inspect: the recipe inside a clip, which renders it again, what its credentials say, and its invisible mark.
#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/cli.h"
#include "json-file.h"
#include "marks/watermark-detect.h"
#include "media/mp4-boxes.h"
#include "project/library.h"
#include "provenance/credentials.h"

static void print_field(const cJSON *recipe, const char *key, const char *label)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(recipe, key);

    if (cJSON_IsString(item) && item->valuestring[0])
        printf("%-10s %s\n", label, item->valuestring);
    else if (cJSON_IsNumber(item))
        printf("%-10s %g\n", label, item->valuedouble);
}

static void print_recipe(const cJSON *recipe)
{
    const cJSON *made = cJSON_GetObjectItemCaseSensitive(recipe, "made");

    print_field(recipe, "prompt", "Words");
    print_field(recipe, "negative", "Not");
    print_field(recipe, "model", "Model");
    print_field(recipe, "seed", "Seed");
    printf("%-10s %dx%d, %d frames at %g a second\n", "Size",
           rushes_json_int(recipe, "width", 0, 65536, 0),
           rushes_json_int(recipe, "height", 0, 65536, 0),
           rushes_json_int(recipe, "frames", 0, G_MAXINT, 0),
           rushes_json_number(recipe, "fps", 0.0));
    print_field(recipe, "steps", "Steps");
    print_field(recipe, "sampler", "Sampler");
    print_field(recipe, "shift", "Shift");
    print_field(recipe, "guidance", "Guidance");
    print_field(made, "device", "Device");
    print_field(made, "engine", "Engine");
    print_field(made, "created", "Made");
}

static void print_credentials(const RushesManifestReport *report)
{
    g_autofree char *actions = report->actions ? g_strjoinv(", ", report->actions) : NULL;

    if (report->intact)
        printf("%-10s intact: the file is as it was signed\n", "Signature");
    else
        printf("%-10s altered: %s\n", "Signature", report->problem);
    printf("%-10s %s (a local key; not on the public trust list)\n", "Signer",
           report->signer ? report->signer : "unknown");
    printf("%-10s %s, by %s\n", "Origin", report->source_type ? report->source_type : "not stated",
           report->generator ? report->generator : "an unnamed program");
    printf("%-10s %s\n", "Actions", actions ? actions : "none");
    printf("%-10s %s\n", "Signed", report->when ? report->when : "at no stated time");
    if (report->stamped)
        printf("%-10s %s, by %s (whether it deserves trust is not judged)\n", "Stamped",
               report->stamped, report->stamped_by ? report->stamped_by : "an unnamed authority");
}

// Where the marked take is, when it is one of this computer's.
static void print_marked_take(guint32 id)
{
    g_autofree char *place = rushes_library_default_path();

    if (!g_file_test(place, G_FILE_TEST_EXISTS))
        return;
    g_autoptr(RushesLibrary) library = rushes_library_open(place, NULL);
    RushesSearchHit *hit = library ? rushes_library_find_marked(library, id) : NULL;
    if (!hit)
        return;
    printf("%-10s %s in %s\n", "", hit->take, hit->project);
    rushes_search_hit_free(hit);
}

static void print_marks(const GArray *marks)
{
    for (guint i = 0; i < marks->len; i++) {
        const RushesFoundMark *mark = &g_array_index(marks, RushesFoundMark, i);
        printf(
            "%-10s version %u, take %08x, seconds %.1f to %.1f, score %.1f: one in %.0e unmarked "
            "clips would look so\n",
            "Mark", mark->payload.version, mark->payload.id, mark->start, mark->end, mark->score,
            mark->odds);
        print_marked_take(mark->payload.id);
    }
    if (marks->len == 0)
        printf("%-10s none was found\n", "Mark");
}

// From the file's own box, or from its credentials when its kind has no such box. NULL without an error
// when it carries none.
static cJSON *find_recipe(const char *path, const RushesManifestReport *report, GError **error)
{
    g_autoptr(GError) failure = NULL;
    g_autofree char *text = rushes_mp4_read_recipe(path, &failure);
    const char *found = text ? text : report ? report->recipe_json : NULL;
    cJSON *recipe = found ? cJSON_Parse(found) : NULL;

    if (!recipe && failure && !report)
        g_propagate_error(error, g_steal_pointer(&failure));
    if (cJSON_IsObject(recipe))
        return recipe;
    cJSON_Delete(recipe);
    return NULL;
}

int rushes_cli_inspect(int argc, char **argv)
{
    gboolean json = FALSE;
    g_auto(GStrv) files = NULL;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json,
         "Print the recipe as JSON, as generate --job reads it", NULL},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GError) error = NULL;
    int status = RUSHES_EXIT_OK;

    if (!rushes_cli_parse(
            "", "Shows how a clip was made, from the recipe and the credentials inside it.",
            entries, &argc, &argv, &status))
        return status;
    if (!files || g_strv_length(files) != 1) {
        rushes_cli_complain("inspect wants the name of one clip");
        return RUSHES_EXIT_USAGE;
    }
    if (!g_file_test(files[0], G_FILE_TEST_IS_REGULAR)) {
        g_autofree char *name = g_filename_display_name(files[0]);
        g_autofree char *what = g_strdup_printf(
            g_file_test(files[0], G_FILE_TEST_EXISTS) ? "%s is not a file" : "There is no %s",
            name);
        rushes_cli_complain(what);
        return RUSHES_EXIT_FILE;
    }
    RushesCredentialsState state;
    g_autoptr(RushesManifestReport) report = NULL;
    if (!rushes_credentials_inspect(files[0], &state, &report, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    g_autoptr(cJSON) recipe = find_recipe(files[0], report, &error);
    if (error)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    g_autoptr(GArray) marks = json ? NULL : rushes_watermark_read(files[0], NULL);
    if (!recipe && !report && !(marks && marks->len > 0)) {
        g_autofree char *name = g_filename_display_name(files[0]);
        g_autofree char *what =
            g_strdup_printf("%s carries no recipe, no credentials and no mark of Rushes", name);
        rushes_cli_complain(what);
        return RUSHES_EXIT_FILE;
    }
    if (json && recipe) {
        char *printed = cJSON_Print(recipe);
        puts(printed);
        cJSON_free(printed);
        return RUSHES_EXIT_OK;
    }
    if (recipe)
        print_recipe(recipe);
    if (report)
        print_credentials(report);
    if (marks)
        print_marks(marks);
    return report && !report->intact ? RUSHES_EXIT_FAILED : RUSHES_EXIT_OK;
}
