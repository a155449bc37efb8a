// SPDX-License-Identifier: GPL-3.0-or-later
#include <cbor.h>
#include <string.h>

#include "provenance/jumbf.h"
#include "provenance/manifest.h"
#include "provenance/time-stamp.h"

#define SOURCE_TYPE    "http://cv.iptc.org/newscodes/digitalsourcetype/"
#define COSE_SIGN1_TAG 18
#define COSE_ALG       1
#define COSE_ES256     6 // a negative integer n is stored as -1 - n: -7
#define COSE_X5CHAIN   33
#define TAG_DATE_TIME  0

// ---- CBOR maps. Each takes over `value`. ----
static void put(cbor_item_t *map, const char *key, cbor_item_t *value)
{
    // A definite map has been given its exact size, so adding can only fail when memory is out: GLib's rule
    // for that is to abort, and it holds here too.
    g_assert(cbor_map_add(map, (struct cbor_pair){.key = cbor_move(cbor_build_string(key)),
                                                  .value = cbor_move(value)}));
}

static void push(cbor_item_t *array, cbor_item_t *value)
{
    g_assert(cbor_array_push(array, cbor_move(value)));
}

static cbor_item_t *bytes_item(const void *data, gsize bytes)
{
    return cbor_build_bytestring(data, bytes);
}

static GByteArray *serialise(cbor_item_t *item)
{
    unsigned char *buffer = NULL;
    size_t capacity = 0;
    size_t bytes = cbor_serialize_alloc(item, &buffer, &capacity);
    GByteArray *out = g_byte_array_sized_new((guint)bytes);

    g_byte_array_append(out, buffer, (guint)bytes);
    free(buffer);
    cbor_decref(&item);
    return out;
}

// ---- assertions ----
// The assertion store as it grows, and the claim's list of hashed references to what is in it.
typedef struct Assertions {
    GByteArray *store;
    GPtrArray *urls;   // char *
    GPtrArray *hashes; // GBytes
} Assertions;

static void add_assertion(Assertions *assertions, const char *type, const char *label,
                          GByteArray *payload)
{
    g_autoptr(GByteArray) content = g_byte_array_new();
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize digest_bytes = sizeof(digest);

    rushes_jumbf_append_box(content, type, payload->data, payload->len);
    gsize start = rushes_jumbf_append(assertions->store, type, label, content) +
                  8; // a reference covers the box's contents
    g_checksum_update(checksum, assertions->store->data + start, assertions->store->len - start);
    g_checksum_get_digest(checksum, digest, &digest_bytes);
    g_ptr_array_add(assertions->urls, g_strdup_printf("self#jumbf=c2pa.assertions/%s", label));
    g_ptr_array_add(assertions->hashes, g_bytes_new(digest, digest_bytes));
    g_byte_array_unref(payload);
}

static cbor_item_t *reference(const Assertions *assertions, guint index)
{
    cbor_item_t *map = cbor_new_definite_map(2);
    GBytes *hash = g_ptr_array_index(assertions->hashes, index);

    put(map, "url", cbor_build_string(g_ptr_array_index(assertions->urls, index)));
    put(map, "hash", bytes_item(g_bytes_get_data(hash, NULL), g_bytes_get_size(hash)));
    return map;
}

static void add_ingredients(Assertions *assertions, const RushesClaim *claim)
{
    for (gsize i = 0; i < claim->ingredient_count; i++) {
        const RushesIngredient *ingredient = &claim->ingredients[i];
        cbor_item_t *map = cbor_new_definite_map(3);
        g_autofree char *label = i == 0
                                     ? g_strdup("c2pa.ingredient.v3")
                                     : g_strdup_printf("c2pa.ingredient.v3__%" G_GSIZE_FORMAT, i);
        put(map, "dc:title", cbor_build_string(ingredient->title));
        put(map, "dc:format", cbor_build_string(ingredient->format));
        put(map, "relationship", cbor_build_string(ingredient->relationship));
        add_assertion(assertions, JUMBF_CBOR, label, serialise(map));
    }
}

static cbor_item_t *ingredient_parameters(const Assertions *assertions, const RushesClaim *claim,
                                          const char *relationship, guint count)
{
    cbor_item_t *parameters = cbor_new_definite_map(1);
    cbor_item_t *list = cbor_new_definite_array(count);

    for (guint i = 0; i < claim->ingredient_count; i++)
        if (g_str_equal(claim->ingredients[i].relationship, relationship))
            push(list, reference(assertions, i)); // ingredients come first in the store
    put(parameters, "ingredients", list);
    return parameters;
}

