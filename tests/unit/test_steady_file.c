// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/steady-file.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

#define BYTES (3 * 1024 * 1024)

static char *folder;

static char *write_file(const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    g_autofree char *data = g_malloc(BYTES);

    for (int i = 0; i < BYTES; i++)
        data[i] = (char)(i * 7 / 5);
    CHECK(g_file_set_contents(path, data, BYTES, NULL));
    return path;
}

// A mapping of such a file ends the program with SIGBUS.
static void a_file_cut_short_while_it_is_read_is_told(void)
{
    g_autofree char *path = write_file("shrinks");
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GError) error = NULL;

    CHECK(rushes_steady_file_open(&file, path, &error) && file.bytes == BYTES);
    CHECK(truncate(path, BYTES / 2 + 11) == 0);
    CHECK(
        !rushes_steady_file_pass(&file, 0, file.bytes, rushes_steady_file_hash, checksum, &error));
    CHECK(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT));
    CHECK(error && strstr(error->message, "became shorter") && strstr(error->message, "shrinks"));
}

static void its_checksum_is_that_of_its_bytes(void)
{
    g_autofree char *path = write_file("whole"), *data = NULL;
    g_autofree char *checksum = rushes_steady_file_checksum(path, NULL);
    gsize bytes;

    CHECK(g_file_get_contents(path, &data, &bytes, NULL));
    g_autofree char *wanted =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)data, bytes);
    CHECK(g_strcmp0(checksum, wanted) == 0);
}

static void a_pipe_and_a_folder_are_refused_at_once(void)
{
    g_autofree char *pipe = g_build_filename(folder, "pipe", NULL);
    g_autoptr(GError) error = NULL;

    CHECK(mkfifo(pipe, 0600) == 0);
    CHECK(!rushes_steady_file_checksum(pipe, &error) && strstr(error->message, "is not a file"));
    g_clear_error(&error);
    CHECK(!rushes_steady_file_checksum(folder, &error) && strstr(error->message, "is not a file"));
    g_clear_error(&error);
    CHECK(!rushes_steady_file_checksum("/nowhere/at/all", &error) &&
          strstr(error->message, "cannot be read"));
}

int main(void)
{
    folder = g_dir_make_tmp("rushes-steady-XXXXXX", NULL);
    TAP_RUN(a_file_cut_short_while_it_is_read_is_told);
    TAP_RUN(its_checksum_is_that_of_its_bytes);
    TAP_RUN(a_pipe_and_a_folder_are_refused_at_once);
    for (const char *const *name = (const char *const[]){"shrinks", "whole", "pipe", NULL}; *name;
         name++) {
        g_autofree char *path = g_build_filename(folder, *name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
    return tap_done();
}
