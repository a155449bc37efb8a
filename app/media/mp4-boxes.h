// SPDX-License-Identifier: GPL-3.0-or-later
//
// mp4-boxes.h - what a muxer leaves to be done in an MP4: an edit list that hides the encoder's priming
// samples, headers in front of the media, and the recipe in a box of its own.
//
// Source: ISO 14496-12 (boxes, edts/elst, stco, co64, uuid).
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// The extended type of the `uuid` box at the end of `moov` whose body is the recipe's JSON (UTF-8).
#define RUSHES_RECIPE_BOX_UUID      "\x7d\x1f\x5a\x0c\x6e\x31\x4b\x9d\x9c\x42\x52\x75\x73\x68\x65\x73"
#define RUSHES_RECIPE_BOX_MAX_BYTES (4 * 1024 * 1024)

typedef struct RushesMp4Edit {
    guint32 audio_skip; // samples of the sound track to play nothing of; its time scale is the rate
    guint64 audio_samples; // samples that count; 0: leave the sound track as it is
    guint32 audio_rate;
    const char *recipe; // JSON, or NULL
} RushesMp4Edit;

// Copies the finished MP4 `from` (ftyp, moov and mdat, not fragmented) to `to`, headers first, with the
// edit applied; syncs it. On failure `to` is removed.
gboolean rushes_mp4_rewrite(const char *from, const char *to, const RushesMp4Edit *edit,
                            GError **error);

// The recipe inside the MP4, owned by the caller; NULL without an error when it carries none.
char *rushes_mp4_read_recipe(const char *path, GError **error);

G_END_DECLS
