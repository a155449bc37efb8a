// SPDX-License-Identifier: GPL-3.0-or-later
//
// A creator's own certificate that validators would refuse is refused before anything is signed with it, and the
// sentence says why.
#include <glib/gstdio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "provenance/signer.h"
#include "scratch.h"
#include "tap.h"

#define DAY 86400L

// How one certificate differs from a good one.
typedef struct Wrong {
    long from, until;  // seconds from now; both 0: from an hour ago for a day
    const char *usage; // extended key usage; "" for none, NULL for e-mail
    gboolean is_rsa;
    gboolean other_key; // the key file holds another key
    gboolean nameless;  // it does not say which key issued it
    gboolean is_sha1;   // it is signed with SHA-1
    gboolean is_locked; // the key has a passphrase
} Wrong;

static void add(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

// What OpenSSL would work out from the issuer's certificate, which is not kept.
static void name_issuer_key(X509 *certificate)
{
    AUTHORITY_KEYID *id = AUTHORITY_KEYID_new();

    id->keyid = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(id->keyid, (const guint8 *)"an authority's key", 18);
    X509_add1_ext_i2d(certificate, NID_authority_key_identifier, id, 0, 0);
    AUTHORITY_KEYID_free(id);
}

static void name(X509_NAME *subject, const char *text)
{
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guint8 *)text, -1, -1, 0);
}

// Signed by a root that exists for this call alone: who it is does not matter here.
static void write_pair(const Wrong *wrong, const char *certificate_path, const char *key_path)
{
    EVP_PKEY *root_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = wrong->is_rsa ? EVP_RSA_gen(1024) : EVP_EC_gen("P-256");
    EVP_PKEY *other = EVP_EC_gen("P-256");
    X509 *leaf = X509_new();
    X509_NAME *issuer = X509_NAME_new();

    name(issuer, "An authority");
    name(X509_get_subject_name(leaf), "A creator");
    X509_set_issuer_name(leaf, issuer);
    X509_set_version(leaf, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(leaf), 4711);
    gboolean is_default = wrong->from == 0 && wrong->until == 0;
    X509_gmtime_adj(X509_getm_notBefore(leaf), is_default ? -3600 : wrong->from);
    X509_gmtime_adj(X509_getm_notAfter(leaf), is_default ? DAY : wrong->until);
    X509_set_pubkey(leaf, key);
    add(leaf, leaf, NID_basic_constraints, "critical,CA:FALSE");
    add(leaf, leaf, NID_key_usage, "critical,digitalSignature");
    if (!wrong->usage || wrong->usage[0])
        add(leaf, leaf, NID_ext_key_usage, wrong->usage ? wrong->usage : "emailProtection");
    if (!wrong->nameless)
        name_issuer_key(leaf);
    X509_sign(leaf, root_key, wrong->is_sha1 ? EVP_sha1() : EVP_sha256());
    FILE *file = fopen(certificate_path, "w");
    PEM_write_X509(file, leaf);
    fclose(file);
    file = fopen(key_path, "w");
    PEM_write_PrivateKey(
        file, wrong->other_key ? other : key, wrong->is_locked ? EVP_aes_128_cbc() : NULL,
        wrong->is_locked ? (const guint8 *)"secret" : NULL, wrong->is_locked ? 6 : 0, NULL, NULL);
    fclose(file);
    chmod(key_path, 0600);
    X509_NAME_free(issuer);
    X509_free(leaf);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

static void write_certificate(const Wrong *wrong, const char *path)
{
    g_autofree char *spare = g_strconcat(path, ".key", NULL);

    write_pair(wrong, path, spare);
}

// What loading says; NULL when it is content.
static char *complaint(const Wrong *wrong)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autoptr(GError) error = NULL;

    write_pair(wrong, certificate, key);
    g_autoptr(RushesIdentity) identity = rushes_identity_load(certificate, key, &error);
    CHECK((identity == NULL) == (error != NULL));
    CHECK(!error || (strstr(error->message, folder) && !strchr(error->message, '\n')));
    return error ? g_strdup(error->message) : NULL;
}

static gboolean complains_of(const Wrong *wrong, const char *words)
{
    g_autofree char *text = complaint(wrong);

    if (text)
        printf("# %s\n", strrchr(text, '/') + 1);
    return text && strstr(text, words);
}

