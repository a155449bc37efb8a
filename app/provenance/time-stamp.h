// SPDX-License-Identifier: GPL-3.0-or-later
//
// time-stamp.h - a time-stamping authority's word that a signature existed at a time (RFC 3161). Off unless the creator
// names an authority: it is the one thing of the studio that talks to the network.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// Asks the authority at `url` (http or https) to stamp these bytes and checks its answer: granted, for these bytes and
// this question, signed by a certificate that has not expired. Blocks for 15 seconds at most. The whole answer as DER,
// owned by the caller; NULL with one sentence.
GBytes *rushes_time_stamp_request(const char *url, const void *message, gsize bytes,
                                  GError **error);

// What a token says. Strings are owned by the caller.
typedef struct RushesTimeStamp {
    char *when;      // RFC 3339, UTC
    char *authority; // name in its certificate
} RushesTimeStamp;

// FALSE with one sentence when it is no token, is for other bytes, or its signature does not hold. Whether the authority
// deserves trust is not judged.
gboolean rushes_time_stamp_read(GBytes *token, const void *message, gsize bytes,
                                RushesTimeStamp *stamp, GError **error);

G_END_DECLS
