// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/bmff.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "media/steady-file.h"
#include "provenance/identity.h"

// Chunk offsets live here; the box may be nested this deep and no deeper.
static const char *const offset_path[] = {"moov", "trak", "mdia", "minf", "stbl"};

const guint8 rushes_bmff_store_uuid[16] = {0xd8, 0xfe, 0xc3, 0xd6, 0x1b, 0x0e, 0x48, 0x3c,
                                           0x92, 0x97, 0x58, 0x28, 0x87, 0x7e, 0xc4, 0x81};
// After the box header and uuid: version and flags, "manifest" with its NUL, offset of the first Merkle box.
static const guint8 lead_bytes[4 + 9 + 8] = "\0\0\0\0manifest";
#define STORE_PREFIX_BYTES (8 + 16 + sizeof(lead_bytes))
#define MAX_BOXES          100000 // a file with more is not one that a muxer wrote
#define MOST_MOOV          (256 * 1024 * 1024)
#define MOST_STORE         (64 * 1024 * 1024)

typedef struct Box {
    char kind[5];
    guint64 offset, bytes;
    guint header;          // bytes
    gboolean is_store;     // the uuid box of the credentials; of boxes at the top alone
    guint8 purpose[4 + 9]; // of that box: version, flags and the word for what it holds
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

// The header at `head`, of which min(left, 16) bytes are there; `left` bytes remain of what holds the box.
static gboolean parse_header(const guint8 *head, guint64 left, guint64 offset, Box *box)
{
    *box = (Box){.offset = offset, .header = 8};
    if (left < 8)
        return FALSE;
    box->bytes = read_u32(head);
    memcpy(box->kind, head + 4, 4);
    if (box->bytes == 1) { // 64-bit size follows
        if (left < 16)
            return FALSE;
        box->bytes = read_u64(head + 8);
        box->header = 16;
    } else if (box->bytes == 0) { // up to the end of the file
        box->bytes = left;
    }
    return box->bytes >= box->header && box->bytes <= left;
}

static gboolean box_at(const guint8 *data, guint64 end, guint64 offset, Box *box)
{
    return offset <= end && parse_header(data + offset, end - offset, offset, box);
}

static gboolean fail_file(GError **error, const char *path, const char *what)
{
    g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FILE, "%s: %s", path, what);
    return FALSE;
}

// The boxes at the top of a file, one after the other.
typedef struct Walk {
    RushesSteadyFile file;
    guint64 at;
    guint count;
} Walk;

// The next box; FALSE at the end, or with an error where the bytes are no box.
static gboolean walk_next(Walk *walk, Box *box, GError **error)
{
    guint8 head[16 + 16 + sizeof(box->purpose)];
    guint64 left = walk->file.bytes - walk->at;
    gsize there = (gsize)MIN(left, sizeof(head));

    if (left == 0)
        return FALSE;
    if (!rushes_steady_file_read(&walk->file, walk->at, head, there, error))
        return FALSE;
    if (!parse_header(head, left, walk->at, box) || ++walk->count > MAX_BOXES)
        return fail_file(error, walk->file.name,
                         "is not a whole MP4 file: a box reaches past its end");
    box->is_store = strcmp(box->kind, "uuid") == 0 &&
                    box->bytes >= box->header + 16 + sizeof(box->purpose) &&
                    memcmp(head + box->header, rushes_bmff_store_uuid, 16) == 0;
    if (box->is_store)
        memcpy(box->purpose, head + box->header + 16, sizeof(box->purpose));
    walk->at += box->bytes;
    return TRUE;
}