static void a_good_certificate_is_taken(void)
{
    g_autofree char *email = complaint(&(Wrong){0});
    g_autofree char *documents = complaint(&(Wrong){.usage = "1.3.6.1.5.5.7.3.36"});

    CHECK(email == NULL);
    CHECK(documents == NULL);
}

static void an_expired_certificate_is_refused(void)
{
    CHECK(complains_of(&(Wrong){.from = -9 * DAY, .until = -DAY}, "has expired"));
}

static void a_clock_in_the_past_is_named(void)
{
    CHECK(complains_of(&(Wrong){.from = DAY, .until = 9 * DAY}, "clock"));
}

static void a_key_of_another_certificate_is_refused(void)
{
    CHECK(complains_of(&(Wrong){.other_key = TRUE}, "does not belong"));
}

static void a_certificate_for_nothing_or_for_servers_is_refused(void)
{
    CHECK(complains_of(&(Wrong){.usage = ""}, "extended key usage"));
    CHECK(complains_of(&(Wrong){.usage = "serverAuth"}, "extended key usage"));
    CHECK(complains_of(&(Wrong){.usage = "emailProtection,anyExtendedKeyUsage"},
                       "extended key usage"));
}

static void a_certificate_that_validators_doubt_is_refused(void)
{
    CHECK(complains_of(&(Wrong){.nameless = TRUE}, "authority key identifier"));
    CHECK(complains_of(&(Wrong){.is_sha1 = TRUE}, "SHA-1"));
}

static void a_key_with_a_passphrase_is_refused_without_asking_for_it(void)
{
    CHECK(complains_of(&(Wrong){.is_locked = TRUE}, "passphrase"));
}

static void an_rsa_key_is_refused(void)
{
    CHECK(complains_of(&(Wrong){.is_rsa = TRUE}, "P-256"));
}

