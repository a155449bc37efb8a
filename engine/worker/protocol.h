// SPDX-License-Identifier: GPL-3.0-or-later
//
// protocol.h - one line of docs/protocol.md as a struct. Parsing is a pure function of the bytes:
// nothing is looked up, so that the fuzzer and the tests see all of it.
#pragma once
#include <cjson/cJSON.h>

#include "rsh.h"

#define PROTOCOL_VERSION    1
#define PROTOCOL_LINE_BYTES (1024 * 1024) // longest line, newline not counted

typedef enum RequestKind {
    REQUEST_HELLO,
    REQUEST_LOAD,
    REQUEST_ESTIMATE,
    REQUEST_GENERATE,
    REQUEST_CANCEL,
    REQUEST_TOKENIZE,
    REQUEST_QUIT,
} RequestKind;

// A job as it was written: what is absent is NULL or 0 and takes the model's default.
typedef struct ProtocolJob {
    const char *model, *prompt;
    const char *negative; // NULL when absent, which differs from ""
    uint64_t seed;
    uint32_t width, height, frames, steps;
    double fps, guidance, audio_guidance, shift;
    const char *sampler;
    RshConditioning conditioning;
} ProtocolJob;

typedef struct ProtocolRequest {
    cJSON *root; // every string below belongs to it
    RequestKind kind;
    uint32_t id;
    uint32_t protocol;        // HELLO
    const char *model, *text; // LOAD, TOKENIZE
    uint32_t target;          // CANCEL
    const char *take;         // GENERATE
    bool previews;            // GENERATE
    ProtocolJob job;          // ESTIMATE, GENERATE
} ProtocolRequest;

// On failure `out->root` is NULL, the error says in one sentence what is wrong, and `out->id` is the
// line's id where it had one that could be read, so that the answer can carry it.
RSH_MUST_USE RshStatus protocol_parse(const char *line, size_t bytes, ProtocolRequest *out,
                                      RshError *error);
void protocol_request_clear(ProtocolRequest *request);
