// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/mp4-boxes.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "media/steady-file.h"

#define MOOV_MAX_BYTES (256 * 1024 * 1024)

// A span of bytes that is one box: header included in `bytes`, not in `body`.
typedef struct Box {
    char type[5];
    const guint8 *start, *body;
    gsize bytes, body_bytes;
} Box;

static guint32 read32(const guint8 *at)
{
    guint32 value;
    memcpy(&value, at, sizeof(value));
    return GUINT32_FROM_BE(value);
}

static guint64 read64(const guint8 *at)
{
    return (guint64)read32(at) << 32 | read32(at + 4);
}

static void write32(guint8 *at, guint32 value)
{
    value = GUINT32_TO_BE(value);
    memcpy(at, &value, sizeof(value));
}

static void write64(guint8 *at, guint64 value)
{
    write32(at, (guint32)(value >> 32));
    write32(at + 4, (guint32)value);
}

// The next box of [*at, end), moving *at behind it; FALSE at the end or when the bytes are no box.
static gboolean next_box(const guint8 **at, const guint8 *end, Box *box)
{
    gsize left = (gsize)(end - *at), header = 8;
    guint64 bytes;

    if (left < 8)
        return FALSE;
    bytes = read32(*at);
    if (bytes == 1) {
        if (left < 16)
            return FALSE;
        bytes = read64(*at + 8);
        header = 16;
    } else if (bytes == 0) {
        bytes = left;
    }
    if (bytes < header || bytes > left)
        return FALSE;
    memcpy(box->type, *at + 4, 4);
    box->type[4] = '\0';
    box->start = *at;
    box->bytes = (gsize)bytes;
    box->body = *at + header;
    box->body_bytes = (gsize)bytes - header;
    *at += bytes;
    return TRUE;
}

static gboolean find_box(const Box *parent, const char *type, Box *found)
{
    const guint8 *at = parent->body, *end = parent->body + parent->body_bytes;
    while (next_box(&at, end, found))
        if (memcmp(found->type, type, 4) == 0)
            return TRUE;
    return FALSE;
}

static gboolean is_sound(const Box *trak)
{
    Box mdia, hdlr;
    return find_box(trak, "mdia", &mdia) && find_box(&mdia, "hdlr", &hdlr) &&
           hdlr.body_bytes >= 12 && memcmp(hdlr.body + 8, "soun", 4) == 0;
}

static void append_header(GByteArray *out, guint32 bytes, const char *type)
{
    guint8 header[8];
    write32(header, bytes);
    memcpy(header + 4, type, 4);
    g_byte_array_append(out, header, sizeof(header));
}

static void append_edit_list(GByteArray *out, guint64 duration, guint32 media_time)
{
    guint8 body[28] = {1}; // version 1: 64-bit times

    write32(body + 4, 1); // one entry
    write64(body + 8, duration);
    write64(body + 16, media_time);
    write32(body + 24, 0x00010000); // normal speed
    append_header(out, 8 + 8 + sizeof(body), "edts");
    append_header(out, 8 + sizeof(body), "elst");
    g_byte_array_append(out, body, sizeof(body));
}

// A copied box that holds a duration in the movie's time scale: `at` in version 0 and 1.
static void set_duration(guint8 *body, gsize bytes, gsize at0, gsize at1, guint64 duration)
{
    if (bytes > at1 + 8 && body[0] == 1)
        write64(body + at1, duration);
    else if (bytes >= at0 + 4 && body[0] == 0)
        write32(body + at0, (guint32)MIN(duration, G_MAXUINT32));
}

static guint64 get_duration(const Box *box, gsize at0, gsize at1)
{
    if (box->body_bytes > at1 + 8 && box->body[0] == 1)
        return read64(box->body + at1);
    return box->body_bytes >= at0 + 4 ? read32(box->body + at0) : 0;
}