static guint count_ingredients(const RushesClaim *claim, const char *relationship)
{
    guint count = 0;

    for (gsize i = 0; i < claim->ingredient_count; i++)
        count += g_str_equal(claim->ingredients[i].relationship, relationship);
    return count;
}

// `source` is left out of actions that C2PA exempts from it.
static void push_action(cbor_item_t *list, const char *name, const char *source)
{
    cbor_item_t *action = cbor_new_definite_map(source ? 2 : 1);

    put(action, "action", cbor_build_string(name));
    if (source)
        put(action, "digitalSourceType", cbor_build_string(source));
    push(list, action);
}

static void add_actions(Assertions *assertions, const RushesClaim *claim, const char *when)
{
    guint edits = claim->edits ? g_strv_length((char **)claim->edits) : 0;
    guint placed = count_ingredients(claim, "componentOf");
    guint inputs = count_ingredients(claim, "inputTo");
    cbor_item_t *list =
        cbor_new_definite_array(1 + (placed ? 1 : 0) + edits + (claim->is_labelled ? 1 : 0) +
                                (claim->is_watermarked ? 1 : 0));
    cbor_item_t *created = cbor_new_definite_map(inputs ? 5 : 4);
    cbor_item_t *agent = cbor_new_definite_map(2);
    const char *source = claim->is_composite ? SOURCE_TYPE "compositeWithTrainedAlgorithmicMedia"
                                             : SOURCE_TYPE "trainedAlgorithmicMedia";

    put(agent, "name", cbor_build_string("Rushes"));
    put(agent, "version", cbor_build_string(RUSHES_VERSION));
    put(created, "action", cbor_build_string("c2pa.created"));
    put(created, "when", cbor_build_tag(TAG_DATE_TIME, cbor_move(cbor_build_string(when))));
    put(created, "softwareAgent", agent);
    put(created, "digitalSourceType", cbor_build_string(source));
    if (inputs)
        put(created, "parameters", ingredient_parameters(assertions, claim, "inputTo", inputs));
    push(list, created);
    if (placed) {
        cbor_item_t *action = cbor_new_definite_map(2);
        put(action, "action", cbor_build_string("c2pa.placed"));
        put(action, "parameters", ingredient_parameters(assertions, claim, "componentOf", placed));
        push(list, action);
    }
    for (guint i = 0; i < edits; i++)
        push_action(list, claim->edits[i], source);
    if (claim->is_labelled)
        push_action(list, "c2pa.addedText", source);
    // "Unbound": the mark names a take, not the manifest, and no list of C2PA's knows how it is read.
    if (claim->is_watermarked)
        push_action(list, "c2pa.watermarked.unbound", NULL);
    cbor_item_t *map = cbor_new_definite_map(2);
    put(map, "actions", list);
    put(map, "allActionsIncluded", cbor_build_bool(true));
    add_assertion(assertions, JUMBF_CBOR, "c2pa.actions.v2", serialise(map));
}

static void add_bmff_binding(Assertions *assertions, const guint8 hash[RUSHES_HASH_BYTES])
{
    // Just what has to be left out (C2PA 2.2, A.5.6): leaving out more is called insecure there.
    static const char *const excluded[] = {"/ftyp", "/mfra"};
    cbor_item_t *exclusions = cbor_new_definite_array(1 + G_N_ELEMENTS(excluded));
    cbor_item_t *uuid = cbor_new_definite_map(2);
    cbor_item_t *data = cbor_new_definite_array(1);
    cbor_item_t *match = cbor_new_definite_map(2);

    put(match, "offset", cbor_build_uint8(8));
    put(match, "value", bytes_item(rushes_bmff_store_uuid, sizeof(rushes_bmff_store_uuid)));
    push(data, match);
    put(uuid, "xpath", cbor_build_string("/uuid"));
    put(uuid, "data", data);
    push(exclusions, uuid);
    for (guint i = 0; i < G_N_ELEMENTS(excluded); i++) {
        cbor_item_t *map = cbor_new_definite_map(1);
        put(map, "xpath", cbor_build_string(excluded[i]));
        push(exclusions, map);
    }
    cbor_item_t *map = cbor_new_definite_map(4);
    put(map, "exclusions", exclusions);
    put(map, "alg", cbor_build_string("sha256"));
    put(map, "hash", bytes_item(hash, RUSHES_HASH_BYTES));
    put(map, "name", cbor_build_string("media"));
    add_assertion(assertions, JUMBF_CBOR, "c2pa.hash.bmff.v3", serialise(map));
}

