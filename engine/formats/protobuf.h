// SPDX-License-Identifier: GPL-3.0-or-later
// protobuf.h - reading protocol-buffer fields from hostile bytes. No schema, no allocation.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ProtobufReader {
    const uint8_t *at, *end;
} ProtobufReader;

typedef enum ProtobufWire {
    PROTOBUF_VARINT = 0,
    PROTOBUF_FIXED64 = 1,
    PROTOBUF_BYTES = 2,
    PROTOBUF_FIXED32 = 5,
} ProtobufWire;

typedef struct ProtobufField {
    uint32_t number;
    ProtobufWire wire;
    uint64_t value;       // VARINT, FIXED32 and FIXED64
    const uint8_t *bytes; // BYTES; inside the reader's range
    size_t length;
} ProtobufField;

typedef enum ProtobufResult { PROTOBUF_FIELD, PROTOBUF_END, PROTOBUF_BROKEN } ProtobufResult;

// The next field, whatever its number. BROKEN when the message is cut or not a message.
ProtobufResult protobuf_next(ProtobufReader *reader, ProtobufField *field);
