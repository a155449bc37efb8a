// SPDX-License-Identifier: GPL-3.0-or-later
// engine-event.h - one line from the worker as a RushesEngineEvent; engine-client.c's other half.
#pragma once
#include "queue/engine-client.h"

G_BEGIN_DECLS

// NULL when the line is no event of docs/protocol.md; the tree is the caller's (cJSON_Delete) and the
// event points into it.
cJSON *rushes_engine_event_parse(const char *line, gsize bytes, RushesEngineEvent *event);

G_END_DECLS
