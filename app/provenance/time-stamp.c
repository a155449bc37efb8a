// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/time-stamp.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ess.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rand.h>
#include <openssl/ts.h>
#include <string.h>

#include "provenance/identity.h"

#define SECONDS     15L
#define MOST_ANSWER 65536 // bytes; real ones have four to eight thousand

static gboolean fail(GError **error, const char *url, const char *what)
{
    ERR_clear_error();
    g_set_error(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FILE,
                "The time-stamping authority %s %s.", url, what);
    return FALSE;
}

static gboolean fail_token(GError **error, const char *what)
{
    ERR_clear_error();
    g_set_error_literal(error, RUSHES_PROVENANCE_ERROR, RUSHES_PROVENANCE_ERROR_FORMAT, what);
    return FALSE;
}

static size_t collect(char *data, size_t size, size_t count, void *user)
{
    GByteArray *answer = user;

    if (size * count > MOST_ANSWER - answer->len)
        return 0; // ends the transfer
    g_byte_array_append(answer, (const guint8 *)data, (guint)(size * count));
    return size * count;
}

static GByteArray *post(const char *url, const guint8 *question, int bytes, GError **error)
{
    g_autoptr(GByteArray) answer = g_byte_array_new();
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/timestamp-query");
    CURL *curl = curl_easy_init();
    long status = 0;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, question);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)bytes);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); // the exporter runs in a thread
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    if (code == CURLE_OK && status == 200)
        return g_steal_pointer(&answer);
    g_autofree char *what = code == CURLE_OK
                                ? g_strdup_printf("answered with HTTP status %ld", status)
                                : g_strdup_printf("gives no answer (%s)", curl_easy_strerror(code));
    fail(error, url, what);
    return NULL;
}

static TS_REQ *make_question(const void *message, gsize bytes)
{
    TS_REQ *question = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *algorithm = X509_ALGOR_new();
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    guint8 digest[EVP_MAX_MD_SIZE], random[8];
    guint length = 0;

    EVP_Digest(message, bytes, digest, &length, EVP_sha256(), NULL);
    X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, algorithm);
    TS_MSG_IMPRINT_set_msg(imprint, digest, (int)length);
    TS_REQ_set_version(question, 1);
    TS_REQ_set_msg_imprint(question, imprint);
    RAND_bytes(random, sizeof(random));
    random[0] = (random[0] & 0x7f) | 0x40; // positive, and always eight bytes
    BIGNUM *number = BN_bin2bn(random, sizeof(random), NULL);
    BN_to_ASN1_INTEGER(number, nonce);
    TS_REQ_set_nonce(question, nonce);
    TS_REQ_set_cert_req(question, 1);
    BN_free(number);
    ASN1_INTEGER_free(nonce);
    X509_ALGOR_free(algorithm);
    TS_MSG_IMPRINT_free(imprint);
    return question;
}

// The certificate that signed the token, borrowed from `signers`; NULL when there is not exactly one.
static X509 *only_signer(PKCS7 *token, STACK_OF(X509) * *signers)
{
    *signers = PKCS7_get0_signers(token, NULL, 0);
    return *signers && sk_X509_num(*signers) == 1 ? sk_X509_value(*signers, 0) : NULL;
}

static gboolean signature_holds(PKCS7 *token)
{
    BIO *content = BIO_new(BIO_s_mem());
    // The chain is not judged here: no store, and so no trust; but the signature has to be the certificate's.
    gboolean good = PKCS7_verify(token, NULL, NULL, NULL, content, PKCS7_NOVERIFY) == 1;

    BIO_free(content);
    return good;
}

static const char *find_fault(TS_REQ *question, TS_RESP *answer)
{
    TS_VERIFY_CTX *context = TS_REQ_to_TS_VERIFY_CTX(question, NULL);
    STACK_OF(X509) *signers = NULL;
    const char *fault = NULL;
    ASN1_INTEGER *status =
        (ASN1_INTEGER *)TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(answer));
    PKCS7 *token = TS_RESP_get_token(answer);

    if (!token || ASN1_INTEGER_get(status) > TS_STATUS_GRANTED_WITH_MODS) {
        fault = "refuses to stamp";
    } else {
        X509 *signer = only_signer(token, &signers);
        TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
        if (TS_RESP_verify_response(context, answer) != 1)
            fault = "answers another question than was asked";
        else if (!signer || !signature_holds(token))
            fault = "signs its answer wrongly";
        else if (X509_cmp_current_time(X509_get0_notAfter(signer)) < 0 ||
                 X509_cmp_current_time(X509_get0_notBefore(signer)) > 0)
            fault = "has a certificate that is not valid at this time";
    }
    sk_X509_free(signers);
    TS_VERIFY_CTX_free(context);
    return fault;
}

GBytes *rushes_time_stamp_request(const char *url, const void *message, gsize bytes, GError **error)
{
    TS_REQ *question = make_question(message, bytes);
    guint8 *der = NULL;
    int der_bytes = i2d_TS_REQ(question, &der);
    g_autoptr(GByteArray) reply = post(url, der, der_bytes, error);
    GBytes *token = NULL;

    OPENSSL_free(der);
    if (reply) {
        const guint8 *cursor = reply->data;
        TS_RESP *answer = d2i_TS_RESP(NULL, &cursor, (long)reply->len);
        const char *fault = answer ? find_fault(question, answer) : "answers with something else";
        guint8 *stamp = NULL;
        int stamp_bytes = fault ? 0 : i2d_TS_RESP(answer, &stamp);
        if (fault)
            fail(error, url, fault);
        else
            token = g_bytes_new(stamp, (gsize)stamp_bytes);
        OPENSSL_free(stamp);
        TS_RESP_free(answer);
    }
    TS_REQ_free(question);
    ERR_clear_error();
    return token;
}

