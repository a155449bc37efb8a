// SPDX-License-Identifier: GPL-3.0-or-later
#include <cbor.h>
#include <string.h>

#include "provenance/jumbf.h"
#include "provenance/manifest.h"
#include "provenance/time-stamp.h"

#define COSE_SIGN1_TAG   18
#define COSE_X5CHAIN     33
#define MAX_ASSERTIONS   10000
#define ASSERTION_PREFIX "self#jumbf=c2pa.assertions/"

// Every entry takes at least one byte, so all arrays and maps together cannot announce more entries than there are
// bytes. libcbor believes what they announce and allocates it at once: nine bytes would ask for gigabytes.
static gboolean is_plausible(const guint8 *data, gsize bytes)
{
    guint64 announced = 0;

    for (gsize at = 0; at < bytes;) {
        guint kind = data[at] >> 5, detail = data[at] & 31;
        gsize more = detail < 24 || detail > 27 ? 0 : (gsize)1 << (detail - 24);
        guint64 value = detail < 24 ? detail : 0;
        at++;
        if (more > bytes - at)
            return FALSE;
        for (gsize i = 0; i < more; i++)
            value = (value << 8) | data[at + i];
        at += more;
        if ((kind == 2 || kind == 3) && value > bytes - at)
            return FALSE;
        if (kind == 2 || kind == 3)
            at += (gsize)value;
        if ((kind == 4 || kind == 5) && value > bytes)
            return FALSE;
        if (kind == 4 || kind == 5)
            announced += kind == 4 ? value : 2 * value;
        if (announced > bytes)
            return FALSE;
    }
    return TRUE;
}

static cbor_item_t *load(const guint8 *data, gsize bytes)
{
    struct cbor_load_result result;
    cbor_item_t *item = bytes && is_plausible(data, bytes) ? cbor_load(data, bytes, &result) : NULL;

    if (item && result.read != bytes) // something follows: not what was written
        cbor_decref(&item);
    return item;
}

// Borrowed; NULL when the item is no map or has no such key.
static cbor_item_t *get(const cbor_item_t *map, const char *key)
{
    if (!map || !cbor_isa_map(map))
        return NULL;
    struct cbor_pair *pairs = cbor_map_handle(map);
    gsize bytes = strlen(key);
    for (size_t i = 0; i < cbor_map_size(map); i++)
        if (cbor_isa_string(pairs[i].key) && cbor_string_is_definite(pairs[i].key) &&
            cbor_string_length(pairs[i].key) == bytes &&
            memcmp(cbor_string_handle(pairs[i].key), key, bytes) == 0)
            return pairs[i].value;
    return NULL;
}

static char *text(const cbor_item_t *item)
{
    if (item && cbor_isa_tag(item) && cbor_typeof(item) == CBOR_TYPE_TAG) {
        const cbor_item_t *tagged = item->metadata.tag_metadata.tagged_item;
        return text(tagged);
    }
    if (!item || !cbor_isa_string(item) || !cbor_string_is_definite(item))
        return NULL;
    return g_utf8_make_valid((const char *)cbor_string_handle(item),
                             (gssize)cbor_string_length(item));
}

static gboolean is_bytes(const cbor_item_t *item)
{
    return item && cbor_isa_bytestring(item) && cbor_bytestring_is_definite(item);
}

// Types and labels outside the assertions are not hashed, so they are compared instead.
static gboolean find(const RushesJumbf *parent, const char *type, const char *label,
                     RushesJumbf *out)
{
    return rushes_jumbf_find(parent, label, out) && strcmp(out->type, type) == 0 && !out->is_salted;
}

