// SPDX-License-Identifier: GPL-3.0-or-later
// small_file.h - caches of a few kilobytes: read whole with a bound, replaced by rename.
#pragma once
#include "rsh.h"

// The bytes, malloc'd and NUL-terminated; NULL when there is no such file, it is longer than
// `most`, or memory is short: a cache that cannot be read is a cache that is empty.
char *small_file_read(const char *path, size_t most, size_t *bytes);

// The folder with every missing parent; what cannot be made shows when a file is opened there.
void small_file_make_folders(const char *folder);

// Writes a temporary file beside `path` and renames it. A crash leaves the old content.
RSH_MUST_USE RshStatus small_file_write(const char *path, const void *data, size_t bytes,
                                        RshError *error);
