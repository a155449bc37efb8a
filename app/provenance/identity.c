// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/identity.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "provenance/certificate.h"
#include "provenance/pem-file.h"

#define ROOT_DAYS   7300
#define LEAF_DAYS   1825
#define CURVE_BYTES 32 // P-256: one coordinate, one half of a signature

struct RushesIdentity {
    EVP_PKEY *key;
    GPtrArray *chain; // GBytes
};

GQuark rushes_provenance_error_quark(void)
{
    return g_quark_from_static_string("rushes-provenance-error-quark");
}

static gboolean fail_key(GError **error, const char *what, const char *path)
{
    char reason[160];

    ERR_error_string_n(ERR_get_error(), reason, sizeof(reason));
    g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_KEY, "%s: %s (%s)", path,
                what, reason);
    ERR_clear_error();
    return FALSE;
}

static gboolean add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    if (!extension)
        return FALSE;
    gboolean added = X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

// A certificate for `key`, signed by `issuer_key`; `issuer` is NULL for the root, which signs itself.
static X509 *make_certificate(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
                              int days)
{
    gboolean is_root = issuer == NULL;
    guint8 serial[16];
    X509 *certificate = X509_new();

    if (!certificate || RAND_bytes(serial, sizeof(serial)) != 1)
        goto failed;
    serial[0] &= 0x7f; // positive, as RFC 5280 asks
    BIGNUM *number = BN_bin2bn(serial, sizeof(serial), NULL);
    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    X509_set_version(certificate, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(certificate),
                    -3600); // clocks of validators may lag behind ours
    X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * 86400);
    X509_set_pubkey(certificate, key);

    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const guint8 *)"Rushes local signer",
                               -1, -1, 0);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const guint8 *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, is_root ? subject : X509_get_subject_name(issuer));

    X509 *signer = is_root ? certificate : issuer;
    if (!add_extension(certificate, signer, NID_basic_constraints,
                       is_root ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
        !add_extension(certificate, signer, NID_key_usage,
                       is_root ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") ||
        !add_extension(certificate, signer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, signer, NID_authority_key_identifier, "keyid:always") ||
        (!is_root && !add_extension(certificate, signer, NID_ext_key_usage, "emailProtection")) ||
        X509_sign(certificate, issuer_key, EVP_sha256()) == 0)
        goto failed;
    return certificate;

failed:
    X509_free(certificate);
    return NULL;
}

static gboolean make_identity(const char *folder, const char *name, GError **error)
{
    g_autofree char *root_path = g_build_filename(folder, "root.pem", NULL);
    g_autofree char *leaf_path = g_build_filename(folder, "leaf.pem", NULL);
    g_autofree char *root_key_path = g_build_filename(folder, "root.key", NULL);
    g_autofree char *leaf_key_path = g_build_filename(folder, "leaf.key", NULL);
    g_autofree char *root_name = g_strdup_printf("%s root", name);
    gboolean made = FALSE;

    if (g_mkdir_with_parents(folder, 0700) != 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "%s: cannot be created (%s)",
                    folder, g_strerror(errno));
        return FALSE;
    }
    EVP_PKEY *root_key = EVP_EC_gen("P-256");
    EVP_PKEY *leaf_key = EVP_EC_gen("P-256");
    X509 *root = root_key ? make_certificate(root_key, root_name, NULL, root_key, ROOT_DAYS) : NULL;
    X509 *leaf =
        root && leaf_key ? make_certificate(leaf_key, name, root, root_key, LEAF_DAYS) : NULL;
    if (!leaf)
        fail_key(error, "the signing key cannot be made", folder);
    else // leaf.pem last: its presence says that the set is complete
        made = rushes_pem_write(root_key_path, root_key, NULL, error) &&
               rushes_pem_write(leaf_key_path, leaf_key, NULL, error) &&
               rushes_pem_write(root_path, NULL, root, error) &&
               rushes_pem_write(leaf_path, NULL, leaf, error);
    X509_free(leaf);
    X509_free(root);
    EVP_PKEY_free(leaf_key);
    EVP_PKEY_free(root_key);
    return made;
}

// ---- loading ----
RushesIdentity *rushes_identity_load(const char *certificates, const char *key_path, GError **error)
{
    g_autoptr(RushesIdentity) identity = g_new0(RushesIdentity, 1);

    identity->chain = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
    g_autoptr(GPtrArray) chain = rushes_pem_read_chain(certificates, error);
    identity->key = chain ? rushes_pem_read_key(key_path, error) : NULL;
    if (!identity->key)
        return NULL;
    g_autofree char *fault = rushes_certificate_find_fault(chain, identity->key);
    if (fault) {
        rushes_pem_fail(error, certificates, fault);
        return NULL;
    }
    for (guint i = 0; i < chain->len; i++) {
        guint8 *der = NULL;
        int bytes = i2d_X509(g_ptr_array_index(chain, i), &der);
        if (bytes > 0)
            g_ptr_array_add(identity->chain, g_bytes_new(der, (gsize)bytes));
        OPENSSL_free(der);
    }
    return g_steal_pointer(&identity);
}

