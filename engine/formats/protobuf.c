// SPDX-License-Identifier: GPL-3.0-or-later
// Wire format: protobuf.dev/programming-guides/encoding.
#include "formats/protobuf.h"

#include "formats/number_types.h"

static bool read_varint(ProtobufReader *reader, uint64_t *out)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *out = value;
            return true;
        }
    }
    return false;
}

static size_t left(const ProtobufReader *reader)
{
    return (size_t)(reader->end - reader->at);
}

ProtobufResult protobuf_next(ProtobufReader *reader, ProtobufField *field)
{
    uint64_t tag, length;
    if (reader->at == reader->end)
        return PROTOBUF_END;
    if (!read_varint(reader, &tag) || tag >> 3 == 0 || tag >> 3 >= 1u << 29)
        return PROTOBUF_BROKEN;
    *field = (ProtobufField){.number = (uint32_t)(tag >> 3), .wire = (ProtobufWire)(tag & 7)};

    switch (tag & 7) {
    case PROTOBUF_VARINT:
        return read_varint(reader, &field->value) ? PROTOBUF_FIELD : PROTOBUF_BROKEN;
    case PROTOBUF_FIXED64:
        if (left(reader) < 8)
            return PROTOBUF_BROKEN;
        field->value = load_u64(reader->at);
        reader->at += 8;
        return PROTOBUF_FIELD;
    case PROTOBUF_FIXED32:
        if (left(reader) < 4)
            return PROTOBUF_BROKEN;
        field->value = load_u32(reader->at);
        reader->at += 4;
        return PROTOBUF_FIELD;
    case PROTOBUF_BYTES:
        if (!read_varint(reader, &length) || length > left(reader))
            return PROTOBUF_BROKEN;
        field->bytes = reader->at;
        field->length = (size_t)length;
        reader->at += length;
        return PROTOBUF_FIELD;
    default: // groups, which were abolished before SentencePiece was written
        return PROTOBUF_BROKEN;
    }
}
