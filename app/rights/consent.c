// SPDX-License-Identifier: GPL-3.0-or-later
#include "rights/consent.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define ENDING         ".consent.json"
#define MAX_FILE_BYTES (256 * 1024)
#define MAX_WORDS      (64 * 1024)
#define VERSION        2
#define TIME_FORMAT    "%Y-%m-%dT%H:%M:%SZ"

void rushes_consent_free(RushesConsent *consent)
{
    if (!consent)
        return;
    g_free(consent->id);
    g_free(consent->person);
    g_free(consent->scope);
    g_free(consent->statement);
    g_free(consent->media_sha256);
    g_free(consent->project);
    g_free(consent->granted);
    g_free(consent->expires);
    g_free(consent->revoked);
    g_clear_pointer(&consent->certificate, g_bytes_unref);
    g_free(consent);
}

static gboolean fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean fail(GError **error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FORMAT, text);
    return FALSE;
}

// What is signed: every field with its name, each ended by a NUL, in this order.
static GByteArray *signed_message(const RushesConsent *consent)
{
    const char *const parts[] = {
        "rushes consent 2", consent->id,
        consent->person,    consent->scope,
        consent->statement, consent->media_sha256,
        consent->project,   consent->granted,
        consent->expires,   consent->revoked ? consent->revoked : "",
    };
    GByteArray *message = g_byte_array_new();

    for (guint i = 0; i < G_N_ELEMENTS(parts); i++)
        g_byte_array_append(message, (const guint8 *)parts[i], (guint)strlen(parts[i]) + 1);
    return message;
}

static char *path_of(const char *folder, const char *id)
{
    g_autofree char *name = g_strconcat(id, ENDING, NULL);

    return g_build_filename(folder, name, NULL);
}

static gboolean write_record(const char *folder, RushesIdentity *identity,
                             const RushesConsent *consent, GError **error)
{
    g_autofree char *path = path_of(folder, consent->id);
    g_autoptr(GByteArray) message = signed_message(consent);
    g_autoptr(GBytes) signature =
        rushes_identity_sign(identity, message->data, message->len, error);

    if (!signature)
        return FALSE;
    GBytes *leaf = g_ptr_array_index(rushes_identity_get_chain(identity), 0);
    g_autofree char *signature_text =
        g_base64_encode(g_bytes_get_data(signature, NULL), g_bytes_get_size(signature));
    g_autofree char *leaf_text =
        g_base64_encode(g_bytes_get_data(leaf, NULL), g_bytes_get_size(leaf));
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "version", VERSION);
    cJSON_AddStringToObject(json, "person", consent->person);
    cJSON_AddStringToObject(json, "scope", consent->scope);
    cJSON_AddStringToObject(json, "statement", consent->statement);
    cJSON_AddStringToObject(json, "media_sha256", consent->media_sha256);
    cJSON_AddStringToObject(json, "project", consent->project);
    cJSON_AddStringToObject(json, "granted", consent->granted);
    cJSON_AddStringToObject(json, "expires", consent->expires);
    if (consent->revoked)
        cJSON_AddStringToObject(json, "revoked", consent->revoked);
    cJSON_AddStringToObject(json, "signature", signature_text);
    cJSON_AddStringToObject(json, "certificate", leaf_text);
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    gboolean written =
        g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_DURABLE, 0600, error);
    cJSON_free(text);
    return written;
}

