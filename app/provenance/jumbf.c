// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/jumbf.h"

#include <string.h>

#define HEADER_BYTES 8
#define TYPE_BYTES   16
// Toggles of a description box: the box may be referred to, and a label follows.
#define REQUESTABLE_WITH_LABEL 0x03
#define WITH_SALT              0x10 // other programs' assertions have one in front of what they hold

static const guint8 type_tail[12] = {0x00, 0x11, 0x00, 0x10, 0x80, 0x00,
                                     0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};

static void append_header(GByteArray *out, gsize bytes, const char *kind)
{
    guint32 length = GUINT32_TO_BE((guint32)(bytes + HEADER_BYTES));

    g_byte_array_append(out, (const guint8 *)&length, 4);
    g_byte_array_append(out, (const guint8 *)kind, 4);
}

void rushes_jumbf_append_box(GByteArray *out, const char *kind, const guint8 *data, gsize bytes)
{
    append_header(out, bytes, kind);
    g_byte_array_append(out, data, (guint)bytes);
}

gsize rushes_jumbf_append(GByteArray *out, const char *type, const char *label,
                          const GByteArray *content)
{
    gsize start = out->len;
    gsize label_bytes = strlen(label) + 1;
    gsize description = TYPE_BYTES + 1 + label_bytes;
    guint8 toggles = REQUESTABLE_WITH_LABEL;

    append_header(out, HEADER_BYTES + description + content->len, "jumb");
    append_header(out, description, "jumd");
    g_byte_array_append(out, (const guint8 *)type, 4);
    g_byte_array_append(out, type_tail, sizeof(type_tail));
    g_byte_array_append(out, &toggles, 1);
    g_byte_array_append(out, (const guint8 *)label, (guint)label_bytes);
    g_byte_array_append(out, content->data, content->len);
    return start;
}

// Reads a box header; *payload is what follows it. FALSE when the length is not inside the bytes.
static gboolean read_header(const guint8 *data, gsize bytes, const char **kind, gsize *length)
{
    if (bytes < HEADER_BYTES)
        return FALSE;
    *length = ((gsize)data[0] << 24) | ((gsize)data[1] << 16) | ((gsize)data[2] << 8) | data[3];
    *kind = (const char *)data + 4;
    return *length >= HEADER_BYTES && *length <= bytes;
}

gboolean rushes_jumbf_read(const guint8 *data, gsize bytes, RushesJumbf *out, gsize *length)
{
    const char *kind;
    gsize description;

    if (!read_header(data, bytes, &kind, length) || memcmp(kind, "jumb", 4) != 0)
        return FALSE;
    out->hashed = data + HEADER_BYTES;
    out->hashed_bytes = *length - HEADER_BYTES;
    if (!read_header(out->hashed, out->hashed_bytes, &kind, &description) ||
        memcmp(kind, "jumd", 4) != 0 || description < HEADER_BYTES + TYPE_BYTES + 2)
        return FALSE;
    const guint8 *type = out->hashed + HEADER_BYTES;
    const guint8 *label = type + TYPE_BYTES + 1;
    gsize label_room = description - HEADER_BYTES - TYPE_BYTES - 1;
    const guint8 *end = memchr(label, 0, label_room);
    if (memcmp(type + 4, type_tail, sizeof(type_tail)) != 0 ||
        (type[TYPE_BYTES] & ~WITH_SALT) != REQUESTABLE_WITH_LABEL || !end ||
        (gsize)(end - label) >= sizeof(out->label))
        return FALSE;
    out->is_salted = (type[TYPE_BYTES] & WITH_SALT) != 0;
    memcpy(out->type, type, 4);
    out->type[4] = '\0';
    memcpy(out->label, label, (gsize)(end - label) + 1);
    out->content = out->hashed + description;
    out->content_bytes = out->hashed_bytes - description;
    return TRUE;
}

gboolean rushes_jumbf_find(const RushesJumbf *parent, const char *label, RushesJumbf *out)
{
    const guint8 *cursor = parent->content;
    gsize left = parent->content_bytes;
    const char *kind;
    gsize length;

    while (read_header(cursor, left, &kind, &length)) {
        gsize inner;
        if (memcmp(kind, "jumb", 4) == 0 && rushes_jumbf_read(cursor, left, out, &inner) &&
            strcmp(out->label, label) == 0)
            return TRUE;
        cursor += length;
        left -= length;
    }
    return FALSE;
}

gboolean rushes_jumbf_payload(const RushesJumbf *box, const char *wanted, const guint8 **data,
                              gsize *bytes)
{
    const guint8 *cursor = box->content;
    gsize left = box->content_bytes;
    const char *kind;
    gsize length;

    while (read_header(cursor, left, &kind, &length)) {
        if (memcmp(kind, wanted, 4) == 0) {
            *data = cursor + HEADER_BYTES;
            *bytes = length - HEADER_BYTES;
            return TRUE;
        }
        cursor += length;
        left -= length;
    }
    return FALSE;
}
