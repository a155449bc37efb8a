// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

static const RushesCommand commands[] = {
    {"generate", "make a clip with sound from words", rushes_cli_generate},
    {"export", "make a finished file of a project's film", rushes_cli_export},
    {"share", "pack a project into one file", rushes_cli_share},
    {"unpack", "unpack a project that was shared", rushes_cli_unpack},
    {"consent", "keep the records of who agreed to be shown", rushes_cli_consent},
    {"rights", "say which names are not to be generated", rushes_cli_rights},
    {"credentials", "say who signs what you export", rushes_cli_credentials},
    {"models", "list the models that are installed", rushes_cli_models},
    {"devices", "list the devices that can run them", rushes_cli_devices},
    {"verify", "compare this device's results with known ones", rushes_cli_verify},
    {"bench", "measure how fast this device is", rushes_cli_bench},
    {"inspect", "say what made a file, who signed it and whether it was changed",
     rushes_cli_inspect},
};

const RushesCommand *rushes_cli_find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (g_str_equal(name, commands[i].name))
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *to, gboolean studio)
{
    fprintf(to,
            "Usage: rushes %sCOMMAND [OPTION]...\n"
            "Short films with sound from words, on this machine.\n\nCommands:\n",
            studio ? "[PROJECT...] | " : "");
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\n`rushes COMMAND --help` says more.%s\n",
            studio ? " Without a command the studio opens." : "");
}

int rushes_cli_other(int argc, char **argv, gboolean studio)
{
    if (argc >= 2 && (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "-h"))) {
        print_usage(stdout, studio);
        return RUSHES_EXIT_OK;
    }
    if (argc >= 2 && g_str_equal(argv[1], "--version")) {
        printf("rushes %s\n", RUSHES_VERSION);
        return RUSHES_EXIT_OK;
    }
    if (argc >= 2) {
        g_autofree char *shown = g_utf8_make_valid(argv[1], -1);
        gboolean path = studio && (strchr(shown, '/') || g_str_has_suffix(shown, ".rushes"));
        g_autofree char *what =
            path
                ? g_strdup_printf("There is no project or file %s; check the path", shown)
                : g_strdup_printf("There is no command \"%.60s\"; rushes --help lists them", shown);
        rushes_cli_complain(what);
    } else {
        print_usage(stderr, studio);
    }
    return RUSHES_EXIT_USAGE;
}

void rushes_cli_complain(const char *what)
{
    fprintf(stderr, "rushes: %s%s\n", what, g_str_has_suffix(what, ".") ? "" : ".");
}

int rushes_cli_fail(RushesExit status, const GError *error)
{
    rushes_cli_complain(error->message);
    return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE) ? RUSHES_EXIT_DISK_FULL : status;
}

RushesExit rushes_cli_status_of(const char *code)
{
    static const struct {
        const char *code;
        RushesExit status;
    } known[] = {
        {"argument", RUSHES_EXIT_USAGE},
        {"request", RUSHES_EXIT_USAGE},
        {"io", RUSHES_EXIT_FILE},
        {"format", RUSHES_EXIT_FILE},
        {"memory", RUSHES_EXIT_MEMORY},
        {"disk_full", RUSHES_EXIT_DISK_FULL},
        {"no_device", RUSHES_EXIT_NO_DEVICE},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
        if (g_str_equal(code, known[i].code))
            return known[i].status;
    return RUSHES_EXIT_ENGINE;
}

gboolean rushes_cli_parse(const char *usage, const char *about, const GOptionEntry *entries,
                          int *argc, char ***argv, int *status)
{
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autoptr(GError) error = NULL;
    gboolean help = FALSE;
    // Its own --help: GLib's would exit the program and write through the locale's character set.
    const GOptionEntry own[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &help, "Show this help", NULL},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, about);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, own, NULL);
    g_autofree char *program = g_strdup_printf("rushes %s", (*argv)[0]);
    g_set_prgname(program);
    gboolean parsed = g_option_context_parse(context, argc, argv, &error);
    g_set_prgname("rushes");
    if (!parsed) {
        *status = RUSHES_EXIT_USAGE;
        g_autofree char *shown = g_utf8_make_valid(error->message, -1);
        rushes_cli_complain(shown);
        return FALSE;
    }
    if (help) {
        g_set_prgname(program);
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        g_set_prgname("rushes");
        fputs(text, stdout);
        *status = RUSHES_EXIT_OK;
        return FALSE;
    }
    if (*argc > 1) {
        g_autofree char *shown = g_utf8_make_valid((*argv)[1], -1);
        g_autofree char *what =
            g_strdup_printf("%s takes no \"%.60s\"; %s --help says more", program, shown, program);
        rushes_cli_complain(what);
        *status = RUSHES_EXIT_USAGE;
        return FALSE;
    }
    return TRUE;
}
