// SPDX-License-Identifier: GPL-3.0-or-later
//
// certificate.h - what validators want of the certificate that signs content credentials, asked before anything is signed
// with it.
//
// Source: C2PA 2.2, "Certificate profile"; RFC 5280.
#pragma once
#include <glib.h>
#include <openssl/x509.h>

G_BEGIN_DECLS

// Why credentials cannot be signed with this chain (X509, leaf first, without the root) and key: half a sentence, owned by
// the caller; NULL when they can. Whether anybody trusts who issued it is not judged.
char *rushes_certificate_find_fault(GPtrArray *chain, EVP_PKEY *key);

G_END_DECLS
