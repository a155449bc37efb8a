// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-payload.h - what the imperceptible mark says, 4 bits of version and the 32 random bits of a
// take's id, and how that becomes symbols: a CRC-8 makes 44 bits, cut into four symbols of 11.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RUSHES_MARK_VERSION     1
#define RUSHES_MARK_SYMBOLS     4
#define RUSHES_MARK_SYMBOL_BITS 11

typedef struct RushesMarkPayload {
    guint version; // 0 to 15
    guint32 id;
} RushesMarkPayload;

void rushes_mark_payload_encode(RushesMarkPayload payload, guint symbols[RUSHES_MARK_SYMBOLS]);
// FALSE when the check bits do not fit; `payload` is then untouched.
gboolean rushes_mark_payload_decode(const guint symbols[RUSHES_MARK_SYMBOLS],
                                    RushesMarkPayload *payload);

// What the mark of a take says: the random half of its id ("20261122-184402-1f2e3d4c" gives 0x1f2e3d4c), or the first
// 32 bits of the SHA-256 of an id that does not end in eight hexadecimal digits.
RushesMarkPayload rushes_mark_payload_of_take(const char *take);

G_END_DECLS