static void problem(RushesManifestReport *report, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void problem(RushesManifestReport *report, const char *format, ...)
{
    va_list arguments;

    if (report->problem)
        return;
    va_start(arguments, format);
    report->problem = g_strdup_vprintf(format, arguments);
    va_end(arguments);
}

// Checks one hashed reference of the claim; returns the assertion's box when the hash holds.
static gboolean check_reference(RushesManifestReport *report, const RushesJumbf *store,
                                const cbor_item_t *reference, RushesJumbf *box)
{
    g_autofree char *url = text(get(reference, "url"));
    const cbor_item_t *hash = get(reference, "hash");
    guint8 digest[32];
    gsize digest_bytes = sizeof(digest);

    if (!url || !g_str_has_prefix(url, ASSERTION_PREFIX) || !is_bytes(hash)) {
        problem(report, "a reference of the claim is malformed");
        return FALSE;
    }
    const char *label = url + strlen(ASSERTION_PREFIX);
    if (!rushes_jumbf_find(store, label, box)) {
        problem(report, "the assertion %s is missing", label);
        return FALSE;
    }
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, box->hashed, (gssize)box->hashed_bytes);
    g_checksum_get_digest(checksum, digest, &digest_bytes);
    if (cbor_bytestring_length(hash) != digest_bytes ||
        memcmp(cbor_bytestring_handle(hash), digest, digest_bytes) != 0) {
        problem(report, "the assertion %s was changed after signing", label);
        return FALSE;
    }
    return TRUE;
}

static void read_actions(RushesManifestReport *report, const cbor_item_t *assertion)
{
    const cbor_item_t *list = get(assertion, "actions");
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();

    for (size_t i = 0; list && cbor_isa_array(list) && i < cbor_array_size(list); i++) {
        const cbor_item_t *action = cbor_array_handle(list)[i];
        g_autofree char *name = text(get(action, "action"));
        g_autofree char *source = text(get(action, "digitalSourceType"));
        if (name)
            g_strv_builder_add(names, name);
        if (source && !report->source_type)
            report->source_type = g_path_get_basename(source);
        if (!report->when)
            report->when = text(get(action, "when"));
    }
    g_strfreev(report->actions);
    report->actions = g_strv_builder_end(names);
}

static gboolean read_hash(const cbor_item_t *assertion, guint8 out[RUSHES_HASH_BYTES])
{
    const cbor_item_t *hash = get(assertion, "hash");

    if (!is_bytes(hash) || cbor_bytestring_length(hash) != RUSHES_HASH_BYTES)
        return FALSE;
    memcpy(out, cbor_bytestring_handle(hash), RUSHES_HASH_BYTES);
    return TRUE;
}

static void read_assertion(RushesManifestReport *report, const RushesJumbf *box)
{
    const guint8 *data;
    gsize bytes;

    if (!rushes_jumbf_payload(box, JUMBF_CBOR, &data, &bytes))
        return;
    cbor_item_t *item = load(data, bytes);
    if (!item)
        return;
    if (strcmp(box->label, RUSHES_RECIPE_LABEL) == 0) {
        g_free(report->recipe_json);
        report->recipe_json = text(get(item, RUSHES_RECIPE_KEY));
    } else if (strcmp(box->label, "c2pa.actions.v2") == 0) {
        read_actions(report, item);
    } else if (strcmp(box->label, RUSHES_LEAD_LABEL) == 0) {
        report->has_lead_hash = read_hash(item, report->hash.lead);
    } else if (strcmp(box->label, "c2pa.hash.bmff.v3") == 0 ||
               strcmp(box->label, "c2pa.hash.data") == 0) {
        report->binding =
            strcmp(box->label, "c2pa.hash.data") == 0 ? RUSHES_BINDING_DATA : RUSHES_BINDING_BMFF;
        report->has_media_hash = read_hash(item, report->hash.media);
    }
    cbor_decref(&item);
}

// The leaf certificate in the protected header; NULL when there is none.
static GBytes *leaf_certificate(const cbor_item_t *header)
{
    for (size_t i = 0; header && cbor_isa_map(header) && i < cbor_map_size(header); i++) {
        struct cbor_pair pair = cbor_map_handle(header)[i];
        const cbor_item_t *value = pair.value;
        if (!cbor_isa_uint(pair.key) || cbor_get_int(pair.key) != COSE_X5CHAIN)
            continue;
        if (cbor_isa_array(value) && cbor_array_size(value) > 0)
            value = cbor_array_handle(value)[0];
        if (is_bytes(value))
            return g_bytes_new(cbor_bytestring_handle(value), cbor_bytestring_length(value));
    }
    return NULL;
}