RushesConsent *rushes_consent_grant(const char *folder, RushesIdentity *identity,
                                    const RushesConsentTerms *terms, GError **error)
{
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autoptr(GDateTime) until = g_date_time_to_utc(terms->expires);
    g_autoptr(RushesConsent) consent = g_new0(RushesConsent, 1);

    consent->id = g_uuid_string_random();
    consent->person = g_strstrip(g_strdup(terms->person ? terms->person : ""));
    consent->scope = g_strstrip(g_strdup(terms->scope ? terms->scope : ""));
    consent->statement = g_strstrip(g_strdup(terms->statement ? terms->statement : ""));
    consent->media_sha256 = g_strdup(terms->media_sha256 ? terms->media_sha256 : "");
    consent->project = g_strdup(terms->project ? terms->project : "");
    consent->granted = g_date_time_format(now, TIME_FORMAT);
    consent->expires = g_date_time_format(until, TIME_FORMAT);
    if (!*consent->person || !*consent->scope || !*consent->statement) {
        fail(error,
             "A consent record needs the person's name, what it is for, and their statement");
        return NULL;
    }
    if (!g_utf8_validate(consent->person, -1, NULL) || !g_utf8_validate(consent->scope, -1, NULL) ||
        !g_utf8_validate(consent->statement, -1, NULL) ||
        !g_utf8_validate(consent->project, -1, NULL)) {
        fail(error, "The words of a consent record must be UTF-8 text");
        return NULL;
    }
    if (strlen(consent->person) + strlen(consent->scope) + strlen(consent->statement) +
            strlen(consent->project) >
        MAX_WORDS) {
        fail(error, "A consent record holds at most %d bytes of words; shorten the statement",
             MAX_WORDS);
        return NULL;
    }
    if (g_date_time_compare(until, now) <= 0) {
        fail(error, "The consent of %s would have ended on %.10s already; choose a later day",
             consent->person, consent->expires);
        return NULL;
    }
    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be created (%s)",
                    folder, g_strerror(errno));
        return NULL;
    }
    return write_record(folder, identity, consent, error) ? g_steal_pointer(&consent) : NULL;
}

static char *string_field(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);

    return cJSON_IsString(item) ? g_strdup(item->valuestring) : NULL;
}

static gboolean signature_holds(const cJSON *json, const RushesConsent *consent)
{
    g_autofree char *signature_text = string_field(json, "signature");
    gsize bytes;

    if (!signature_text || !consent->certificate)
        return FALSE;
    g_autofree guint8 *signature = g_base64_decode(signature_text, &bytes);
    g_autoptr(GByteArray) message = signed_message(consent);
    return rushes_identity_verify(consent->certificate, message->data, message->len, signature,
                                  bytes);
}

static GBytes *bytes_field(const cJSON *json, const char *key)
{
    g_autofree char *text = string_field(json, key);
    gsize bytes;

    if (!text)
        return NULL;
    guint8 *data = g_base64_decode(text, &bytes);
    return g_bytes_new_take(data, bytes);
}

static gboolean is_time(const char *text)
{
    g_autoptr(GDateTime) time = text ? g_date_time_new_from_iso8601(text, NULL) : NULL;

    return time != NULL;
}

RushesConsent *rushes_consent_read(const char *folder, const char *id, GError **error)
{
    g_autofree char *path = path_of(folder, id);
    g_autoptr(RushesConsent) consent = g_new0(RushesConsent, 1);
    g_autofree char *text = NULL;
    gsize bytes;

    if (!g_uuid_string_is_valid(id)) {
        fail(error, "\"%s\" is no consent record's name", id);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, &bytes, NULL)) {
        fail(error,
             "There is no consent record %s on this computer; rushes consent list shows those "
             "there are",
             id);
        return NULL;
    }
    cJSON *json = bytes <= MAX_FILE_BYTES ? cJSON_ParseWithLength(text, bytes) : NULL;
    consent->id = g_strdup(id);
    consent->person = string_field(json, "person");
    consent->scope = string_field(json, "scope");
    consent->statement = string_field(json, "statement");
    consent->media_sha256 = string_field(json, "media_sha256");
    consent->granted = string_field(json, "granted");
    consent->expires = string_field(json, "expires");
    consent->revoked = string_field(json, "revoked");
    consent->project = string_field(json, "project");
    consent->certificate = bytes_field(json, "certificate");
    gboolean whole = consent->person && consent->scope && consent->statement &&
                     consent->media_sha256 && consent->project && is_time(consent->granted) &&
                     is_time(consent->expires) && (!consent->revoked || is_time(consent->revoked));
    gboolean holds = whole && signature_holds(json, consent);
    cJSON_Delete(json);
    if (!holds) {
        fail(error, "%s: %s, so it counts as no consent; ask the person again", path,
             whole ? "the consent record was changed after it was signed"
                   : "is not a whole consent record");
        return NULL;
    }
    return g_steal_pointer(&consent);
}

