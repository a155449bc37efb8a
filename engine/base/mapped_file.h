// SPDX-License-Identifier: GPL-3.0-or-later
// mapped_file.h - a read-only file mapping. The bytes stay valid until the file is closed.
#pragma once
#include "rsh.h"

typedef struct MappedFile MappedFile;

RSH_MUST_USE RshStatus mapped_file_open(const char *path, MappedFile **out, RshError *error);
void mapped_file_close(MappedFile **file);         // NULL-safe; stores NULL
uint64_t mapped_file_size(const MappedFile *file); // bytes; 0 for an empty file

// Returns NULL, never a short span, when [offset, offset + size) is not inside the file.
const void *mapped_file_span(const MappedFile *file, uint64_t offset, uint64_t size);
