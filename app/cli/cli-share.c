// SPDX-License-Identifier: GPL-3.0-or-later
// rushes share: a project as one file; rushes unpack: the project out of it.
#include <stdio.h>

#include "cli/cli.h"
#include "project/share.h"

static gboolean parse_one(const char *about, const char *what, GOptionEntry *output_entry, int argc,
                          char **argv, char **file, int *status)
{
    g_auto(GStrv) files = NULL;
    const GOptionEntry entries[] = {
        *output_entry,
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, what},
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

int rushes_cli_share(int argc, char **argv)
{
    g_autofree char *output = NULL, *folder = NULL;
    GOptionEntry entry = {"output", 'o',
                          0,        G_OPTION_ARG_FILENAME,
                          &output,  "The file to write (the project's name with .rushes.zip)",
                          "FILE"};
    g_autoptr(GError) error = NULL;
    int status;

    if (!parse_one("Packs a project, complete and with its credits, into one file.", "PROJECT",
                   &entry, argc, argv, &folder, &status))
        return status;
    g_autoptr(RushesProject) project =
        rushes_project_open(folder, RUSHES_PROJECT_READ_ONLY, &error);
    if (!project)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    if (!output) {
        g_autofree char *base = g_path_get_basename(rushes_project_get_folder(project));
        output = g_strconcat(base, ".zip", NULL);
    }
    if (!rushes_share_pack(project, output, NULL, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(output);
    return RUSHES_EXIT_OK;
}

int rushes_cli_unpack(int argc, char **argv)
{
    g_autofree char *output = NULL, *file = NULL;
    GOptionEntry entry = {"output", 'o',
                          0,        G_OPTION_ARG_FILENAME,
                          &output,  "The folder to put the project into (the present one)",
                          "FOLDER"};
    g_autoptr(GError) error = NULL;
    int status;

    if (!parse_one("Unpacks a project that somebody shared.", "FILE.rushes.zip", &entry, argc, argv,
                   &file, &status))
        return status;
    g_autofree char *folder = rushes_share_unpack(file, output ? output : ".", NULL, &error);
    if (!folder)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(folder);
    return RUSHES_EXIT_OK;
}
