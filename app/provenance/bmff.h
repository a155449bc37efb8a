// SPDX-License-Identifier: GPL-3.0-or-later
//
// bmff.h - the few things content credentials need of an MP4 file: where its boxes are, room for one
// more box right after `ftyp` with every chunk offset moved along, and the hash of everything else.
//
// Source: ISO 14496-12 (boxes, stco, co64); C2PA 2.2 "BMFF-based hash".
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

#define RUSHES_HASH_BYTES 32 // SHA-256

// What credentials bind. C2PA has every generator leave the first boxes of an MP4 out of its hash (2.2, A.5.6); the
// second hash is of just those, so that our own reader misses nothing.
typedef struct RushesFileHash {
    guint8 media[RUSHES_HASH_BYTES];
    guint8 lead[RUSHES_HASH_BYTES];
} RushesFileHash;

// The extended type of the uuid box that holds the credentials (C2PA 2.2, annex on BMFF).
extern const guint8 rushes_bmff_store_uuid[16];

// Copies the MP4 at `from` to `to` with `bytes` zero bytes inserted directly after `ftyp`, chunk offsets
// patched. Stores the offset of the gap. Refuses fragmented files and files without ftyp and moov.
gboolean rushes_bmff_insert_gap(const char *from, const char *to, gsize bytes, goffset *gap,
                                GError **error);

// `media`: over the file in order, each top-level box that C2PA does not exclude, preceded by its file offset as eight
// bytes, big-endian. `lead`: over the boxes that it excludes (/ftyp, /mfra, and the uuid box of the credentials up to the
// store), without offsets.
gboolean rushes_bmff_hash(const char *path, RushesFileHash *hash, GError **error);

// The credentials' store inside the file's C2PA uuid box, or NULL without an error when it has none.
GBytes *rushes_bmff_read_store(const char *path, GError **error);
// The uuid box around a store; `padding` zero bytes follow the store inside the box.
GByteArray *rushes_bmff_wrap_store(const GByteArray *store, gsize padding);

G_END_DECLS
