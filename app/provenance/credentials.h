// SPDX-License-Identifier: GPL-3.0-or-later
//
// credentials.h - content credentials of a file, whole: put them into an MP4 that was just written, and
// say of any file what its credentials claim and whether the file is still the one that was signed.
#pragma once
#include "provenance/manifest.h"

G_BEGIN_DECLS

// Replaces the MP4 at `path` by the same clip with signed credentials, through a temporary file beside it;
// on failure the file is left as it was.
gboolean rushes_credentials_sign(const char *path, RushesIdentity *identity,
                                 const RushesClaim *claim, GError **error);

// For media that cannot hold them (WebM, Matroska, GIF, WAV): writes the credentials of the whole file
// beside it, as `path`.c2pa.
#define RUSHES_SIDECAR_ENDING ".c2pa"
gboolean rushes_credentials_sign_beside(const char *path, RushesIdentity *identity,
                                        const RushesClaim *claim, GError **error);

typedef enum RushesCredentialsState {
    RUSHES_CREDENTIALS_NONE,    // the file carries none
    RUSHES_CREDENTIALS_INTACT,  // signature, assertions and media agree
    RUSHES_CREDENTIALS_ALTERED, // `report->problem` says what does not
} RushesCredentialsState;

// Reads and checks the credentials inside `path`, or beside it. `report` receives them (free it), or NULL when there are none.
// FALSE with an error when the file cannot be read or holds something that is no manifest at all.
gboolean rushes_credentials_inspect(const char *path, RushesCredentialsState *state,
                                    RushesManifestReport **report, GError **error);

G_END_DECLS