// Adds `shift` to every chunk offset below a copied trak.
static gboolean shift_chunks(guint8 *bytes, gsize size, gint64 shift)
{
    const guint8 *at = bytes;
    Box box;

    while (next_box(&at, bytes + size, &box)) {
        guint8 *body = bytes + (box.body - bytes);
        gboolean wide = memcmp(box.type, "co64", 4) == 0;
        if (memcmp(box.type, "mdia", 4) == 0 || memcmp(box.type, "minf", 4) == 0 ||
            memcmp(box.type, "stbl", 4) == 0 || memcmp(box.type, "trak", 4) == 0) {
            if (!shift_chunks(body, box.body_bytes, shift))
                return FALSE;
        } else if (wide || memcmp(box.type, "stco", 4) == 0) {
            guint64 count = box.body_bytes >= 8 ? read32(body + 4) : 0;
            if (count > (box.body_bytes - MIN(box.body_bytes, 8)) / (wide ? 8 : 4))
                return FALSE;
            for (guint64 i = 0; i < count; i++) {
                if (wide) {
                    write64(body + 8 + 8 * i, read64(body + 8 + 8 * i) + (guint64)shift);
                } else {
                    gint64 moved = (gint64)read32(body + 8 + 4 * i) + shift;
                    if (moved < 0 || moved > G_MAXUINT32)
                        return FALSE;
                    write32(body + 8 + 4 * i, (guint32)moved);
                }
            }
        }
    }
    return TRUE;
}

static void append_trak(GByteArray *out, const Box *trak, const RushesMp4Edit *edit,
                        guint64 audio_duration)
{
    const guint8 *at = trak->body, *end = trak->body + trak->body_bytes;
    gboolean edited = edit->audio_samples > 0 && is_sound(trak);
    guint start = out->len;
    Box box;

    append_header(out, 0, "trak");
    while (next_box(&at, end, &box)) {
        guint copied = out->len;
        if (edited && memcmp(box.type, "edts", 4) == 0)
            continue;
        g_byte_array_append(out, box.start, (guint)box.bytes);
        if (edited && memcmp(box.type, "tkhd", 4) == 0) {
            set_duration(out->data + copied + (box.body - box.start), box.body_bytes, 20, 28,
                         audio_duration);
            append_edit_list(out, audio_duration, edit->audio_skip);
        }
    }
    write32(out->data + start, out->len - start);
}

// Inside moov rather than beside it: a validator of content credentials (c2pa-ts) looks for its own uuid
// box by path and gives up when the file has two at the top.
static void append_recipe(GByteArray *out, const char *recipe)
{
    gsize bytes = strlen(recipe);

    append_header(out, 8 + 16 + bytes, "uuid");
    g_byte_array_append(out, (const guint8 *)RUSHES_RECIPE_BOX_UUID, 16);
    g_byte_array_append(out, (const guint8 *)recipe, (guint)bytes);
}

// The moov box as it will be, chunk offsets not yet moved. NULL when its own boxes make no sense.
static GByteArray *rebuild_moov(const Box *moov, const RushesMp4Edit *edit)
{
    GByteArray *out = g_byte_array_new();
    const guint8 *at = moov->body, *end = moov->body + moov->body_bytes;
    guint64 longest = 0, audio_duration = 0;
    Box mvhd, box, tkhd;

    if (!find_box(moov, "mvhd", &mvhd) || mvhd.body_bytes < 32) {
        g_byte_array_unref(out);
        return NULL;
    }
    guint32 scale = read32(mvhd.body + (mvhd.body[0] == 1 ? 20 : 12));
    if (edit->audio_samples > 0 && edit->audio_rate > 0)
        audio_duration = (guint64)((double)edit->audio_samples * scale / edit->audio_rate + 0.5);

    append_header(out, 0, "moov");
    while (next_box(&at, end, &box)) {
        if (memcmp(box.type, "trak", 4) != 0) {
            g_byte_array_append(out, box.start, (guint)box.bytes);
            continue;
        }
        append_trak(out, &box, edit, audio_duration);
        if (edit->audio_samples > 0 && is_sound(&box))
            longest = MAX(longest, audio_duration);
        else if (find_box(&box, "tkhd", &tkhd))
            longest = MAX(longest, get_duration(&tkhd, 20, 28));
    }
    if (edit->recipe)
        append_recipe(out, edit->recipe);
    write32(out->data, out->len);

    // mvhd was copied unchanged before the first trak: it lies where it lay.
    gsize mvhd_at = (gsize)(mvhd.body - moov->start) - (gsize)(moov->body - moov->start) + 8;
    if (longest > 0)
        set_duration(out->data + mvhd_at, mvhd.body_bytes, 16, 24, longest);
    return out;
}

