// SPDX-License-Identifier: GPL-3.0-or-later
// Shared projects: any bytes as an archive; either one project folder appears whole, or nothing does.
#include <ftw.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "project/share.h"

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *place = g_dir_make_tmp("rushes-fuzz-XXXXXX", NULL);
    g_autofree char *zip = g_build_filename(place, "input.rushes.zip", NULL);
    g_autofree char *into = g_build_filename(place, "into", NULL);
    g_autoptr(GError) error = NULL;

    if (!place || g_mkdir(into, 0700) != 0 ||
        !g_file_set_contents(zip, (const char *)data, (gssize)size, NULL))
        abort();
    g_autofree char *folder = rushes_share_unpack(zip, into, NULL, &error);
    if (!folder == !error)
        abort();
    g_autoptr(GDir) dir = g_dir_open(into, 0, NULL);
    const char *name = g_dir_read_name(dir);
    if (!name != !folder || (name && !g_str_has_suffix(name, ".rushes")) ||
        (name && g_dir_read_name(dir)))
        abort();
    // Beside what was unpacked into lies the input alone.
    g_autoptr(GDir) around = g_dir_open(place, 0, NULL);
    int others = 0;
    while (g_dir_read_name(around))
        others++;
    if (others != 2)
        abort();
    nftw(place, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}
