// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cli/cli.h"
#include "places.h"

// Whoever ends this program at once ends what it runs, too.
static void end_with_parent(gpointer data)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int rushes_cli_read_program(char **argv, char **environment, RushesLineFunc func, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSubprocessLauncher) launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    char *text;

    fflush(stdout);
    g_subprocess_launcher_set_child_setup(launcher, end_with_parent, NULL, NULL);
    if (environment)
        g_subprocess_launcher_set_environ(launcher, environment);
    g_autoptr(GSubprocess) process =
        g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, &error);
    if (!process)
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
    g_autoptr(GDataInputStream) lines =
        g_data_input_stream_new(g_subprocess_get_stdout_pipe(process));
    while ((text = g_data_input_stream_read_line(lines, NULL, NULL, NULL))) {
        func(text, data);
        g_free(text);
    }
    g_subprocess_wait(process, NULL, NULL);
    if (g_subprocess_get_if_exited(process))
        return g_subprocess_get_exit_status(process);
    g_autofree char *name = g_path_get_basename(argv[0]);
    g_autofree char *what =
        g_strdup_printf("%s was ended by signal %d (%s)", name, g_subprocess_get_term_sig(process),
                        g_strsignal(g_subprocess_get_term_sig(process)));
    rushes_cli_complain(what);
    return RUSHES_EXIT_ENGINE;
}

gboolean rushes_cli_check_device(const char *device, const char *caps, int *status)
{
    static const char prefix[] = "rushes-engine: ";
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) argv = g_ptr_array_new();
    g_autofree char *engine = NULL, *log = NULL;
    int ended = 0;

    if (!device && !caps)
        return TRUE;
    engine = rushes_places_find_engine(&error);
    g_ptr_array_add(argv, engine);
    g_ptr_array_add(argv, (char *)"--check");
    if (device) {
        g_ptr_array_add(argv, (char *)"--device");
        g_ptr_array_add(argv, (char *)device);
    }
    if (caps) {
        g_ptr_array_add(argv, (char *)"--caps");
        g_ptr_array_add(argv, (char *)caps);
    }
    g_ptr_array_add(argv, NULL);
    if (!engine || !g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL,
                                 NULL, NULL, &log, &ended, &error)) {
        *status = rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
        return FALSE;
    }
    if (g_spawn_check_wait_status(ended, NULL))
        return TRUE;
    // A driver may write lines of its own around the one that counts.
    const char *said = strstr(log, prefix);
    g_autofree char *what =
        said ? g_strndup(said + strlen(prefix), strcspn(said + strlen(prefix), "\n"))
             : g_strdup("The engine ended while it opened the device");
    g_autofree char *shown = g_utf8_make_valid(what, -1);
    rushes_cli_complain(shown);
    *status = !WIFEXITED(ended)         ? RUSHES_EXIT_ENGINE
              : WEXITSTATUS(ended) == 1 ? RUSHES_EXIT_USAGE
              : WEXITSTATUS(ended) == 2 ? RUSHES_EXIT_NO_DEVICE
                                        : RUSHES_EXIT_ENGINE;
    return FALSE;
}

int rushes_cli_read_ops(const char *device, const char *caps, char **arguments, RushesLineFunc func,
                        gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *program = rushes_places_find_ops(&error);
    g_autoptr(GPtrArray) argv = g_ptr_array_new();

    if (!program)
        return rushes_cli_fail(RUSHES_EXIT_ENGINE, error);
    g_ptr_array_add(argv, program);
    for (char **argument = arguments; argument && *argument; argument++)
        g_ptr_array_add(argv, *argument);
    g_ptr_array_add(argv, NULL);
    g_auto(GStrv) environment = g_get_environ();
    if (device)
        environment = g_environ_setenv(environment, "RSH_TEST_DEVICE", device, TRUE);
    if (caps)
        environment = g_environ_setenv(environment, "RSH_TEST_CAPS", caps, TRUE);
    return rushes_cli_read_program((char **)argv->pdata, environment, func, data);
}