// C2PA's exclusions are bytes that any validator passes over. We hash them all the same, for our own reader.
static void add_lead_binding(Assertions *assertions, const guint8 hash[RUSHES_HASH_BYTES])
{
    cbor_item_t *map = cbor_new_definite_map(2);

    put(map, "alg", cbor_build_string("sha256"));
    put(map, "hash", bytes_item(hash, RUSHES_HASH_BYTES));
    add_assertion(assertions, JUMBF_CBOR, RUSHES_LEAD_LABEL, serialise(map));
}

// The whole file, nothing left out: its manifest stands beside it.
static void add_data_binding(Assertions *assertions, const guint8 hash[RUSHES_HASH_BYTES])
{
    cbor_item_t *map = cbor_new_definite_map(4);

    put(map, "alg", cbor_build_string("sha256"));
    put(map, "hash", bytes_item(hash, RUSHES_HASH_BYTES));
    put(map, "name", cbor_build_string("file"));
    put(map, "pad", bytes_item("", 0));
    add_assertion(assertions, JUMBF_CBOR, "c2pa.hash.data", serialise(map));
}

// ---- claim and signature ----
static GByteArray *build_claim(const Assertions *assertions, const RushesClaim *claim,
                               const char *uuid)
{
    cbor_item_t *created = cbor_new_definite_array(assertions->urls->len);
    cbor_item_t *generator = cbor_new_definite_map(3);
    cbor_item_t *map = cbor_new_definite_map(6);
    g_autofree char *instance = g_strdup_printf("xmp:iid:%s", uuid);
    g_autofree char *signature =
        g_strdup_printf("self#jumbf=/c2pa/urn:c2pa:%s/c2pa.signature", uuid);

    for (guint i = 0; i < assertions->urls->len; i++)
        push(created, reference(assertions, i));
    put(generator, "name", cbor_build_string("Rushes"));
    put(generator, "version", cbor_build_string(RUSHES_VERSION));
    put(generator, "specVersion", cbor_build_string("2.2.0"));
    put(map, "instanceID", cbor_build_string(instance));
    put(map, "claim_generator_info", generator);
    put(map, "signature", cbor_build_string(signature));
    put(map, "created_assertions", created);
    put(map, "dc:title", cbor_build_string(claim->title ? claim->title : "Untitled"));
    put(map, "alg", cbor_build_string("sha256"));
    return serialise(map);
}

static GByteArray *build_protected_header(RushesIdentity *identity)
{
    GPtrArray *chain = rushes_identity_get_chain(identity);
    cbor_item_t *map = cbor_new_definite_map(2);
    cbor_item_t *certificates = cbor_new_definite_array(chain->len);

    for (guint i = 0; i < chain->len; i++) {
        GBytes *der = g_ptr_array_index(chain, i);
        push(certificates, bytes_item(g_bytes_get_data(der, NULL), g_bytes_get_size(der)));
    }
    g_assert(
        cbor_map_add(map, (struct cbor_pair){.key = cbor_move(cbor_build_uint8(COSE_ALG)),
                                             .value = cbor_move(cbor_build_negint8(COSE_ES256))}));
    cbor_item_t *value = certificates;
    if (chain->len == 1) { // RFC 9360: a single certificate stands without the array
        value = cbor_array_get(certificates, 0);
        cbor_decref(&certificates);
    }
    g_assert(cbor_map_add(map, (struct cbor_pair){.key = cbor_move(cbor_build_uint8(COSE_X5CHAIN)),
                                                  .value = cbor_move(value)}));
    return serialise(map);
}

// COSE's Sig_structure (RFC 8152 section 4.4) around a payload.
static GByteArray *build_structure(const char *context, const GByteArray *header,
                                   const GByteArray *payload)
{
    cbor_item_t *structure = cbor_new_definite_array(4);

    push(structure, cbor_build_string(context));
    push(structure, bytes_item(header->data, header->len));
    push(structure, bytes_item("", 0));
    push(structure, bytes_item(payload->data, payload->len));
    return serialise(structure);
}

