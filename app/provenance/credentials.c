// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "media/steady-file.h"

#define MOST_SIDECAR (64 * 1024 * 1024)

// Overwrites the gap with the box, syncs, and renames over the original.
static gboolean fill_gap(const char *temporary, const char *path, goffset gap,
                         const GByteArray *box, GError **error)
{
    int fd = g_open(temporary, O_WRONLY | O_CLOEXEC, 0);
    gboolean good =
        fd >= 0 && pwrite(fd, box->data, box->len, gap) == (gssize)box->len && fsync(fd) == 0;
    int reason = errno;

    if (fd >= 0 && close(fd) != 0 && good) {
        good = FALSE;
        reason = errno;
    }
    if (good && g_rename(temporary, path) == 0)
        return TRUE;
    if (good)
        reason = errno;
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(reason), "%s: cannot be signed (%s)", path,
                g_strerror(reason));
    return FALSE;
}

// Signs with room for a box of exactly `*room` bytes. FALSE with an error, or without one when the box turned out to
// have another size, which `*room` then holds.
static gboolean sign_in_room(const char *path, const char *temporary, RushesIdentity *identity,
                             const RushesClaim *claim, const char *uuid, const GByteArray *sizing,
                             gsize *room, GError **error)
{
    RushesFileHash hash;
    goffset gap;
    gboolean done = FALSE;
    GError *failure = NULL;

    g_autoptr(GByteArray) bare_box = rushes_bmff_wrap_store(sizing, 0);
    g_autoptr(GByteArray) empty_box = rushes_bmff_wrap_store(sizing, *room - bare_box->len);
    if (!rushes_bmff_insert_gap(path, temporary, empty_box->len, &gap, error))
        return FALSE;

    // The box must be there while hashing: its identity decides that it is skipped, and the offsets of all
    // that follows are part of the hash.
    int fd = g_open(temporary, O_WRONLY | O_CLOEXEC, 0);
    if (fd >= 0 && pwrite(fd, empty_box->data, empty_box->len, gap) == (gssize)empty_box->len &&
        close(fd) == 0 && rushes_bmff_hash(temporary, &hash, &failure)) {
        g_autoptr(GByteArray) store = rushes_manifest_build(identity, claim, uuid, &hash, &failure);
        g_autoptr(GByteArray) box = store ? rushes_bmff_wrap_store(store, 0) : NULL;
        if (box && box->len != *room)
            *room = box->len;
        else if (box)
            done = fill_gap(temporary, path, gap, box, &failure);
    } else if (!failure) {
        g_set_error(&failure, G_IO_ERROR, g_io_error_from_errno(errno),
                    "%s: cannot be written (%s)", temporary, g_strerror(errno));
    }
    if (!done)
        g_unlink(temporary);
    if (failure)
        g_propagate_error(error, failure);
    return done;
}

