// SPDX-License-Identifier: GPL-3.0-or-later
// rushes: the studio, and the headless commands.
#include <string.h>

#include "cli/cli.h"
#ifdef RUSHES_STUDIO
#include "studio.h"
#endif

int main(int argc, char **argv)
{
    const RushesCommand *command = argc >= 2 ? rushes_cli_find(argv[1]) : NULL;

    if (command)
        return command->run(argc - 1, argv + 1);
#ifdef RUSHES_STUDIO
    // What is no file is a command that was misspelt.
    if (argc < 2 || g_file_test(argv[1], G_FILE_TEST_EXISTS) || strstr(argv[1], "://"))
        return rushes_studio_run(argc, argv);
    return rushes_cli_other(argc, argv, TRUE);
#else
    return rushes_cli_other(argc, argv, FALSE);
#endif
}