// The unprotected header: nothing, or the authority's answer about the signature (C2PA 2.2, "sigTst2": what is stamped is a
// counter-signature's structure around the signature as a CBOR byte string). An authority that fails costs the stamp,
// not the file.
static cbor_item_t *build_unprotected_header(const RushesClaim *claim, const GByteArray *header,
                                             GBytes *signature)
{
    gsize bytes;
    const void *data = g_bytes_get_data(signature, &bytes);

    if (!claim->time_stamp_url)
        return cbor_new_definite_map(0);
    g_autoptr(GByteArray) item = serialise(bytes_item(data, bytes));
    g_autoptr(GByteArray) stamped = build_structure("CounterSignature", header, item);
    g_autoptr(GBytes) token =
        rushes_time_stamp_request(claim->time_stamp_url, stamped->data, stamped->len,
                                  claim->unstamped && !*claim->unstamped ? claim->unstamped : NULL);
    if (!token)
        return cbor_new_definite_map(0);
    cbor_item_t *value = cbor_new_definite_map(1), *tokens = cbor_new_definite_array(1);
    cbor_item_t *stamps = cbor_new_definite_map(1), *unprotected = cbor_new_definite_map(1);
    put(value, "val", bytes_item(g_bytes_get_data(token, NULL), g_bytes_get_size(token)));
    push(tokens, value);
    put(stamps, "tstTokens", tokens);
    put(unprotected, "sigTst2", stamps);
    return unprotected;
}

static GByteArray *sign_claim(RushesIdentity *identity, const RushesClaim *what,
                              const GByteArray *claim, GError **error)
{
    g_autoptr(GByteArray) header = build_protected_header(identity);
    g_autoptr(GByteArray) message = build_structure("Signature1", header, claim);
    g_autoptr(GBytes) signature =
        rushes_identity_sign(identity, message->data, message->len, error);
    if (!signature)
        return NULL;
    cbor_item_t *cose = cbor_new_definite_array(4);
    push(cose, bytes_item(header->data, header->len));
    push(cose, build_unprotected_header(what, header, signature));
    push(cose, cbor_new_null()); // the payload is the claim box itself
    push(cose, bytes_item(g_bytes_get_data(signature, NULL), g_bytes_get_size(signature)));
    return serialise(cbor_build_tag(COSE_SIGN1_TAG, cbor_move(cose)));
}

static void append_cbor_box(GByteArray *out, const char *type, const char *label,
                            const GByteArray *payload)
{
    g_autoptr(GByteArray) content = g_byte_array_new();

    rushes_jumbf_append_box(content, JUMBF_CBOR, payload->data, payload->len);
    rushes_jumbf_append(out, type, label, content);
}

GByteArray *rushes_manifest_build(RushesIdentity *identity, const RushesClaim *claim,
                                  const char *uuid, const RushesFileHash *hash, GError **error)
{
    g_autoptr(GByteArray) assertion_store = g_byte_array_new();
    g_autoptr(GPtrArray) urls = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    Assertions assertions = {.store = assertion_store, .urls = urls, .hashes = hashes};
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *when =
        claim->when ? g_strdup(claim->when) : g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");

    add_ingredients(&assertions, claim);
    add_actions(&assertions, claim, when);
    if (claim->recipe_json) {
        // A CBOR text rather than a JSON box: a validator that re-serialises JSON before hashing (c2pa-ts
        // does) would call another spelling of the same numbers a change.
        cbor_item_t *recipe = cbor_new_definite_map(1);
        put(recipe, RUSHES_RECIPE_KEY, cbor_build_string(claim->recipe_json));
        add_assertion(&assertions, JUMBF_CBOR, RUSHES_RECIPE_LABEL, serialise(recipe));
    }
    if (claim->binding == RUSHES_BINDING_DATA) {
        add_data_binding(&assertions, hash->media);
    } else {
        add_bmff_binding(&assertions, hash->media);
        add_lead_binding(&assertions, hash->lead);
    }

    g_autoptr(GByteArray) claim_cbor = build_claim(&assertions, claim, uuid);
    g_autoptr(GByteArray) signature = sign_claim(identity, claim, claim_cbor, error);
    if (!signature)
        return NULL;
    g_autoptr(GByteArray) manifest = g_byte_array_new();
    rushes_jumbf_append(manifest, JUMBF_ASSERTIONS, "c2pa.assertions", assertion_store);
    append_cbor_box(manifest, JUMBF_CLAIM, "c2pa.claim.v2", claim_cbor);
    append_cbor_box(manifest, JUMBF_SIGNATURE, "c2pa.signature", signature);

    g_autoptr(GByteArray) manifests = g_byte_array_new();
    g_autofree char *label = g_strdup_printf("urn:c2pa:%s", uuid);
    rushes_jumbf_append(manifests, JUMBF_MANIFEST, label, manifest);
    GByteArray *store = g_byte_array_new();
    rushes_jumbf_append(store, JUMBF_STORE, "c2pa", manifests);
    return store;
}
