// SPDX-License-Identifier: GPL-3.0-or-later
// rushes share: a project as one file; rushes unpack: the project out of it.
#include <signal.h>
#include <stdio.h>

#include "cli/cli.h"
#include "project/share.h"
#include "rushes-error.h"

// `more` is NULL or one more option.
static gboolean parse_one(const char *about, const char *what, const GOptionEntry *output_entry,
                          const GOptionEntry *more, int argc, char **argv, char **file, int *status)
{
    g_auto(GStrv) files = NULL;
    const GOptionEntry end = G_OPTION_ENTRY_NULL;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, what},
        *output_entry,
        more ? *more : end,
        G_OPTION_ENTRY_NULL,
    };

    if (!rushes_cli_parse("", about, entries, &argc, &argv, status))
        return FALSE;
    if (files && g_strv_length(files) == 1) {
        *file = g_strdup(files[0]);
        return TRUE;
    }
    g_autofree char *sentence = g_strdup_printf("%s wants one %s", argv[0], what);
    rushes_cli_complain(sentence);
    *status = RUSHES_EXIT_USAGE;
    return FALSE;
}

// By its id, or by its number in the project; NULL having complained.
static RushesTake *find_take(RushesProject *project, const char *wanted)
{
    GListModel *takes = rushes_project_get_takes(project);
    guint64 number = 0;

    g_ascii_string_to_unsigned(wanted, 10, 1, G_MAXINT, &number, NULL);
    for (guint i = 0; i < g_list_model_get_n_items(takes); i++) {
        g_autoptr(RushesTake) take = g_list_model_get_item(takes, i);
        if (g_str_equal(rushes_take_get_id(take), wanted) ||
            rushes_take_get_number(take) == (int)number)
            return take; // the project holds it
    }
    g_autofree char *sentence = g_strdup_printf("The project has no take \"%.60s\"; it has %u",
                                                wanted, g_list_model_get_n_items(takes));
    rushes_cli_complain(sentence);
    return NULL;
}

int rushes_cli_share(int argc, char **argv)
{
    g_autofree char *output = NULL, *folder = NULL, *wanted = NULL;
    const GOptionEntry entry = {"output", 'o',
                                0,        G_OPTION_ARG_FILENAME,
                                &output,  "The file to write (the project's name with .rushes.zip)",
                                "FILE"};
    const GOptionEntry take_entry = {"take",     't',
                                     0,          G_OPTION_ARG_FILENAME,
                                     &wanted,    "Only this take, with those that it comes from",
                                     "NUMBER|ID"};
    g_autoptr(GError) error = NULL;
    RushesTake *take = NULL;
    int status;

    if (!parse_one(
            "Packs a project, or one take of it, complete and with its credits, into one file.",
            "PROJECT", &entry, &take_entry, argc, argv, &folder, &status))
        return status;
    signal(SIGXFSZ, SIG_IGN); // a file-size limit is a full disk, which is reported
    g_autoptr(RushesProject) project =
        rushes_project_open(folder, RUSHES_PROJECT_READ_ONLY, &error);
    if (!project)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    if (wanted && !(take = find_take(project, wanted)))
        return RUSHES_EXIT_USAGE;
    g_autoptr(RushesSharePlan) plan = rushes_share_plan_new(project, take, &error);
    if (!plan)
        return rushes_cli_fail(g_error_matches(error, RUSHES_ERROR, RUSHES_ERROR_REFUSED)
                                   ? RUSHES_EXIT_USAGE
                                   : RUSHES_EXIT_FILE,
                               error);
    if (!output)
        output = g_strdup(rushes_share_plan_get_name(plan));
    if (!rushes_share_plan_pack(plan, output, NULL, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(output);
    return RUSHES_EXIT_OK;
}

int rushes_cli_unpack(int argc, char **argv)
{
    g_autofree char *output = NULL, *file = NULL;
    const GOptionEntry entry = {"output", 'o',
                                0,        G_OPTION_ARG_FILENAME,
                                &output,  "The folder to put the project into (the present one)",
                                "FOLDER"};
    g_autoptr(GError) error = NULL;
    int status;

    if (!parse_one("Unpacks a project that somebody shared.", "FILE.rushes.zip", &entry, NULL, argc,
                   argv, &file, &status))
        return status;
    g_autofree char *folder = rushes_share_unpack(file, output ? output : ".", NULL, &error);
    if (!folder)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(folder);
    return RUSHES_EXIT_OK;
}