gboolean rushes_identity_save(RushesIdentity *identity, const char *path, GError **error)
{
    BIO *text = BIO_new(BIO_s_mem());
    char *pem = NULL;

    PEM_write_bio_PrivateKey(text, identity->key, NULL, NULL, 0, NULL, NULL);
    for (guint i = 0; i < identity->chain->len; i++) {
        gsize bytes;
        const guint8 *der = g_bytes_get_data(g_ptr_array_index(identity->chain, i), &bytes);
        X509 *certificate = d2i_X509(NULL, &der, (long)bytes);
        PEM_write_bio_X509(text, certificate);
        X509_free(certificate);
    }
    long count = BIO_get_mem_data(text, &pem);
    gboolean saved = g_file_set_contents_full(path, pem, (gssize)count,
                                              G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
    OPENSSL_cleanse(pem, (gsize)count);
    BIO_free(text);
    return saved;
}

static X509 *read_own(const char *folder, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return rushes_pem_read_certificate(path);
}

// Is now within the certificate's time?
static gboolean is_in_time(X509 *certificate)
{
    return X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0 &&
           X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
}

// A clock that was wrong when the certificate was made, or five years, would otherwise end all signing here.
static void tell_of_renewal(const char *folder, GError **error)
{
    X509 *leaf = read_own(folder, "leaf.pem");

    if (error && leaf && !is_in_time(leaf)) {
        char *told = g_strconcat((*error)->message,
                                 " (rushes credentials renew makes this computer a new one)", NULL);
        g_free((*error)->message);
        (*error)->message = told;
    }
    X509_free(leaf);
}

RushesIdentity *rushes_identity_open(const char *folder, const char *name, GError **error)
{
    g_autofree char *leaf = g_build_filename(folder, "leaf.pem", NULL);
    g_autofree char *key = g_build_filename(folder, "leaf.key", NULL);

    if (!g_file_test(leaf, G_FILE_TEST_EXISTS) && !make_identity(folder, name, error))
        return NULL;
    RushesIdentity *identity = rushes_identity_load(leaf, key, error);
    if (!identity)
        tell_of_renewal(folder, error);
    return identity;
}

gboolean rushes_identity_renew(const char *folder, GError **error)
{
    g_autofree char *leaf_path = g_build_filename(folder, "leaf.pem", NULL);
    g_autofree char *root_path = g_build_filename(folder, "root.pem", NULL);
    g_autofree char *leaf_key_path = g_build_filename(folder, "leaf.key", NULL);
    g_autofree char *root_key_path = g_build_filename(folder, "root.key", NULL);
    X509 *old = read_own(folder, "leaf.pem"), *root = read_own(folder, "root.pem"), *leaf = NULL;
    EVP_PKEY *key = NULL, *root_key = NULL;
    char name[256] = "";
    gboolean renewed = FALSE;

    if (!old)
        rushes_pem_fail(error, leaf_path,
                        "there is no certificate to renew; the next signed export makes one");
    else if (!root)
        rushes_pem_fail(
            error, root_path,
            "the root that would sign a new certificate cannot be read; bring it back, or "
            "move this folder away and the next signed export makes another identity");
    else if (!is_in_time(root))
        rushes_pem_fail(error, root_path, "its own time is not now; check this computer's clock");
    else if ((key = rushes_pem_read_key(leaf_key_path, error)) &&
             (root_key = rushes_pem_read_key(root_key_path, error))) {
        X509_NAME_get_text_by_NID(X509_get_subject_name(old), NID_commonName, name, sizeof(name));
        leaf = make_certificate(key, name, root, root_key, LEAF_DAYS);
        renewed = leaf ? rushes_pem_write(leaf_path, NULL, leaf, error)
                       : fail_key(error, "the certificate cannot be made", leaf_path);
    }
    ERR_clear_error();
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(key);
    X509_free(leaf);
    X509_free(root);
    X509_free(old);
    return renewed;
}

void rushes_identity_free(RushesIdentity *identity)
{
    if (!identity)
        return;
    EVP_PKEY_free(identity->key);
    g_clear_pointer(&identity->chain, g_ptr_array_unref);
    g_free(identity);
}

GPtrArray *rushes_identity_get_chain(RushesIdentity *identity)
{
    return identity->chain;
}

GBytes *rushes_identity_sign(RushesIdentity *identity, const void *message, gsize bytes,
                             GError **error)
{
    guint8 der[128];
    gsize der_bytes = sizeof(der);
    guint8 raw[2 * CURVE_BYTES];
    ECDSA_SIG *signature = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    gboolean done = FALSE;

    if (context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, identity->key) == 1 &&
        EVP_DigestSign(context, der, &der_bytes, message, bytes) == 1) {
        const guint8 *cursor = der;
        signature = d2i_ECDSA_SIG(NULL, &cursor, (long)der_bytes);
    }
    if (signature)
        done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, CURVE_BYTES) == CURVE_BYTES &&
               BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + CURVE_BYTES, CURVE_BYTES) ==
                   CURVE_BYTES;
    ECDSA_SIG_free(signature);
    EVP_MD_CTX_free(context);
    if (!done) {
        fail_key(error, "the signature cannot be made", "signing key");
        return NULL;
    }
    return g_bytes_new(raw, sizeof(raw));
}