static char *time_text(const ASN1_GENERALIZEDTIME *when)
{
    struct tm parts;

    if (!when || ASN1_TIME_to_tm(when, &parts) != 1)
        return NULL;
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                           parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static gboolean is_for(TS_TST_INFO *info, const void *message, gsize bytes)
{
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *algorithm = NULL;
    guint8 digest[EVP_MAX_MD_SIZE];
    guint length = 0;

    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const EVP_MD *hash = EVP_get_digestbyobj(algorithm);
    ASN1_OCTET_STRING *stamped = TS_MSG_IMPRINT_get_msg(imprint);
    return hash && EVP_MD_get_size(hash) >= 32 &&
           EVP_Digest(message, bytes, digest, &length, hash, NULL) == 1 &&
           ASN1_STRING_length(stamped) == (int)length &&
           memcmp(ASN1_STRING_get0_data(stamped), digest, length) == 0;
}

// Whether the signer's certificate is the one that it signed as its own (RFC 5816): nothing else covers what a certificate
// says while nobody's root is asked. The other certificates of the token are not looked at.
static gboolean certificate_is_named(PKCS7 *token, X509 *signer)
{
    PKCS7_SIGNER_INFO *info = sk_PKCS7_SIGNER_INFO_value(PKCS7_get_signer_info(token), 0);
    STACK_OF(X509) *chain = sk_X509_new_null();
    const ASN1_TYPE *first = PKCS7_get_signed_attribute(info, NID_id_smime_aa_signingCertificate);
    const ASN1_TYPE *second =
        PKCS7_get_signed_attribute(info, NID_id_smime_aa_signingCertificateV2);
    ESS_SIGNING_CERT *one = NULL;
    ESS_SIGNING_CERT_V2 *two = NULL;
    gboolean named = FALSE;

    if (first && first->type == V_ASN1_SEQUENCE) {
        const guint8 *cursor = first->value.sequence->data;
        one = d2i_ESS_SIGNING_CERT(NULL, &cursor, first->value.sequence->length);
    }
    if (second && second->type == V_ASN1_SEQUENCE) {
        const guint8 *cursor = second->value.sequence->data;
        two = d2i_ESS_SIGNING_CERT_V2(NULL, &cursor, second->value.sequence->length);
    }
    if (chain && sk_X509_push(chain, signer) > 0) {
        for (int i = 0; token->d.sign->cert && i < sk_X509_num(token->d.sign->cert); i++)
            sk_X509_push(chain, sk_X509_value(token->d.sign->cert, i));
        named = OSSL_ESS_check_signing_certs(one, two, chain, 1) > 0;
    }
    ESS_SIGNING_CERT_free(one);
    ESS_SIGNING_CERT_V2_free(two);
    sk_X509_free(chain);
    return named;
}

// Whether the bytes are just what such an answer is written as: a changed length that still reads is a change too.
static gboolean is_canonical(TS_RESP *answer, const guint8 *data, gsize size)
{
    guint8 *der = NULL;
    int der_bytes = i2d_TS_RESP(answer, &der);
    gboolean same = der_bytes > 0 && (gsize)der_bytes == size && memcmp(der, data, size) == 0;

    OPENSSL_free(der);
    return same;
}

gboolean rushes_time_stamp_read(GBytes *token, const void *message, gsize bytes,
                                RushesTimeStamp *stamp, GError **error)
{
    gsize size;
    const guint8 *data = g_bytes_get_data(token, &size), *cursor = data;
    TS_RESP *answer = d2i_TS_RESP(NULL, &cursor, (long)MIN(size, MOST_ANSWER));
    PKCS7 *signed_data = answer ? TS_RESP_get_token(answer) : NULL;
    TS_TST_INFO *info =
        signed_data && PKCS7_type_is_signed(signed_data) ? PKCS7_to_TS_TST_INFO(signed_data) : NULL;
    STACK_OF(X509) *signers = NULL;
    X509 *signer = info ? only_signer(signed_data, &signers) : NULL;
    gboolean good = FALSE;

    if (!info)
        fail_token(error, "the time stamp is malformed");
    else if (!is_for(info, message, bytes))
        fail_token(error, "the time stamp is for another signature");
    else if (!signer || !signature_holds(signed_data) ||
             !certificate_is_named(signed_data, signer) || !is_canonical(answer, data, size))
        fail_token(error, "the time stamp was changed");
    else
        good = TRUE;
    if (good) {
        guint8 *der = NULL;
        int der_bytes = i2d_X509(signer, &der);
        g_autoptr(GBytes) certificate = g_bytes_new(der, (gsize)MAX(der_bytes, 0));
        stamp->authority = rushes_identity_describe(certificate);
        stamp->when = time_text(TS_TST_INFO_get_time(info));
        OPENSSL_free(der);
    }
    sk_X509_free(signers);
    TS_TST_INFO_free(info);
    TS_RESP_free(answer);
    ERR_clear_error();
    return good;
}
