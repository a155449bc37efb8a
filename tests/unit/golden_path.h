// SPDX-License-Identifier: GPL-3.0-or-later
// golden_path.h - where the golden cases lie: $RUSHES_GOLDEN, which the build sets.
#pragma once
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// A path inside the golden folder. Four results stay valid at a time.
static inline const char *golden_path(const char *name)
{
    static char paths[4][1024];
    static unsigned next;
    const char *folder = getenv("RUSHES_GOLDEN");
    char *path = paths[next++ % 4];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder ? folder : "tests/golden/cases", name);
    return path;
}

static inline bool golden_exists(const char *name)
{
    return access(golden_path(name), R_OK) == 0;
}
