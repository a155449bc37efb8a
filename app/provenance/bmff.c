// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/bmff.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <string.h>

#include "provenance/identity.h"

// Chunk offsets live here; the box may be nested this deep and no deeper.
static const char *const offset_path[] = {"moov", "trak", "mdia", "minf", "stbl"};

const guint8 rushes_bmff_store_uuid[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                           0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
// After the box header and uuid: version and flags, "manifest" with its NUL, offset of the first Merkle box.
static const guint8 lead[4 + 9 + 8] = "\0\0\0\0manifest";
#define STORE_PREFIX_BYTES (8 + 16 + sizeof(lead))
#define MAX_BOXES          100000 // a file with more is not one that a muxer wrote

typedef struct Box {
    char kind[5];
    guint64 offset, bytes;
    guint header; // bytes
} Box;

static guint32 read_u32(const guint8 *p)
{
    return ((guint32)p[0] << 24) | ((guint32)p[1] << 16) | ((guint32)p[2] << 8) | p[3];
}

static guint64 read_u64(const guint8 *p)
{
    return ((guint64)read_u32(p) << 32) | read_u32(p + 4);
}

static void write_u32(guint8 *p, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(p, &value, 4);
}

static gboolean box_at(const guint8 *data, guint64 end, guint64 offset, Box *box)
{
    if (offset > end || end - offset < 8)
        return FALSE;
    box->offset = offset;
    box->bytes = read_u32(data + offset);
    box->header = 8;
    memcpy(box->kind, data + offset + 4, 4);
    box->kind[4] = '\0';
    if (box->bytes == 1) { // 64-bit size follows
        if (end - offset < 16)
            return FALSE;
        box->bytes = read_u64(data + offset + 8);
        box->header = 16;
    } else if (box->bytes == 0) { // up to the end of the file
        box->bytes = end - offset;
    }
    return box->bytes >= box->header && box->bytes <= end - offset;
}

static gboolean fail_file(GError **error, const char *path, const char *what)
{
    g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FILE, "%s: %s", path, what);
    return FALSE;
}

static gboolean is_store(const guint8 *data, const Box *box)
{
    return strcmp(box->kind, "uuid") == 0 &&
           box->bytes >= box->header + sizeof(rushes_bmff_store_uuid) &&
           memcmp(data + box->offset + box->header, rushes_bmff_store_uuid,
                  sizeof(rushes_bmff_store_uuid)) == 0;
}

static gboolean is_excluded(const guint8 *data, const Box *box)
{
    static const char *const kinds[] = {"ftyp", "mfra", "free", "skip"};

    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(box->kind, kinds[i]) == 0)
            return TRUE;
    return is_store(data, box);
}

// Adds `shift` to every chunk offset in one stco or co64 box.
static gboolean shift_table(guint8 *data, const Box *box, guint64 shift)
{
    gboolean wide = strcmp(box->kind, "co64") == 0;
    guint64 entry = wide ? 8 : 4;
    guint64 room = box->bytes - box->header;

    if (room < 8)
        return FALSE;
    guint8 *cursor = data + box->offset + box->header + 8;
    guint64 count = read_u32(cursor - 4);
    if (count > (room - 8) / entry)
        return FALSE;
    for (guint64 i = 0; i < count; i++, cursor += entry) {
        guint64 value = wide ? read_u64(cursor) : read_u32(cursor);
        if (value > (wide ? G_MAXUINT64 : G_MAXUINT32) - shift)
            return FALSE;
        value += shift;
        if (wide)
            write_u32(cursor, (guint32)(value >> 32));
        write_u32(cursor + entry - 4, (guint32)value);
    }
    return TRUE;
}

// Walks moov/trak/mdia/minf/stbl and shifts the tables found there. `depth` is the level of [start, end).
static gboolean shift_offsets(guint8 *data, guint64 start, guint64 end, guint depth, guint64 shift)
{
    Box box;

    for (guint64 at = start; at < end; at += box.bytes) {
        if (!box_at(data, end, at, &box))
            return FALSE;
        if (depth < G_N_ELEMENTS(offset_path) && strcmp(box.kind, offset_path[depth]) == 0) {
            if (!shift_offsets(data, box.offset + box.header, box.offset + box.bytes, depth + 1,
                               shift))
                return FALSE;
        } else if (depth == G_N_ELEMENTS(offset_path) &&
                   (strcmp(box.kind, "stco") == 0 || strcmp(box.kind, "co64") == 0)) {
            if (!shift_table(data, &box, shift))
                return FALSE;
        }
    }
    return TRUE;
}

