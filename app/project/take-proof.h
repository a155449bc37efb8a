// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-proof.h - whether a take's files are still what was written. Bytes that somebody has changed, or a disk, keep a
// file's size and read well (FFmpeg hides a part of FFV1 whose check sum is wrong), but they are no longer what the
// recipe and the credentials would call them.
#pragma once
#include "project/take.h"

G_BEGIN_DECLS

// The SHA-256 in hex of "frames.rgb" and "audio.f32" as the worker told it, and of "take.mkv" as the archivist did; NULL of
// a take that was made before they told any. Owned by the take.
const char *rushes_take_get_file_hash(RushesTake *take, const char *name);
// Keeps it with the take from its next save on. Main thread.
void rushes_take_set_file_hash(RushesTake *take, const char *name, const char *sha256);
// FALSE with one sentence when the file at `path` is there and is another. `sha256` NULL: nothing is known, and TRUE.
// Reads the whole file; any thread.
gboolean rushes_take_prove_file(const char *path, const char *sha256, GError **error);

G_END_DECLS
