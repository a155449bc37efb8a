// SPDX-License-Identifier: GPL-3.0-or-later
#include "remove-tree.h"

#include <glib/gstdio.h>

void rushes_remove_tree(const char *path)
{
    g_autoptr(GDir) dir =
        g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *inside = g_build_filename(path, name, NULL);
        rushes_remove_tree(inside);
    }
    g_remove(path);
}