gboolean rushes_credentials_sign(const char *path, RushesIdentity *identity,
                                 const RushesClaim *claim, GError **error)
{
    static const RushesFileHash no_hash;
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *temporary = g_strconcat(path, ".signing", NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    RushesClaim dated = *claim, unstamped = *claim;
    GError *failure = NULL;
    gboolean done = FALSE;

    if (!claim->when)
        dated.when = unstamped.when = when; // all builds must say the same
    unstamped.time_stamp_url = NULL;
    g_autoptr(GByteArray) sizing =
        rushes_manifest_build(identity, &unstamped, uuid, &no_hash, error);
    if (!sizing)
        return FALSE;
    g_autoptr(GByteArray) bare_box = rushes_bmff_wrap_store(sizing, 0);
    gsize room = bare_box->len;
    // How long a stamp is, only the authority knows, and the room must be right before the file can be hashed and the
    // hash signed: the first stamp tells, and stamps of one authority hardly differ. No padding: nothing signs it.
    for (int stamps = 0; !done && !failure && dated.time_stamp_url && stamps < 5; stamps++)
        done = sign_in_room(path, temporary, identity, &dated, uuid, sizing, &room, &failure);
    if (!done && !failure && dated.time_stamp_url && dated.unstamped && !*dated.unstamped)
        g_set_error(dated.unstamped, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FILE,
                    "The stamps of %s are of another length each time.", dated.time_stamp_url);
    room = bare_box->len;
    if (!done && !failure)
        done = sign_in_room(path, temporary, identity, &unstamped, uuid, sizing, &room, &failure);
    g_assert(done || failure);
    if (failure)
        g_propagate_error(error, failure);
    return done;
}

static gboolean hash_whole_file(const char *path, RushesFileHash *hash, GError **error)
{
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    gsize bytes = RUSHES_HASH_BYTES;

    if (!rushes_steady_file_open(&file, path, error) ||
        !rushes_steady_file_pass(&file, 0, file.bytes, rushes_steady_file_hash, checksum, error))
        return FALSE;
    g_checksum_get_digest(checksum, hash->media, &bytes);
    return TRUE;
}

gboolean rushes_credentials_sign_beside(const char *path, RushesIdentity *identity,
                                        const RushesClaim *claim, GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *beside = g_strconcat(path, RUSHES_SIDECAR_ENDING, NULL);
    RushesClaim bound = *claim;
    RushesFileHash hash;

    bound.binding = RUSHES_BINDING_DATA;
    if (!hash_whole_file(path, &hash, error))
        return FALSE;
    g_autoptr(GByteArray) store = rushes_manifest_build(identity, &bound, uuid, &hash, error);
    return store && g_file_set_contents_full(beside, (const char *)store->data, store->len,
                                             G_FILE_SET_CONTENTS_CONSISTENT, 0644, error);
}

// Why the file is not what was signed; NULL when it is.
static char *find_change(const char *path, const RushesManifestReport *report)
{
    gboolean beside = report->binding == RUSHES_BINDING_DATA;
    RushesFileHash hash;
    g_autoptr(GError) failure = NULL;

    if (!(beside ? hash_whole_file(path, &hash, &failure)
                 : rushes_bmff_hash(path, &hash, &failure)))
        return g_strdup(failure->message);
    if (memcmp(hash.media, report->hash.media, RUSHES_HASH_BYTES) != 0)
        return g_strdup(beside ? "the file was changed after signing"
                               : "the picture or sound was changed after signing");
    if (!beside && report->has_lead_hash &&
        memcmp(hash.lead, report->hash.lead, RUSHES_HASH_BYTES) != 0)
        return g_strdup("the file's first boxes were changed after signing");
    return NULL;
}

// The store inside the file or beside it; NULL without an error when there is neither.
static GBytes *find_store(const char *path, GError **error)
{
    g_autofree char *beside = g_strconcat(path, RUSHES_SIDECAR_ENDING, NULL);
    GError *failure = NULL;
    GBytes *store = rushes_bmff_read_store(path, &failure);

    if (failure)
        g_propagate_error(error, failure);
    if (store || failure || !g_file_test(beside, G_FILE_TEST_IS_REGULAR))
        return store;
    g_auto(RushesSteadyFile) file = RUSHES_STEADY_FILE_INIT;
    if (!rushes_steady_file_open(&file, beside, error))
        return NULL;
    g_autofree guint8 *bytes = g_malloc((gsize)MIN(file.bytes, MOST_SIDECAR) + 1);
    if (file.bytes > MOST_SIDECAR) {
        g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FORMAT,
                    "%s: holds more than 64 MiB and is no manifest of credentials", file.name);
        return NULL;
    }
    if (!rushes_steady_file_read(&file, 0, bytes, (gsize)file.bytes, error))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&bytes), (gsize)file.bytes);
}

gboolean rushes_credentials_inspect(const char *path, RushesCredentialsState *state,
                                    RushesManifestReport **report, GError **error)
{
    GError *failure = NULL;

    *report = NULL;
    *state = RUSHES_CREDENTIALS_NONE;
    g_autoptr(GBytes) store = find_store(path, &failure);
    if (!store) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    *report = rushes_manifest_read(store, error);
    if (!*report)
        return FALSE;
    if ((*report)->intact) {
        (*report)->problem = find_change(path, *report);
        (*report)->intact = (*report)->problem == NULL;
    }
    *state = (*report)->intact ? RUSHES_CREDENTIALS_INTACT : RUSHES_CREDENTIALS_ALTERED;
    return TRUE;
}
