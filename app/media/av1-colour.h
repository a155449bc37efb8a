// SPDX-License-Identifier: GPL-3.0-or-later
//
// av1-colour.h - says in an AV1 stream which colours it holds: GStreamer 1.22's encoder writes a sequence header
// without a colour description, and a player then guesses by the size of the picture.
//
// Source: AV1 Bitstream & Decoding Process Specification, sections 5.3 (OBU syntax), 5.5 (sequence header), 6.4.2.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// The temporal unit (or the configuration OBUs) `data` with every sequence header saying BT.709 primaries, transfer and
// matrix, limited range and, where chroma is halved both ways, chroma sited left. Owned by the caller; NULL when nothing
// has to change, because there is no sequence header, it describes its colours already, or it cannot be read.
GByteArray *rushes_av1_tag_colour(const guint8 *data, gsize bytes);

G_END_DECLS