gboolean rushes_bmff_insert_gap(const char *from, const char *to, gsize bytes, goffset *gap,
                                GError **error)
{
    g_autoptr(GMappedFile) mapped =
        g_mapped_file_new(from, TRUE, error); // writable: private copy-on-write pages
    if (!mapped)
        return FALSE;
    guint8 *data = (guint8 *)g_mapped_file_get_contents(mapped);
    guint64 size = g_mapped_file_get_length(mapped);
    guint64 insert = 0;
    gboolean has_moov = FALSE;
    Box box;
    guint count = 0;

    for (guint64 at = 0; at < size; at += box.bytes) {
        if (!box_at(data, size, at, &box) || ++count > MAX_BOXES)
            return fail_file(error, from, "is not a whole MP4 file: a box reaches past its end");
        if (strcmp(box.kind, "ftyp") == 0 && insert == 0)
            insert = box.offset + box.bytes;
        has_moov |= strcmp(box.kind, "moov") == 0;
        if (strcmp(box.kind, "moof") == 0)
            return fail_file(error, from, "is a fragmented MP4; export it unfragmented to sign it");
        if (is_store(data, &box))
            return fail_file(error, from, "already carries content credentials");
    }
    if (!insert || !has_moov)
        return fail_file(error, from, "is not an MP4 file: ftyp or moov is missing");
    // Chunk offsets count from the start of the file and media lies behind ftyp, so all of them move.
    if (!shift_offsets(data, 0, size, 0, bytes))
        return fail_file(error, from, "has a broken table of chunk offsets");

    FILE *file = fopen(to, "we");
    g_autofree guint8 *zeros = g_malloc0(bytes);
    gboolean good = file && fwrite(data, 1, insert, file) == insert &&
                    fwrite(zeros, 1, bytes, file) == bytes &&
                    fwrite(data + insert, 1, size - insert, file) == size - insert;
    int reason = errno;
    if (file && fclose(file) != 0) {
        good = FALSE;
        reason = errno;
    }
    if (!good) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason), "%s: cannot be written (%s)",
                    to, g_strerror(reason));
        g_unlink(to);
        return FALSE;
    }
    *gap = (goffset)insert;
    return TRUE;
}

gboolean rushes_bmff_hash(const char *path, guint8 hash[RUSHES_BMFF_HASH_BYTES], GError **error)
{
    g_autoptr(GMappedFile) mapped = g_mapped_file_new(path, FALSE, error);
    if (!mapped)
        return FALSE;
    const guint8 *data = (const guint8 *)g_mapped_file_get_contents(mapped);
    guint64 size = g_mapped_file_get_length(mapped);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean good = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    Box box;
    guint count = 0;

    for (guint64 at = 0; good && at < size; at += box.bytes) {
        good = box_at(data, size, at, &box) && ++count <= MAX_BOXES;
        if (!good || is_excluded(data, &box))
            continue;
        guint64 offset = GUINT64_TO_BE(box.offset);
        EVP_DigestUpdate(context, &offset, sizeof(offset));
        EVP_DigestUpdate(context, data + box.offset, box.bytes);
    }
    if (good)
        EVP_DigestFinal_ex(context, hash, NULL);
    EVP_MD_CTX_free(context);
    return good ? TRUE
                : fail_file(error, path, "is not a whole MP4 file: a box reaches past its end");
}

GBytes *rushes_bmff_read_store(const char *path, GError **error)
{
    g_autoptr(GMappedFile) mapped = g_mapped_file_new(path, FALSE, error);
    if (!mapped)
        return NULL;
    const guint8 *data = (const guint8 *)g_mapped_file_get_contents(mapped);
    guint64 size = g_mapped_file_get_length(mapped);
    Box box;
    guint count = 0;

    for (guint64 at = 0; box_at(data, size, at, &box) && ++count <= MAX_BOXES; at += box.bytes) {
        guint64 prefix = STORE_PREFIX_BYTES - 8 + box.header;
        // Nothing signs what stands before the store, so it has to be exactly what belongs there.
        if (!is_store(data, &box) || box.bytes < prefix ||
            memcmp(data + box.offset + box.header + 16, lead, sizeof(lead)) != 0)
            continue;
        return g_bytes_new(data + box.offset + prefix, box.bytes - prefix);
    }
    return NULL;
}

GByteArray *rushes_bmff_wrap_store(const GByteArray *store, gsize padding)
{
    GByteArray *out = g_byte_array_new();
    guint8 header[8];

    write_u32(header, (guint32)(STORE_PREFIX_BYTES + store->len + padding));
    memcpy(header + 4, "uuid", 4);
    g_byte_array_append(out, header, sizeof(header));
    g_byte_array_append(out, rushes_bmff_store_uuid, sizeof(rushes_bmff_store_uuid));
    g_byte_array_append(out, lead, sizeof(lead));
    g_byte_array_append(out, store->data, store->len);
    g_byte_array_set_size(out, out->len + (guint)padding);
    memset(out->data + out->len - padding, 0, padding);
    return out;
}