// COSE's Sig_structure (RFC 8152 section 4.4) around a payload; free() it.
static unsigned char *build_structure(const char *context, const cbor_item_t *header,
                                      const guint8 *payload, gsize payload_bytes, size_t *bytes)
{
    cbor_item_t *structure = cbor_new_definite_array(4);
    unsigned char *out = NULL;
    size_t capacity = 0;

    g_assert(cbor_array_push(structure, cbor_move(cbor_build_string(context))));
    g_assert(cbor_array_push(structure,
                             cbor_move(cbor_build_bytestring(cbor_bytestring_handle(header),
                                                             cbor_bytestring_length(header)))));
    g_assert(cbor_array_push(structure, cbor_move(cbor_build_bytestring((const guint8 *)"", 0))));
    g_assert(cbor_array_push(structure, cbor_move(cbor_build_bytestring(payload, payload_bytes))));
    *bytes = cbor_serialize_alloc(structure, &out, &capacity);
    cbor_decref(&structure);
    return out;
}

// The stamp is on a counter-signature's structure around the signature as a CBOR byte string (C2PA 2.2, "sigTst2").
static void read_time_stamp(RushesManifestReport *report, const cbor_item_t *unprotected,
                            const cbor_item_t *header, const cbor_item_t *signature)
{
    const cbor_item_t *tokens = get(get(unprotected, "sigTst2"), "tstTokens");
    RushesTimeStamp stamp = {0};
    g_autoptr(GError) error = NULL;
    unsigned char *item = NULL;
    size_t capacity = 0, bytes;

    if (!get(unprotected, "sigTst2"))
        return;
    const cbor_item_t *value = tokens && cbor_isa_array(tokens) && cbor_array_size(tokens) > 0
                                   ? get(cbor_array_handle(tokens)[0], "val")
                                   : NULL;
    if (!is_bytes(value)) {
        problem(report, "the time stamp is malformed");
        return;
    }
    size_t item_bytes = cbor_serialize_alloc(signature, &item, &capacity);
    unsigned char *stamped = build_structure("CounterSignature", header, item, item_bytes, &bytes);
    g_autoptr(GBytes) token =
        g_bytes_new(cbor_bytestring_handle(value), cbor_bytestring_length(value));
    if (!rushes_time_stamp_read(token, stamped, bytes, &stamp, &error))
        problem(report, "%s", error->message);
    report->stamped = stamp.when;
    report->stamped_by = stamp.authority;
    free(stamped);
    free(item);
}

static void check_signature(RushesManifestReport *report, const guint8 *cose_data, gsize cose_bytes,
                            const guint8 *claim, gsize claim_bytes)
{
    // libcbor 0.8 refuses a tagged array that holds an empty map, which COSE's second part may be, so the
    // one-byte tag is taken off here.
    gboolean tagged = cose_bytes > 1 && cose_data[0] == (0xc0 | COSE_SIGN1_TAG);
    cbor_item_t *parts = tagged ? load(cose_data + 1, cose_bytes - 1) : NULL;
    cbor_item_t *header = NULL;
    g_autoptr(GBytes) leaf = NULL;

    if (!parts || !cbor_isa_array(parts) || cbor_array_size(parts) != 4 ||
        !is_bytes(cbor_array_handle(parts)[0]) || !is_bytes(cbor_array_handle(parts)[3])) {
        problem(report, "the signature box is malformed");
        goto done;
    }
    // Nobody signs these two, so they have to be exactly what belongs there: a time stamp or nothing, and no payload.
    const cbor_item_t *unprotected = cbor_array_handle(parts)[1];
    if (!cbor_isa_map(unprotected) || cbor_map_size(unprotected) > 1 ||
        (cbor_map_size(unprotected) == 1 && !get(unprotected, "sigTst2")) ||
        !cbor_is_null(cbor_array_handle(parts)[2])) {
        problem(report, "the signature box holds what does not belong there");
        goto done;
    }
    const cbor_item_t *header_bytes = cbor_array_handle(parts)[0];
    const cbor_item_t *signature = cbor_array_handle(parts)[3];
    header = load(cbor_bytestring_handle(header_bytes), cbor_bytestring_length(header_bytes));
    leaf = leaf_certificate(header);
    if (!leaf) {
        problem(report, "the signature carries no certificate");
        goto done;
    }
    report->signer = rushes_identity_describe(leaf);
    report->issuer = rushes_identity_describe_issuer(leaf);

    size_t bytes;
    unsigned char *message =
        build_structure("Signature1", header_bytes, claim, claim_bytes, &bytes);
    if (!rushes_identity_verify(leaf, message, bytes, cbor_bytestring_handle(signature),
                                cbor_bytestring_length(signature)))
        problem(report, "the signature does not fit the claim");
    free(message);
    read_time_stamp(report, unprotected, header_bytes, signature);

done:
    if (header)
        cbor_decref(&header);
    if (parts)
        cbor_decref(&parts);
}

