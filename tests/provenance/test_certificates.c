// SPDX-License-Identifier: GPL-3.0-or-later
//
// A creator's own certificate that validators would refuse is refused before anything is signed with it, and the
// sentence says why.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "provenance/identity.h"
#include "scratch.h"
#include "tap.h"

#define DAY 86400L

// How one certificate differs from a good one.
typedef struct Wrong {
    long from, until;  // seconds from now; both 0: from an hour ago for a day
    const char *usage; // extended key usage; "" for none, NULL for e-mail
    gboolean is_rsa;
    gboolean other_key; // the key file holds another key
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
    X509_sign(leaf, root_key, EVP_sha256());
    FILE *file = fopen(certificate_path, "w");
    PEM_write_X509(file, leaf);
    fclose(file);
    file = fopen(key_path, "w");
    PEM_write_PrivateKey(file, wrong->other_key ? other : key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    X509_NAME_free(issuer);
    X509_free(leaf);
    EVP_PKEY_free(other);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
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
    TAP_RUN(what_is_no_certificate_is_refused);
    return scratch_end(tap_done());
}
