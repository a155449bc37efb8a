// SPDX-License-Identifier: GPL-3.0-or-later
//
// mark-search.h - a few seconds of pictures: where in them does the mark lie, at what scale, and what does it say.
#pragma once
#include "marks/mark-evidence.h"
#include "marks/mark-payload.h"

G_BEGIN_DECLS

typedef struct RushesMarkSearch RushesMarkSearch;

RushesMarkSearch *rushes_mark_search_new(const RushesMarkStretch *stretch);
// The best score over all phases, scales, places and payloads, and that payload: the sum of the agreement with the
// five tiles of `key` (mark-tiles.h), each in standard deviations. 0 when nothing can be said: fewer than two
// pictures, or pictures that do not change.
double rushes_mark_search_read(RushesMarkSearch *self, guint key, RushesMarkPayload *payload);
void rushes_mark_search_free(RushesMarkSearch *self); // NULL-safe

G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesMarkSearch, rushes_mark_search_free)

G_END_DECLS