static gboolean write_bytes(int file, const void *data, gsize bytes)
{
    const char *from = data;
    while (bytes > 0) {
        gssize put = write(file, from, MIN(bytes, 1 << 20));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return FALSE;
        from += put;
        bytes -= (gsize)put;
    }
    return TRUE;
}

static gboolean fail_format(const char *path, const char *why, GError **error)
{
    g_autofree char *name = g_filename_display_name(path);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s %s.", name, why);
    return FALSE;
}

// A box at the top of a file.
typedef struct FileBox {
    char type[5];
    guint64 start, bytes; // header included
} FileBox;

// The box at *at, moving *at behind it. FALSE at the end, where the bytes are no box, or with an error.
static gboolean next_in_file(const RushesSteadyFile *file, guint64 *at, FileBox *box,
                             GError **error)
{
    guint8 head[16];
    guint64 left = file->bytes - *at;
    gsize header = 8;

    if (left < 8 ||
        !rushes_steady_file_read(file, *at, head, (gsize)MIN(left, sizeof(head)), error))
        return FALSE;
    box->start = *at;
    box->bytes = read32(head);
    memcpy(box->type, head + 4, 4);
    box->type[4] = '\0';
    if (box->bytes == 1 && left >= 16) {
        box->bytes = read64(head + 8);
        header = 16;
    } else if (box->bytes == 0) {
        box->bytes = left;
    }
    if (box->bytes < header || box->bytes > left)
        return FALSE;
    *at += box->bytes;
    return TRUE;
}

// The box in memory, which `bytes` owns. FALSE with an error when it is too large or no longer there.
static gboolean load_box(const RushesSteadyFile *file, const FileBox *from, guint8 **bytes,
                         Box *box, GError **error)
{
    if (from->bytes > MOOV_MAX_BYTES)
        return fail_format(file->name, "has headers of more than 256 MiB", error);
    *bytes = g_malloc((gsize)from->bytes);
    if (!rushes_steady_file_read(file, from->start, *bytes, (gsize)from->bytes, error))
        return FALSE;
    const guint8 *at = *bytes;
    return next_box(&at, *bytes + from->bytes, box) ||
           fail_format(file->name, "has headers that make no sense", error);
}

static gboolean put_piece(const guint8 *data, gsize bytes, gpointer file,
                          GError **error G_GNUC_UNUSED)
{
    return write_bytes(*(int *)file, data, bytes); // why not, is in errno
}

static gboolean write_all(const RushesSteadyFile *from, const char *to, const Box *ftyp,
                          const GByteArray *headers, const FileBox *mdat, GError **error)
{
    GError *failure = NULL;
    int file = g_open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    gboolean written =
        file >= 0 && write_bytes(file, ftyp->start, ftyp->bytes) &&
        write_bytes(file, headers->data, headers->len) &&
        rushes_steady_file_pass(from, mdat->start, mdat->bytes, put_piece, &file, &failure) &&
        fsync(file) == 0;
    int cause = errno;

    if (file >= 0)
        close(file);
    if (written)
        return TRUE;
    g_autofree char *name = g_filename_display_name(to);
    if (failure)
        g_propagate_error(error, failure);
    else
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(cause), "%s cannot be written: %s.",
                    name, g_strerror(cause));
    if (file >= 0)
        g_unlink(to);
    return FALSE;
}

