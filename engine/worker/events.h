// SPDX-License-Identifier: GPL-3.0-or-later
//
// events.h - what the worker says, as lines of docs/protocol.md section 2. Every function writes one
// whole line; any thread may call them.
#pragma once
#include <cjson/cJSON.h>

#include "rsh.h"

void events_open(int fd);
bool events_are_heard(void); // false once the reader has gone

void events_ready(uint32_t id, const RshEngine *engine);
void events_loaded(uint32_t id, const RshModel *model);
void events_tokens(uint32_t id, uint32_t count, uint32_t limit);
void events_estimate(uint32_t id, const RshEstimate *estimate);
void events_accepted(uint32_t id, const char *model, const RshRequest *request, uint32_t resumed);
void events_job(uint32_t id, const RshEvent *event); // PROGRESS, PREVIEW, FRAME, AUDIO
void events_done(uint32_t id, const RshEngine *engine, const RshResult *result);
void events_cancelled(uint32_t id, uint32_t step);
// `code` is NULL for the status's own name. The sentence gets its capital and its full stop here.
void events_error(uint32_t id, const char *code, const RshError *error);
void events_log(RshLogLevel level, const char *line);
