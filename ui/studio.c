// SPDX-License-Identifier: GPL-3.0-or-later
#include "studio.h"

#include <gtksourceview/gtksource.h>

#include "application.h"
#include "cli/cli.h"

int rushes_studio_run(int argc, char **argv)
{
    if (!gtk_init_check()) {
        rushes_cli_complain(
            "There is no display to open the studio on; rushes --help lists what needs none");
        return RUSHES_EXIT_USAGE;
    }
    gtk_source_init();
    g_autoptr(RushesApplication) application = rushes_application_new();
    int status = g_application_run(G_APPLICATION(application), argc, argv);
    gtk_source_finalize();
    return status;
}
