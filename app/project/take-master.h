// SPDX-License-Identifier: GPL-3.0-or-later
//
// take-master.h - the lasting copy of a finished take: take.mkv (FFV1 and FLAC) and thumb.png beside it.
// frames.rgb is only let go of after take.mkv has been read back and every frame found equal; audio.f32
// stays, because FLAC holds 24 bits of each sample and a take's sound is small.
#pragma once
#include <gio/gio.h>

#include "playback/frame-source.h"

G_BEGIN_DECLS

// Whether there is something left to do for the finished take in `folder`.
gboolean rushes_take_master_is_due(const char *folder);

// Writes what is missing of thumb.png and take.mkv and proves take.mkv against the raw frames, which the
// caller may remove afterwards. Nothing has its final name before it is whole and on the disk, so that
// the process may end at any moment. `format` is that of the finished take; `sha256` of its frames.rgb as the worker
// told it, or NULL: frames that were changed since are not made the lasting copy. Blocks; any thread. FALSE with an
// error when the raw frames must stay.
gboolean rushes_take_master_write(const char *folder, const RushesFrameFormat *format,
                                  const char *sha256, GCancellable *cancellable, GError **error);
// Removes frames.rgb of a take whose take.mkv was just proved, and what only a run needs.
void rushes_take_master_release_raw(const char *folder);

G_END_DECLS
