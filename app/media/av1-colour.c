// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/av1-colour.h"

#include <string.h>

#define OBU_SEQUENCE_HEADER 1
#define BT709               1 // in each of the three lists (section 6.4.2)
#define SITED_LEFT          1 // CSP_VERTICAL
#define PROFILE_MAIN        0
#define PROFILE_HIGH        1

// Bits, highest first. Past the end zeros are read, and `overrun` says so.
typedef struct Reader {
    const guint8 *data;
    gsize bits, at;
    gboolean overrun;
} Reader;

typedef struct Writer {
    GByteArray *out;
    guint used; // bits of the last byte, 8 when it is full
} Writer;

static guint32 take(Reader *reader, guint count)
{
    guint32 value = 0;

    for (guint i = 0; i < count; i++, reader->at++) {
        reader->overrun |= reader->at >= reader->bits;
        guint bit = reader->at < reader->bits
                        ? (reader->data[reader->at / 8] >> (7 - reader->at % 8)) & 1
                        : 0;
        value = (value << 1) | bit;
    }
    return value;
}

static void put(Writer *writer, guint32 value, guint count)
{
    for (guint i = count; i-- > 0;) {
        if (writer->used == 8) {
            g_byte_array_append(writer->out, (const guint8 *)"", 1);
            writer->used = 0;
        }
        writer->out->data[writer->out->len - 1] |=
            (guint8)(((value >> i) & 1) << (7 - writer->used++));
    }
}

static void skip_unsigned_exp(Reader *reader) // uvlc()
{
    guint zeros = 0;

    while (zeros < 32 && !take(reader, 1) && !reader->overrun)
        zeros++;
    if (zeros < 32)
        take(reader, zeros);
}

// What stands between the operating points' count and the picture's size.
static void skip_operating_points(Reader *reader, gboolean has_model, guint delay_bits)
{
    gboolean has_display_delay = take(reader, 1) != 0;
    guint points = take(reader, 5) + 1;

    for (guint i = 0; i < points; i++) {
        take(reader, 12);
        if (take(reader, 5) > 7)
            take(reader, 1);
        if (has_model && take(reader, 1)) {
            take(reader, delay_bits);
            take(reader, delay_bits);
            take(reader, 1);
        }
        if (has_display_delay && take(reader, 1))
            take(reader, 4);
    }
}

static void skip_timing(Reader *reader)
{
    gboolean has_model = FALSE;
    guint delay_bits = 0;

    if (take(reader, 1)) { // timing_info_present_flag
        take(reader, 32);
        take(reader, 32);
        if (take(reader, 1))
            skip_unsigned_exp(reader);
        has_model = take(reader, 1) != 0;
        if (has_model) {
            delay_bits = take(reader, 5) + 1;
            take(reader, 32);
            take(reader, 10);
        }
    }
    skip_operating_points(reader, has_model, delay_bits);
}

static void skip_tools(Reader *reader, gboolean reduced)
{
    if (!reduced && take(reader, 1)) // frame_id_numbers_present_flag
        take(reader, 7);
    take(reader, 3); // superblock size, filter intra, intra edge filter
    if (!reduced) {
        take(reader, 4);
        gboolean has_order = take(reader, 1) != 0;
        if (has_order)
            take(reader, 2);
        guint screen_tools = take(reader, 1) ? 2 : take(reader, 1);
        if (screen_tools > 0 && !take(reader, 1)) // not chosen frame by frame
            take(reader, 1);
        if (has_order)
            take(reader, 3);
    }
    take(reader, 3); // superresolution, CDEF, restoration
}

// Reads up to color_description_present_flag. Returns the profile; `mono` says whether there is no chroma.
static guint find_description(Reader *reader, gboolean *mono)
{
    guint profile = take(reader, 3);

    take(reader, 1); // still_picture
    gboolean reduced = take(reader, 1) != 0;
    if (reduced)
        take(reader, 5);
    else
        skip_timing(reader);
    guint width_bits = take(reader, 4) + 1, height_bits = take(reader, 4) + 1;
    take(reader, width_bits);
    take(reader, height_bits);
    skip_tools(reader, reduced);
    gboolean deep = take(reader, 1) != 0;
    if (profile > PROFILE_HIGH && deep)
        take(reader, 1); // twelve_bit: the rest of color_config() differs, and is not touched
    *mono = profile != PROFILE_HIGH && take(reader, 1);
    return profile;
}

// The sequence header's bytes with the description; NULL when it has one or cannot be read.
static GByteArray *describe(const guint8 *data, gsize bytes)
{
    Reader reader = {.data = data, .bits = bytes * 8};
    gboolean mono;
    guint profile = find_description(&reader, &mono);
    gsize before = reader.at;

    if (take(&reader, 1) || reader.overrun || profile != PROFILE_MAIN || mono)
        return NULL;
    take(&reader, 3); // color_range, chroma_sample_position
    guint32 separate_delta = take(&reader, 1), grain = take(&reader, 1);
    if (reader.overrun || !take(&reader, 1)) // the trailing one bit ends a header
        return NULL;
    GByteArray *out = g_byte_array_new();
    Writer writer = {.out = out, .used = 8};
    Reader head = {.data = data, .bits = before};
    while (head.at < before)
        put(&writer, take(&head, 1), 1);
    put(&writer, 1, 1);
    for (int list = 0; list < 3; list++)
        put(&writer, BT709, 8);
    put(&writer, 0, 1); // limited range
    put(&writer, SITED_LEFT, 2);
    put(&writer, separate_delta, 1);
    put(&writer, grain, 1);
    put(&writer, 1, 1); // trailing bits, then zeros up to a byte
    return out;
}

// A number of up to eight bytes, seven bits each, lowest first. Returns how many bytes it took; 0: it does not end.
static gsize read_leb128(const guint8 *data, gsize bytes, guint64 *value)
{
    *value = 0;
    for (gsize i = 0; i < MIN(bytes, 8); i++) {
        *value |= (guint64)(data[i] & 0x7f) << (7 * i);
        if (!(data[i] & 0x80))
            return i + 1;
    }
    return 0;
}

static void append_leb128(GByteArray *out, guint64 value)
{
    do {
        guint8 byte = (guint8)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        g_byte_array_append(out, &byte, 1);
        value >>= 7;
    } while (value > 0);
}

GByteArray *rushes_av1_tag_colour(const guint8 *data, gsize bytes)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    gboolean changed = FALSE;

    for (gsize at = 0; at < bytes;) {
        guint type = (data[at] >> 3) & 15;
        gsize header = data[at] & 4 ? 2 : 1; // with an extension byte
        guint64 payload;
        if (!(data[at] & 2) ||
            at + header > bytes) // without a size an OBU cannot be told from the next
            return NULL;
        gsize size_bytes = read_leb128(data + at + header, bytes - at - header, &payload);
        gsize start = at + header + size_bytes;
        if (size_bytes == 0 || payload > bytes - start)
            return NULL;
        g_autoptr(GByteArray) described =
            type == OBU_SEQUENCE_HEADER ? describe(data + start, payload) : NULL;
        if (described) {
            g_byte_array_append(out, data + at, (guint)header);
            append_leb128(out, described->len);
            g_byte_array_append(out, described->data, described->len);
            changed = TRUE;
        } else {
            g_byte_array_append(out, data + at, (guint)(start + payload - at));
        }
        at = start + payload;
    }
    return changed ? g_steal_pointer(&out) : NULL;
}
