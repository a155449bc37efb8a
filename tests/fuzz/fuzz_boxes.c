// SPDX-License-Identifier: GPL-3.0-or-later
// The boxes of an MP4: any bytes are hashed, searched for a recipe and for credentials, and moved apart, or refused with
// one sentence.
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "media/mp4-boxes.h"
#include "provenance/bmff.h"

static void check(gboolean done, GError **error)
{
    if (done == (*error != NULL))
        abort();
    g_clear_error(error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = memfd_create("fuzz", MFD_CLOEXEC), copy = memfd_create("copy", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
    g_autofree char *other = g_strdup_printf("/proc/self/fd/%d", copy);
    RushesFileHash hash;
    GError *error = NULL;
    goffset gap;

    if (file < 0 || copy < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    check(rushes_bmff_hash(path, &hash, &error), &error);
    GBytes *store = rushes_bmff_read_store(path, &error);
    if (store && error)
        abort();
    g_clear_pointer(&store, g_bytes_unref);
    g_clear_error(&error);
    char *recipe = rushes_mp4_read_recipe(path, &error);
    if (recipe && error)
        abort();
    g_free(recipe);
    g_clear_error(&error);
    check(rushes_bmff_insert_gap(path, other, 64, &gap, &error), &error);
    close(file);
    close(copy);
    return 0;
}
