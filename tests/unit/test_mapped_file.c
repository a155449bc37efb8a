// SPDX-License-Identifier: GPL-3.0-or-later
// A file shorter than its header claims must be refused, not read past its end.
#include "base/mapped_file.h"
#include "tap.h"

#include <string.h>

static void span_stays_inside_the_file(void)
{
    MappedFile *file = NULL;
    CHECK(mapped_file_open("/proc/self/exe", &file, NULL) == RSH_OK);
    CHECK(mapped_file_span(file, 0, 4) != NULL);
    CHECK(mapped_file_span(file, 4, UINT64_MAX - 2) == NULL); // offset + size wraps to 1
    mapped_file_close(&file);
    CHECK(file == NULL);
}

static void missing_file_names_the_path(void)
{
    RshError error = {0};
    MappedFile *file = NULL;
    CHECK(mapped_file_open("/nowhere/a.gguf", &file, &error) == RSH_ERROR_IO);
    CHECK(strstr(error.text, "/nowhere/a.gguf") != NULL);
}

int main(void)
{
    TAP_RUN(span_stays_inside_the_file);
    TAP_RUN(missing_file_names_the_path);
    return tap_done();
}