static gboolean is_excluded(const Box *box)
{
    return box->is_store || strcmp(box->kind, "ftyp") == 0 || strcmp(box->kind, "mfra") == 0;
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

static gboolean put(const guint8 *data, gsize bytes, gpointer file, GError **error G_GNUC_UNUSED)
{
    return fwrite(data, 1, bytes, file) == bytes; // why not, is in errno
}

static gboolean put_moov(const RushesSteadyFile *file, const Box *box, guint64 shift, FILE *out,
                         GError **error)
{
    if (box->bytes > MOST_MOOV)
        return fail_file(error, file->name, "has headers of more than 256 MiB");
    g_autofree guint8 *moov = g_malloc((gsize)box->bytes);
    if (!rushes_steady_file_read(file, box->offset, moov, (gsize)box->bytes, error))
        return FALSE;
    // Chunk offsets count from the start of the file and media lies behind ftyp, so all of them move.
    if (!shift_offsets(moov, 0, box->bytes, 0, shift))
        return fail_file(error, file->name, "has a broken table of chunk offsets");
    return put(moov, (gsize)box->bytes, out, NULL);
}

// What a gap behind ftyp needs of the file: exactly what an unfragmented, unsigned MP4 has.
static gboolean check_boxes(const char *path, goffset *gap, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    GError *failure = NULL;
    gboolean has_moov = FALSE;
    Box box;

    *gap = 0;
    if (!rushes_steady_file_open(&file, path, error))
        return FALSE;
    Walk walk = {.file = file};
    while (walk_next(&walk, &box, &failure)) {
        if (strcmp(box.kind, "ftyp") == 0 && *gap == 0)
            *gap = (goffset)(box.offset + box.bytes);
        has_moov |= strcmp(box.kind, "moov") == 0;
        if (strcmp(box.kind, "moof") == 0)
            return fail_file(error, path, "is a fragmented MP4; export it unfragmented to sign it");
        if (box.is_store)
            return fail_file(error, path, "already carries content credentials");
    }
    if (failure)
        g_propagate_error(error, failure);
    else if (*gap == 0 || !has_moov)
        fail_file(error, path, "is not an MP4 file: ftyp or moov is missing");
    return !failure && *gap > 0 && has_moov;
}

static gboolean copy_boxes(const char *path, FILE *out, gsize bytes, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autofree guint8 *zeros = g_malloc0(bytes);
    gboolean has_gap = FALSE, good = rushes_steady_file_open(&file, path, error);
    GError *failure = NULL;
    Box box;

    Walk walk = {.file = file};
    while (good && walk_next(&walk, &box, &failure)) {
        good = strcmp(box.kind, "moov") == 0
                   ? put_moov(&file, &box, bytes, out, &failure)
                   : rushes_steady_file_pass(&file, box.offset, box.bytes, put, out, &failure);
        if (good && !has_gap && strcmp(box.kind, "ftyp") == 0) {
            has_gap = TRUE;
            good = put(zeros, bytes, out, NULL);
        }
    }
    if (failure)
        g_propagate_error(error, failure);
    return good && !failure;
}

gboolean rushes_bmff_insert_gap(const char *from, const char *to, gsize bytes, goffset *gap,
                                GError **error)
{
    GError *failure = NULL;

    if (!check_boxes(from, gap, error))
        return FALSE;
    FILE *file = g_fopen(to, "we");
    gboolean good = file && copy_boxes(from, file, bytes, &failure);
    int reason = errno;
    if (file && fclose(file) != 0 && good) {
        good = FALSE;
        reason = errno;
    }
    if (!good && !failure)
        g_set_error(&failure, G_IO_ERROR, g_io_error_from_errno(reason),
                    "%s: cannot be written (%s)", to, g_strerror(reason));
    if (failure) {
        g_propagate_error(error, failure);
        g_unlink(to);
    }
    return good;
}

static gboolean hash_box(const RushesSteadyFile *file, const Box *box, GChecksum *media,
                         GChecksum *lead, GError **error)
{
    guint64 offset = GUINT64_TO_BE(box->offset);
    guint64 bytes = box->is_store ? box->header + 16 + sizeof(lead_bytes) : box->bytes;
    gboolean excluded = is_excluded(box);

    if (!excluded)
        g_checksum_update(media, (const guint8 *)&offset, sizeof(offset));
    return rushes_steady_file_pass(file, box->offset, MIN(bytes, box->bytes),
                                   rushes_steady_file_hash, excluded ? lead : media, error);
}

gboolean rushes_bmff_hash(const char *path, RushesFileHash *hash, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autoptr(GChecksum) media = g_checksum_new(G_CHECKSUM_SHA256);
    g_autoptr(GChecksum) lead = g_checksum_new(G_CHECKSUM_SHA256);
    GError *failure = NULL;
    gsize bytes = RUSHES_HASH_BYTES;
    Box box;

    if (!rushes_steady_file_open(&file, path, error))
        return FALSE;
    Walk walk = {.file = file};
    while (!failure && walk_next(&walk, &box, &failure))
        hash_box(&file, &box, media, lead, &failure);
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    g_checksum_get_digest(media, hash->media, &bytes);
    g_checksum_get_digest(lead, hash->lead, &bytes);
    return TRUE;
}

GBytes *rushes_bmff_read_store(const char *path, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    Box box;

    if (!rushes_steady_file_open(&file, path, error))
        return NULL;
    Walk walk = {.file = file};
    while (walk_next(&walk, &box, NULL)) {
        guint64 prefix = STORE_PREFIX_BYTES - 8 + box.header;
        // Merkle boxes have the same id. Any other word there is a changed "manifest", which its hash tells.
        if (!box.is_store || box.bytes < prefix || box.bytes - prefix > MOST_STORE ||
            memcmp(box.purpose + 4, "merkle", 7) == 0)
            continue;
        gsize bytes = (gsize)(box.bytes - prefix);
        g_autofree guint8 *store = g_malloc(bytes + 1);
        if (!rushes_steady_file_read(&file, box.offset + prefix, store, bytes, error))
            return NULL;
        return g_bytes_new_take(g_steal_pointer(&store), bytes);
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
    g_byte_array_append(out, lead_bytes, sizeof(lead_bytes));
    g_byte_array_append(out, store->data, store->len);
    g_byte_array_set_size(out, out->len + (guint)padding);
    memset(out->data + out->len - padding, 0, padding);
    return out;
}