gboolean rushes_identity_verify(GBytes *certificate, const void *message, gsize bytes,
                                const guint8 *signature, gsize signature_bytes)
{
    gsize certificate_bytes;
    const guint8 *cursor = g_bytes_get_data(certificate, &certificate_bytes);
    gboolean good = FALSE;

    if (signature_bytes != 2 * CURVE_BYTES)
        return FALSE;
    X509 *leaf = d2i_X509(NULL, &cursor, (long)certificate_bytes);
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, CURVE_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(signature + CURVE_BYTES, CURVE_BYTES, NULL);
    guint8 *der = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (leaf && pair && r && s && context && ECDSA_SIG_set0(pair, r, s) == 1) {
        r = s = NULL; // the pair owns them now
        int der_bytes = i2d_ECDSA_SIG(pair, &der);
        EVP_PKEY *key = X509_get0_pubkey(leaf);
        good = der_bytes > 0 && key &&
               EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
               EVP_DigestVerify(context, der, (gsize)der_bytes, message, bytes) == 1;
    }
    EVP_MD_CTX_free(context);
    OPENSSL_free(der);
    BN_free(s);
    BN_free(r);
    ECDSA_SIG_free(pair);
    X509_free(leaf);
    ERR_clear_error();
    return good;
}

static char *describe(GBytes *certificate, gboolean is_issuer)
{
    gsize bytes;
    const guint8 *cursor = g_bytes_get_data(certificate, &bytes);
    char text[256] = "";

    X509 *leaf = d2i_X509(NULL, &cursor, (long)bytes);
    if (!leaf) {
        ERR_clear_error();
        return NULL;
    }
    X509_NAME *name = is_issuer ? X509_get_issuer_name(leaf) : X509_get_subject_name(leaf);
    if (X509_NAME_get_text_by_NID(name, NID_commonName, text, sizeof(text)) < 0)
        X509_NAME_get_text_by_NID(name, NID_organizationName, text, sizeof(text));
    X509_free(leaf);
    return text[0] ? g_utf8_make_valid(text, -1) : NULL;
}

char *rushes_identity_describe(GBytes *certificate)
{
    return describe(certificate, FALSE);
}

char *rushes_identity_describe_issuer(GBytes *certificate)
{
    return describe(certificate, TRUE);
}

char *rushes_identity_get_end(RushesIdentity *identity)
{
    gsize bytes;
    const guint8 *cursor = g_bytes_get_data(g_ptr_array_index(identity->chain, 0), &bytes);
    X509 *leaf = d2i_X509(NULL, &cursor, (long)bytes);
    struct tm end;
    char *day =
        leaf && ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1
            ? g_strdup_printf("%04d-%02d-%02d", end.tm_year + 1900, end.tm_mon + 1, end.tm_mday)
            : NULL;

    X509_free(leaf);
    return day;
}

gboolean rushes_identity_owns(const char *folder, GBytes *certificate)
{
    gsize bytes;
    const guint8 *cursor = g_bytes_get_data(certificate, &bytes);
    X509 *given = d2i_X509(NULL, &cursor, (long)bytes);
    X509 *leaf = read_own(folder, "leaf.pem"), *root = read_own(folder, "root.pem");

    gboolean owned = given && ((leaf && X509_cmp(given, leaf) == 0) ||
                               (root && X509_verify(given, X509_get0_pubkey(root)) == 1));
    X509_free(given);
    X509_free(leaf);
    X509_free(root);
    ERR_clear_error();
    return owned;
}