gboolean rushes_mp4_rewrite(const char *from, const char *to, const RushesMp4Edit *edit,
                            GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autofree guint8 *ftyp_bytes = NULL, *moov_bytes = NULL;
    FileBox found, kept[3] = {{"ftyp", 0, 0}, {"moov", 0, 0}, {"mdat", 0, 0}};
    Box ftyp, moov;
    guint64 at = 0;
    GError *failure = NULL;

    if (edit->recipe && strlen(edit->recipe) > RUSHES_RECIPE_BOX_MAX_BYTES)
        return fail_format(to, "cannot carry a recipe of more than 4 MiB", error);
    if (!rushes_steady_file_open(&file, from, error))
        return FALSE;
    while (next_in_file(&file, &at, &found, &failure))
        for (guint i = 0; i < G_N_ELEMENTS(kept); i++) {
            if (memcmp(found.type, kept[i].type, 4) != 0)
                continue;
            if (kept[i].bytes > 0)
                return fail_format(from, "has two boxes where an MP4 has one", error);
            kept[i] = found;
        }
    if (failure) {
        g_propagate_error(error, failure);
        return FALSE;
    }
    if (!kept[0].bytes || !kept[1].bytes || !kept[2].bytes)
        return fail_format(from, "is not a whole MP4", error);
    if (!load_box(&file, &kept[0], &ftyp_bytes, &ftyp, error) ||
        !load_box(&file, &kept[1], &moov_bytes, &moov, error))
        return FALSE;
    g_autoptr(GByteArray) headers = rebuild_moov(&moov, edit);
    gint64 shift = 0;
    if (headers)
        shift = (gint64)(ftyp.bytes + headers->len) - (gint64)kept[2].start;
    if (!headers || !shift_chunks(headers->data + 8, headers->len - 8, shift))
        return fail_format(from, "has headers that make no sense", error);
    return write_all(&file, to, &ftyp, headers, &kept[2], error);
}

// The recipe in one uuid box; NULL when it is another's, or with an error.
static char *take_recipe(const char *path, const Box *box, GError **error)
{
    if (memcmp(box->type, "uuid", 4) != 0 || box->body_bytes < 16 ||
        memcmp(box->body, RUSHES_RECIPE_BOX_UUID, 16) != 0)
        return NULL;
    const char *text = (const char *)box->body + 16;
    gsize bytes = box->body_bytes - 16;
    if (bytes > RUSHES_RECIPE_BOX_MAX_BYTES || !g_utf8_validate_len(text, bytes, NULL)) {
        fail_format(path, "carries a recipe that cannot be read", error);
        return NULL;
    }
    return g_strndup(text, bytes);
}

char *rushes_mp4_read_recipe(const char *path, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    gboolean is_mp4 = FALSE;
    FileBox found;
    guint64 at = 0;
    GError *failure = NULL;
    char *recipe = NULL;

    if (!rushes_steady_file_open(&file, path, error))
        return NULL;
    while (!recipe && !failure && next_in_file(&file, &at, &found, &failure)) {
        g_autofree guint8 *bytes = NULL;
        Box moov, box;
        is_mp4 = is_mp4 || memcmp(found.type, "ftyp", 4) == 0;
        if (memcmp(found.type, "moov", 4) != 0 || !load_box(&file, &found, &bytes, &moov, &failure))
            continue;
        const guint8 *inside = moov.body, *end = moov.body + moov.body_bytes;
        while (!recipe && !failure && next_box(&inside, end, &box))
            recipe = take_recipe(path, &box, &failure);
    }
    if (failure)
        g_propagate_error(error, failure);
    else if (!recipe && !is_mp4)
        fail_format(path, "is not an MP4", error);
    return recipe;
}