static int by_person(gconstpointer a, gconstpointer b)
{
    const RushesConsent *one = *(RushesConsent *const *)a, *other = *(RushesConsent *const *)b;
    int order = g_utf8_collate(one->person, other->person);

    return order ? order : strcmp(one->id, other->id);
}

GPtrArray *rushes_consent_list(const char *folder, GPtrArray *problems)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)rushes_consent_free);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (!g_str_has_suffix(name, ENDING))
            continue;
        g_autofree char *id = g_strndup(name, strlen(name) - strlen(ENDING));
        g_autoptr(GError) error = NULL;
        RushesConsent *consent = rushes_consent_read(folder, id, &error);
        if (consent)
            g_ptr_array_add(list, consent);
        else if (problems)
            g_ptr_array_add(problems, g_strdup(error->message));
    }
    g_ptr_array_sort(list, by_person);
    return list;
}

gboolean rushes_consent_revoke(const char *folder, RushesIdentity *identity, const char *id,
                               GError **error)
{
    g_autoptr(RushesConsent) consent = rushes_consent_read(folder, id, error);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();

    if (!consent)
        return FALSE;
    if (consent->revoked)
        return TRUE;
    consent->revoked = g_date_time_format(now, TIME_FORMAT);
    return write_record(folder, identity, consent, error);
}

GDateTime *rushes_consent_parse_day(const char *day)
{
    int year, month, date, read = 0;

    if (sscanf(day, "%4d-%2d-%2d%n", &year, &month, &date, &read) != 3 || day[read])
        return NULL;
    return g_date_time_new_local(year, month, date, 23, 59, 59);
}

RushesConsentState rushes_consent_state(const RushesConsent *consent, GDateTime *now)
{
    g_autoptr(GDateTime) granted = g_date_time_new_from_iso8601(consent->granted, NULL);
    g_autoptr(GDateTime) expires = g_date_time_new_from_iso8601(consent->expires, NULL);

    if (consent->revoked)
        return RUSHES_CONSENT_REVOKED;
    if (g_date_time_compare(now, expires) >= 0)
        return RUSHES_CONSENT_EXPIRED;
    return g_date_time_compare(now, granted) < 0 ? RUSHES_CONSENT_NOT_YET : RUSHES_CONSENT_STANDS;
}

gboolean rushes_consent_allows(const RushesConsent *consent, const char *media_sha256,
                               const char *project, GDateTime *now, GError **error)
{
    switch (rushes_consent_state(consent, now)) {
    case RUSHES_CONSENT_REVOKED:
        return fail(error, "%s revoked their consent on %.10s; use another reference",
                    consent->person, consent->revoked);
    case RUSHES_CONSENT_EXPIRED:
        return fail(error, "The consent of %s ended on %.10s; ask for a new one", consent->person,
                    consent->expires);
    case RUSHES_CONSENT_NOT_YET:
        return fail(
            error,
            "The consent of %s begins on %.10s, which this computer's clock has not reached; "
            "check the clock",
            consent->person, consent->granted);
    case RUSHES_CONSENT_STANDS:
        break;
    }
    if (*consent->media_sha256 && g_strcmp0(consent->media_sha256, media_sha256) != 0)
        return fail(
            error, "The consent of %s is for another picture; ask for one that covers this picture",
            consent->person);
    if (*consent->project && g_strcmp0(consent->project, project) != 0)
        return fail(
            error,
            "The consent of %s is for the project \"%s\" only; ask for one that covers this "
            "use, or work in that project",
            consent->person, consent->project);
    return TRUE;
}
