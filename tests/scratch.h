// SPDX-License-Identifier: GPL-3.0-or-later
//
// scratch.h - a folder that holds everything a test makes: between begin and end, g_dir_make_tmp() makes its folders in it, and
// end removes the whole. Begin comes before anything that asks GLib for the temporary folder.
#pragma once
#include <ftw.h>
#include <glib.h>
#include <stdio.h>

static char *scratch_root;

static inline void scratch_begin(void)
{
    scratch_root =
        g_build_filename(g_getenv("TMPDIR") ? g_getenv("TMPDIR") : "/tmp", "rushes-XXXXXX", NULL);
    g_assert_nonnull(g_mkdtemp(scratch_root));
    g_setenv("TMPDIR", scratch_root, TRUE);
}

static inline int scratch_remove(const char *path, const struct stat *info G_GNUC_UNUSED,
                                 int kind G_GNUC_UNUSED, struct FTW *place G_GNUC_UNUSED)
{
    return remove(path);
}

// Returns `status`, for main to return.
static inline int scratch_end(int status)
{
    nftw(scratch_root, scratch_remove, 16, FTW_DEPTH | FTW_PHYS);
    g_clear_pointer(&scratch_root, g_free);
    return status;
}
