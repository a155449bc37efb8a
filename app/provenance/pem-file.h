// SPDX-License-Identifier: GPL-3.0-or-later
//
// pem-file.h - keys and certificates in PEM files. A private key is only read from a file that nobody else may open.
#pragma once
#include <glib.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

G_BEGIN_DECLS

// Writes `key`, or without one `certificate`, through a temporary name, so that a crash leaves either no file or a whole
// one. A key's file gets mode 0600.
gboolean rushes_pem_write(const char *path, EVP_PKEY *key, X509 *certificate, GError **error);

// NULL with one sentence when it cannot be read, has a passphrase, or other users may open the file. Free it with
// EVP_PKEY_free.
EVP_PKEY *rushes_pem_read_key(const char *path, GError **error);

// All certificates in the file but a root at its end; elements are X509, owned by the array.
GPtrArray *rushes_pem_read_chain(const char *path, GError **error);

// The first certificate in the file, or NULL; free it with X509_free.
X509 *rushes_pem_read_certificate(const char *path);

// Sets the error "PATH: WHAT" and is FALSE.
gboolean rushes_pem_fail(GError **error, const char *path, const char *what);

G_END_DECLS
