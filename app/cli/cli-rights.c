// SPDX-License-Identifier: GPL-3.0-or-later
// rushes rights: which names are not to be generated, and whose lists are followed.
#include <stdio.h>

#include "cli/cli.h"
#include "rights/rights-sources.h"

static int list_sources(void)
{
    g_auto(GStrv) paths = rushes_rights_sources_list();
    int status = RUSHES_EXIT_OK;
    guint count = 0;

    for (char **path = paths; *path; path++) {
        g_autofree char *target = g_file_read_link(*path, NULL);
        g_autoptr(GError) error = NULL;
        if (!target && !g_file_test(*path, G_FILE_TEST_EXISTS))
            continue;
        count++;
        g_autoptr(RushesRightsList) list = rushes_rights_list_read(*path, &error);
        if (list) {
            guint size = rushes_rights_list_size(list);
            printf("%s%s%s: %u %s\n", *path, target ? " -> " : "", target ? target : "", size,
                   size == 1 ? "name" : "names");
        } else {
            status = rushes_cli_fail(RUSHES_EXIT_FILE, error);
        }
    }
    if (count == 0)
        puts("There is no rights list; rushes rights subscribe FILE follows one.");
    return status;
}

static int check_prompt(char **words)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *prompt = g_strjoinv(" ", words);
    g_autofree char *warning = NULL;

    if (!rushes_rights_sources_allow(prompt, &warning, &error))
        return rushes_cli_fail(RUSHES_EXIT_USAGE, error);
    puts(warning ? warning : "No rights list names anything in it.");
    return RUSHES_EXIT_OK;
}

static int subscribe(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = rushes_rights_sources_subscribe(path, &error);

    if (!name)
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    puts(name);
    return RUSHES_EXIT_OK;
}

static int unsubscribe(const char *name)
{
    g_autoptr(GError) error = NULL;

    if (!rushes_rights_sources_unsubscribe(name, &error))
        return rushes_cli_fail(RUSHES_EXIT_FILE, error);
    return RUSHES_EXIT_OK;
}

int rushes_cli_rights(int argc, char **argv)
{
    g_auto(GStrv) words = NULL;
    int status = RUSHES_EXIT_OK;
    const GOptionEntry entries[] = {
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words, NULL,
         "list | check WORDS... | subscribe FILE | unsubscribe NAME"},
        G_OPTION_ENTRY_NULL,
    };

    if (!rushes_cli_parse("",
                          "Says which names are not to be generated, and whose lists are followed.",
                          entries, &argc, &argv, &status))
        return status;
    const char *verb = words ? words[0] : "";
    guint count = words ? g_strv_length(words) : 0;
    if (g_str_equal(verb, "list") && count == 1)
        return list_sources();
    if (g_str_equal(verb, "check") && count >= 2)
        return check_prompt(words + 1);
    if (g_str_equal(verb, "subscribe") && count == 2)
        return subscribe(words[1]);
    if (g_str_equal(verb, "unsubscribe") && count == 2)
        return unsubscribe(words[1]);
    rushes_cli_complain(
        "rights wants list, check WORDS, subscribe FILE or unsubscribe NAME; rushes "
        "rights --help says more");
    return RUSHES_EXIT_USAGE;
}