static void what_is_no_certificate_is_refused(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autoptr(GError) error = NULL;

    write_pair(&(Wrong){0}, certificate, key);
    CHECK(g_file_set_contents(certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n", -1, NULL));
    CHECK(rushes_identity_load(certificate, key, &error) == NULL);
    CHECK(error && strstr(error->message, "no certificate can be read"));
    g_clear_error(&error);
    CHECK(g_file_set_contents(key, "garbage", -1, NULL));
    write_certificate(&(Wrong){0}, certificate);
    CHECK(rushes_identity_load(certificate, key, &error) == NULL);
    CHECK(error && strstr(error->message, "no private key can be read"));
    g_clear_error(&error);
    CHECK(g_remove(key) == 0);
    CHECK(rushes_identity_load(certificate, key, &error) == NULL);
    CHECK(error && strstr(error->message, "mine.key: cannot be read"));
}

static void a_stranger_behind_the_certificate_is_refused(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *stranger = g_build_filename(folder, "stranger.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autofree char *mine = NULL, *other = NULL;
    g_autoptr(GError) error = NULL;

    write_certificate(&(Wrong){0}, stranger);
    write_pair(&(Wrong){0}, certificate, key);
    CHECK(g_file_get_contents(certificate, &mine, NULL, NULL));
    CHECK(g_file_get_contents(stranger, &other, NULL, NULL));
    g_autofree char *both = g_strconcat(mine, other, NULL);
    CHECK(g_file_set_contents(certificate, both, -1, NULL));
    CHECK(rushes_identity_load(certificate, key, &error) == NULL);
    CHECK(error && strstr(error->message, "was not issued by the one behind it"));
}

// ---- who signs ----
static char *signer_name(const char *folder)
{
    g_autoptr(RushesIdentity) identity = rushes_signer_open(folder, "This computer", NULL);

    return identity
               ? rushes_identity_describe(g_ptr_array_index(rushes_identity_get_chain(identity), 0))
               : NULL;
}

static void an_own_certificate_signs_until_it_is_given_back(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autofree char *identity = g_build_filename(folder, "identity", NULL);
    g_autofree char *own = g_build_filename(identity, "own.pem", NULL);
    struct stat state;

    g_autofree char *before = signer_name(identity);
    write_pair(&(Wrong){0}, certificate, key);
    CHECK(rushes_signer_adopt(identity, certificate, key, NULL));
    CHECK(g_stat(own, &state) == 0 && (state.st_mode & 0777) == 0600);
    g_autofree char *during = signer_name(identity);
    CHECK(rushes_signer_forget(identity, NULL));
    g_autofree char *after = signer_name(identity);
    CHECK(g_strcmp0(before, "This computer") == 0);
    CHECK(g_strcmp0(during, "A creator") == 0);
    CHECK(g_strcmp0(after, "This computer") == 0);
}

static void a_key_that_others_may_read_is_refused(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    static const mode_t loose[] = {0640, 0604, 0620, 0666};

    write_pair(&(Wrong){0}, certificate, key);
    for (guint i = 0; i < G_N_ELEMENTS(loose); i++) {
        g_autoptr(GError) error = NULL;
        chmod(key, loose[i]);
        CHECK(!rushes_signer_adopt(folder, certificate, key, &error));
        CHECK(error && strstr(error->message, "mine.key: other users of this computer"));
        CHECK(!rushes_signer_is_own(folder));
    }
    chmod(key, 0400);
    CHECK(rushes_signer_adopt(folder, certificate, key, NULL));
}

// Somebody, or a copy of the home folder, has opened the file to others since: before the export, not after it.
static void a_key_that_was_opened_to_others_later_signs_no_more(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autofree char *own = g_build_filename(folder, "own.pem", NULL);
    g_autofree char *leaf = g_build_filename(folder, "leaf.key", NULL);
    g_autofree char *root = g_build_filename(folder, "root.key", NULL);
    g_autofree char *here = signer_name(folder); // makes this computer's identity
    g_autoptr(GError) error = NULL;

    chmod(leaf, 0640);
    CHECK(!rushes_signer_check(folder, &error));
    CHECK(error && strstr(error->message, "leaf.key: other users of this computer"));
    g_clear_error(&error);
    chmod(leaf, 0600);
    CHECK(rushes_signer_check(folder, NULL));
    chmod(root, 0604);
    CHECK(!rushes_identity_renew(folder, &error));
    CHECK(error && strstr(error->message, "root.key: other users of this computer"));
    g_clear_error(&error);
    chmod(root, 0600);
    CHECK(rushes_identity_renew(folder, NULL));

    write_pair(&(Wrong){0}, certificate, key);
    CHECK(rushes_signer_adopt(folder, certificate, key, NULL));
    chmod(own, 0644);
    CHECK(!rushes_signer_check(folder, &error));
    CHECK(error && strstr(error->message, "own.pem: other users of this computer"));
    CHECK(rushes_signer_open(folder, "This computer", NULL) == NULL); // nobody else signs instead
    chmod(own, 0600);
    g_autofree char *again = signer_name(folder);
    CHECK(g_strcmp0(again, "A creator") == 0);
}

static void a_wrong_certificate_does_not_take_the_place_of_a_good_one(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *certificate = g_build_filename(folder, "mine.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autoptr(GError) error = NULL;

    write_pair(&(Wrong){0}, certificate, key);
    CHECK(rushes_signer_adopt(folder, certificate, key, NULL));
    write_pair(&(Wrong){.from = -9 * DAY, .until = -DAY}, certificate, key);
    CHECK(!rushes_signer_adopt(folder, certificate, key, &error));
    CHECK(error && strstr(error->message, "has expired"));
    g_autofree char *still = signer_name(folder);
    CHECK(g_strcmp0(still, "A creator") == 0);
}

// Nobody must find another name on a film than the one that was chosen.
static void an_own_certificate_that_expired_stops_signing(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autofree char *own = g_build_filename(folder, "own.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "mine.key", NULL);
    g_autofree char *first = NULL, *second = NULL;
    g_autoptr(GError) error = NULL;

    CHECK(rushes_signer_check(folder, &error)); // nothing there yet: one will be made
    write_pair(&(Wrong){.from = -9 * DAY, .until = -DAY}, own, key);
    CHECK(g_file_get_contents(own, &first, NULL, NULL));
    CHECK(g_file_get_contents(key, &second, NULL, NULL));
    g_autofree char *both = g_strconcat(first, second, NULL);
    CHECK(g_file_set_contents_full(own, both, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
    CHECK(!rushes_signer_check(folder, &error));
    CHECK(error && strstr(error->message, "has expired") &&
          strstr(error->message, "rushes credentials"));
    CHECK(rushes_signer_open(folder, "This computer", NULL) == NULL);
}

// The certificate of this computer's identity, as one that ended yesterday.
static void let_it_expire(const char *folder)
{
    g_autofree char *leaf_path = g_build_filename(folder, "leaf.pem", NULL);
    g_autofree char *key_path = g_build_filename(folder, "root.key", NULL);
    FILE *file = fopen(leaf_path, "r"), *key_file = fopen(key_path, "r");
    X509 *leaf = PEM_read_X509(file, NULL, NULL, NULL);
    EVP_PKEY *key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);

    fclose(file);
    fclose(key_file);
    X509_gmtime_adj(X509_getm_notBefore(leaf), -9 * DAY);
    X509_gmtime_adj(X509_getm_notAfter(leaf), -DAY);
    X509_sign(leaf, key, EVP_sha256());
    file = fopen(leaf_path, "w");
    PEM_write_X509(file, leaf);
    fclose(file);
    EVP_PKEY_free(key);
    X509_free(leaf);
}

static void an_expired_certificate_of_this_computer_is_renewed_with_the_same_key(void)
{
    g_autofree char *folder = g_dir_make_tmp(NULL, NULL);
    g_autoptr(GError) error = NULL, nothing = NULL;
    g_autoptr(RushesIdentity) first = rushes_identity_open(folder, "A creator", NULL);
    GBytes *old = g_ptr_array_index(rushes_identity_get_chain(first), 0);
    g_autoptr(GBytes) signature = rushes_identity_sign(first, "a record", 8, NULL);

    let_it_expire(folder);
    CHECK(rushes_signer_open(folder, "A creator", &error) == NULL);
    CHECK(error && strstr(error->message, "has expired") &&
          strstr(error->message, "rushes credentials renew"));
    CHECK(rushes_identity_renew(folder, NULL));
    g_autofree char *name = signer_name(folder);
    CHECK(g_strcmp0(name, "A creator") == 0);
    g_autoptr(RushesIdentity) second = rushes_identity_open(folder, "A creator", NULL);
    CHECK(second != NULL);
    if (second) {
        GBytes *fresh = g_ptr_array_index(rushes_identity_get_chain(second), 0);
        CHECK(!g_bytes_equal(old, fresh));
        CHECK(rushes_identity_verify(fresh, "a record", 8, g_bytes_get_data(signature, NULL),
                                     g_bytes_get_size(signature)));
        CHECK(rushes_identity_owns(folder, old) && rushes_identity_owns(folder, fresh));
    }
    g_autofree char *empty = g_dir_make_tmp(NULL, NULL);
    CHECK(!rushes_identity_renew(empty, &nothing));
    CHECK(nothing && strstr(nothing->message, "no certificate"));
}

int main(void)
{
    scratch_begin();
    TAP_RUN(a_good_certificate_is_taken);
    TAP_RUN(an_expired_certificate_is_refused);
    TAP_RUN(a_clock_in_the_past_is_named);
    TAP_RUN(a_key_of_another_certificate_is_refused);
    TAP_RUN(a_certificate_for_nothing_or_for_servers_is_refused);
    TAP_RUN(an_rsa_key_is_refused);
    TAP_RUN(a_certificate_that_validators_doubt_is_refused);
    TAP_RUN(a_key_with_a_passphrase_is_refused_without_asking_for_it);
    TAP_RUN(what_is_no_certificate_is_refused);
    TAP_RUN(a_stranger_behind_the_certificate_is_refused);
    TAP_RUN(an_own_certificate_signs_until_it_is_given_back);
    TAP_RUN(a_key_that_others_may_read_is_refused);
    TAP_RUN(a_key_that_was_opened_to_others_later_signs_no_more);
    TAP_RUN(a_wrong_certificate_does_not_take_the_place_of_a_good_one);
    TAP_RUN(an_own_certificate_that_expired_stops_signing);
    TAP_RUN(an_expired_certificate_of_this_computer_is_renewed_with_the_same_key);
    return scratch_end(tap_done());
}
