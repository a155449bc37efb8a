// SPDX-License-Identifier: GPL-3.0-or-later
//
// master-cache.h - the frames of a take.mkv by number. The first question starts a thread that decodes
// the whole clip into a nameless file in the cache folder; a frame that is asked for before its turn is
// decoded next, since every frame of FFV1 stands alone. All caches of the process together keep at most
// RUSHES_MASTER_CACHE_BYTES: the one unused for the longest is emptied, and fills again when it is asked.
//
// Threads   every function may be called from any thread; reading waits for the decoder.
#pragma once
#include "playback/frame-source.h"

G_BEGIN_DECLS

#define RUSHES_MASTER_CACHE_BYTES ((gsize)4 << 30)

typedef struct RushesMasterCache RushesMasterCache;

// Opens nothing yet. `format` says the size and rate that the pictures must have, and how many.
RushesMasterCache *rushes_master_cache_new(const char *path, const RushesFrameFormat *format);
RushesMasterCache *rushes_master_cache_ref(RushesMasterCache *self);
void rushes_master_cache_unref(RushesMasterCache *self); // NULL-safe

// Packed RGB, owned by the caller; NULL with an error when the file is damaged or gone.
GBytes *rushes_master_cache_read(RushesMasterCache *self, int index, GError **error);

// All sound of a take.mkv as interleaved f32. Owned by the caller. Blocks.
GBytes *rushes_master_read_sound(const char *path, int rate, int channels, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMasterCache, rushes_master_cache_unref)

G_END_DECLS
