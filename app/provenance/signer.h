// SPDX-License-Identifier: GPL-3.0-or-later
//
// signer.h - who signs what leaves the studio: the creator's own certificate when there is one, else the identity of this
// computer (identity.h). Consent records are signed by the computer's identity always: they are its own notes.
//
//   identity/own.pem   the creator's own: private key and certificates, mode 0600
#pragma once
#include "provenance/identity.h"

G_BEGIN_DECLS

// Where all of it lies, $XDG_DATA_HOME/rushes/identity. Owned by the caller.
char *rushes_signer_folder(void);

// TRUE when the creator's own certificate signs.
gboolean rushes_signer_is_own(const char *folder);
// The identity that signs now; the computer's is made when there is none, with `name` in its certificate. An own
// certificate that cannot be used (any more) is an error, never a reason to sign with another.
RushesIdentity *rushes_signer_open(const char *folder, const char *name, GError **error);
// FALSE with one sentence when signing is bound to fail: an own certificate that has expired, a clock in the past. Makes
// nothing. For asking before a long export.
gboolean rushes_signer_check(const char *folder, GError **error);

// Signs with these from now on; they are copied. The files as rushes_identity_load() wants them, and the key readable by
// its owner alone.
gboolean rushes_signer_adopt(const char *folder, const char *certificates, const char *key,
                             GError **error);
// Back to the identity of this computer; the copy is removed. No error when there was none.
gboolean rushes_signer_forget(const char *folder, GError **error);

G_END_DECLS
