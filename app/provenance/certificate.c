// SPDX-License-Identifier: GPL-3.0-or-later
#include "provenance/certificate.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

// Content credentials want a stated purpose, and one of these; "any" is no purpose.
static gboolean is_for_signing_content(X509 *leaf)
{
    static const char *const purposes[] = {"1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36",
                                           "1.3.6.1.4.1.62558.2.1"};
    EXTENDED_KEY_USAGE *stated = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    gboolean found = FALSE, any = FALSE;

    for (int i = 0; stated && i < sk_ASN1_OBJECT_num(stated); i++) {
        char text[80] = "";
        OBJ_obj2txt(text, sizeof(text), sk_ASN1_OBJECT_value(stated, i), 1);
        for (gsize p = 0; p < G_N_ELEMENTS(purposes); p++)
            found |= g_str_equal(text, purposes[p]);
        any |= g_str_equal(text, "2.5.29.37.0");
    }
    EXTENDED_KEY_USAGE_free(stated);
    return found && !any;
}

static gboolean is_weakly_signed(X509 *certificate)
{
    int digest = NID_undef;

    X509_get_signature_info(certificate, &digest, NULL, NULL, NULL);
    return digest == NID_sha1 || digest == NID_md5;
}

static const char *find_leaf_fault(X509 *leaf, EVP_PKEY *key)
{
    char group[32] = "";

    EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
    if (!EVP_PKEY_is_a(key, "EC") || !g_str_equal(group, "prime256v1"))
        return "the key is not an ECDSA key on P-256, which ES256 needs";
    if (X509_check_ca(leaf) > 0)
        return "the first certificate is a certificate authority; put the one issued to you first";
    if (X509_check_private_key(leaf, key) != 1)
        return "the private key does not belong to the certificate";
    if (X509_NAME_cmp(X509_get_subject_name(leaf), X509_get_issuer_name(leaf)) == 0)
        return "the certificate signed itself; use one issued by an authority";
    if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
        return "the certificate is not valid yet; check this computer's clock";
    if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0)
        return "the certificate has expired; renew it, or check this computer's clock";
    if (!(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE))
        return "the certificate is not for digital signatures";
    if (!is_for_signing_content(leaf))
        return "the certificate does not say that it is for signing documents or e-mail "
               "(extended key usage), so validators would refuse it";
    if (!X509_get0_authority_key_id(leaf))
        return "the certificate does not name its issuer's key (authority key identifier), so "
               "validators would refuse it";
    return NULL;
}

// Each issued by the next, all of them valid now. What is missing at the end is for the reader to know.
static char *find_chain_fault(GPtrArray *chain)
{
    for (guint i = 0; i < chain->len; i++) {
        X509 *certificate = g_ptr_array_index(chain, i);
        X509 *issuer = i + 1 < chain->len ? g_ptr_array_index(chain, i + 1) : NULL;
        if (is_weakly_signed(certificate))
            return g_strdup("a certificate is signed with SHA-1 or MD5, which validators refuse");
        if (issuer && (X509_check_issued(issuer, certificate) != X509_V_OK ||
                       X509_verify(certificate, X509_get0_pubkey(issuer)) != 1))
            return g_strdup_printf("certificate %u was not issued by the one behind it; order "
                                   "them from your own up to the authority's",
                                   i + 1);
        if (i > 0 && (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0 ||
                      X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0))
            return g_strdup_printf("certificate %u, the issuer's, is not valid today; get a new "
                                   "chain, or check this computer's clock",
                                   i + 1);
    }
    return NULL;
}

char *rushes_certificate_find_fault(GPtrArray *chain, EVP_PKEY *key)
{
    const char *fault = find_leaf_fault(g_ptr_array_index(chain, 0), key);
    char *found = fault ? g_strdup(fault) : find_chain_fault(chain);

    ERR_clear_error();
    return found;
}