static void read_claim(RushesManifestReport *report, const RushesJumbf *manifest,
                       const RushesJumbf *assertions)
{
    RushesJumbf claim_box, signature_box;
    const guint8 *claim, *signature;
    gsize claim_bytes, signature_bytes;

    if (!find(manifest, JUMBF_CLAIM, "c2pa.claim.v2", &claim_box) ||
        !rushes_jumbf_payload(&claim_box, JUMBF_CBOR, &claim, &claim_bytes)) {
        problem(report, "the claim is missing");
        return;
    }
    cbor_item_t *item = load(claim, claim_bytes);
    const cbor_item_t *list = get(item, "created_assertions");
    if (!list || !cbor_isa_array(list) || cbor_array_size(list) > MAX_ASSERTIONS) {
        problem(report, "the claim is malformed");
    } else {
        g_autofree char *signed_by = text(get(item, "signature"));
        g_autofree char *expected =
            g_strdup_printf("self#jumbf=/c2pa/%s/c2pa.signature", manifest->label);
        if (g_strcmp0(signed_by, expected) != 0)
            problem(report, "the claim belongs to another manifest");
        const cbor_item_t *generator = get(item, "claim_generator_info");
        g_autofree char *name = text(get(generator, "name"));
        g_autofree char *version = text(get(generator, "version"));
        report->generator =
            g_strdup_printf("%s %s", name ? name : "unknown", version ? version : "");
        for (size_t i = 0; i < cbor_array_size(list); i++) {
            RushesJumbf box;
            if (check_reference(report, assertions, cbor_array_handle(list)[i], &box))
                read_assertion(report, &box);
        }
        if (!report->has_media_hash)
            problem(report, "the credentials are bound to no media");
    }
    if (item)
        cbor_decref(&item);
    if (!find(manifest, JUMBF_SIGNATURE, "c2pa.signature", &signature_box) ||
        !rushes_jumbf_payload(&signature_box, JUMBF_CBOR, &signature, &signature_bytes))
        problem(report, "the signature is missing");
    else
        check_signature(report, signature, signature_bytes, claim, claim_bytes);
}

RushesManifestReport *rushes_manifest_read(GBytes *bytes, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(bytes, &size);
    RushesJumbf store, manifest, assertions;
    gsize length;

    if (!rushes_jumbf_read(data, size, &store, &length) || strcmp(store.type, JUMBF_STORE) != 0 ||
        store.is_salted || strcmp(store.label, "c2pa") != 0) {
        g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FORMAT,
                    "the content credentials are malformed: no manifest store");
        return NULL;
    }
    // The active manifest is the last one of the store.
    const guint8 *cursor = store.content;
    gsize left = store.content_bytes;
    gboolean found = FALSE;
    RushesJumbf candidate;
    while (rushes_jumbf_read(cursor, left, &candidate, &length)) {
        if (strcmp(candidate.type, JUMBF_MANIFEST) == 0 && !candidate.is_salted) {
            manifest = candidate;
            found = TRUE;
        }
        cursor += length;
        left -= length;
    }
    if (!found) {
        g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FORMAT,
                    "the content credentials are malformed: no manifest");
        return NULL;
    }
    RushesManifestReport *report = g_new0(RushesManifestReport, 1);
    report->label = g_utf8_make_valid(manifest.label, -1);
    if (find(&manifest, JUMBF_ASSERTIONS, "c2pa.assertions", &assertions))
        read_claim(report, &manifest, &assertions);
    else
        problem(report, "the assertions are missing");
    report->intact = report->problem == NULL;
    return report;
}

void rushes_manifest_report_free(RushesManifestReport *report)
{
    if (!report)
        return;
    g_free(report->label);
    g_free(report->signer);
    g_free(report->issuer);
    g_free(report->generator);
    g_free(report->when);
    g_free(report->source_type);
    g_free(report->recipe_json);
    g_strfreev(report->actions);
    g_free(report->stamped);
    g_free(report->stamped_by);
    g_free(report->problem);
    g_free(report);
}
