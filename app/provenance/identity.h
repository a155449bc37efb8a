// SPDX-License-Identifier: GPL-3.0-or-later
//
// identity.h - who signs: an ES256 (P-256) private key with the certificate that content credentials carry.
// On first use a local root and a leaf below it are made in the user's data folder, because validators
// refuse a leaf that signed itself (c2pa-rs issues 336 and 1474); a creator may bring their own instead.
//
// Source: C2PA 2.2, "Digital signatures" and "Certificate profile"; RFC 5280.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

#define RUSHES_PROVENANCE_ERROR (rushes_provenance_error_quark())
GQuark rushes_provenance_error_quark(void);

typedef enum RushesProvenanceError {
    RUSHES_PROVENANCE_ERROR_KEY,    // a key or certificate cannot be used
    RUSHES_PROVENANCE_ERROR_FILE,   // the media file is not what the operation needs
    RUSHES_PROVENANCE_ERROR_FORMAT, // credentials in a file are malformed
} RushesProvenanceError;

typedef struct RushesIdentity RushesIdentity;

// Opens the identity in `folder`, making it when there is none: root.pem, leaf.pem (certificates) and
// root.key, leaf.key (private, mode 0600). `name` is the common name of a new leaf. When its certificate's time is not now,
// the sentence says how to renew it.
RushesIdentity *rushes_identity_open(const char *folder, const char *name, GError **error);
// The user's own: `certificates` is a PEM chain, leaf first; `key` a PEM P-256 private key, which may be in the same file.
// Refuses with one sentence what a validator would refuse (certificate.h) and a key with a passphrase.
RushesIdentity *rushes_identity_load(const char *certificates, const char *key, GError **error);
// Writes key and chain into one file, mode 0600, in one step; rushes_identity_load(path, path) reads it.
gboolean rushes_identity_save(RushesIdentity *identity, const char *path, GError **error);
// Makes the identity in `folder` a new certificate of the same name and key below the same root, five years from now on,
// in one step; what the old one signed stays this computer's own. Refuses when the root's own time is not now.
gboolean rushes_identity_renew(const char *folder, GError **error);
void rushes_identity_free(RushesIdentity *identity); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesIdentity, rushes_identity_free)

// DER certificates, leaf first, root left out; elements are GBytes, owned by the identity.
GPtrArray *rushes_identity_get_chain(RushesIdentity *identity);

// The last day of its certificate, "2027-06-30" in UTC, owned by the caller; NULL when that cannot be told.
char *rushes_identity_get_end(RushesIdentity *identity);

// r || s, 64 bytes, over SHA-256 of the message (ES256, RFC 8152 section 8.1). NULL on failure.
GBytes *rushes_identity_sign(RushesIdentity *identity, const void *message, gsize bytes,
                             GError **error);

// TRUE when `signature` (64 bytes) is that of `message` by the DER certificate's key.
gboolean rushes_identity_verify(GBytes *certificate, const void *message, gsize bytes,
                                const guint8 *signature, gsize signature_bytes);
// TRUE when the DER certificate is the leaf in `folder` or was issued by the root there: this machine made it.
gboolean rushes_identity_owns(const char *folder, GBytes *certificate);
// The certificate's common name, or its organisation; NULL when it cannot be read.
char *rushes_identity_describe(GBytes *certificate);
// The same of who issued it.
char *rushes_identity_describe_issuer(GBytes *certificate);

G_END_DECLS
