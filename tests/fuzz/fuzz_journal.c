// SPDX-License-Identifier: GPL-3.0-or-later
// A project's journal, read only: any bytes are lines that are replayed, or damage that is left out.
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "project/journal.h"

static gboolean count_line(const cJSON *edit, gpointer data)
{
    guint *lines = data;

    if (!edit)
        abort();
    (*lines)++;
    return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int file = memfd_create("fuzz", MFD_CLOEXEC);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", file);
    g_autofree char *damaged = NULL;
    g_autoptr(GError) error = NULL;
    guint lines = 0;

    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    g_autoptr(RushesJournal) journal =
        rushes_journal_open(path, FALSE, count_line, &lines, &damaged, &error);
    if ((journal == NULL) != (error != NULL))
        abort();
    if (journal && rushes_journal_get_length(journal) < lines)
        abort();
    close(file);
    return 0;
}
