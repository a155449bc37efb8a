// SPDX-License-Identifier: GPL-3.0-or-later
//
// manifest.h - what a file says about how it was made: a C2PA manifest store with one claim (version 2), its
// actions, ingredients, recipe and hard binding, signed as COSE_Sign1 with ES256.
//
// Source: C2PA 2.2 (claim, assertions, hashed URIs, digital signatures), RFC 8152 (COSE).
#pragma once
#include "provenance/bmff.h"
#include "provenance/identity.h"

G_BEGIN_DECLS

#define RUSHES_RECIPE_LABEL                                                                        \
    "org.rushes.recipe" // a CBOR map: RUSHES_RECIPE_KEY -> the recipe as JSON text
#define RUSHES_RECIPE_KEY "json"
// A CBOR map with `alg` and `hash`: RushesFileHash.lead, in an MP4.
#define RUSHES_LEAD_LABEL "org.rushes.lead"

// A take, an imported sound or a reference picture that the file was made with.
typedef struct RushesIngredient {
    const char *title;
    const char *format; // media type, "video/mp4"
    const char
        *relationship; // "componentOf" (placed in a film), "inputTo" (a reference), "parentOf"
} RushesIngredient;

// How a file is bound to its manifest: by its boxes (MP4), or as a whole by a manifest beside it.
typedef enum RushesBinding { RUSHES_BINDING_BMFF, RUSHES_BINDING_DATA } RushesBinding;

// What is claimed. Strings are borrowed for the call.
typedef struct RushesClaim {
    const char *title;
    const char *recipe_json; // or NULL
    gboolean
        is_composite; // a film of several takes or with imported media; FALSE: wholly generated
    gboolean is_watermarked;  // the pictures carry the invisible mark
    gboolean is_labelled;     // and the label that people see
    const char *const *edits; // NULL-terminated C2PA actions ("c2pa.trimmed", ...), or NULL
    const RushesIngredient *ingredients;
    gsize ingredient_count;
    const char *when; // RFC 3339 time, or NULL for now
    RushesBinding binding;
    const char *time_stamp_url; // of an authority (time-stamp.h), or NULL: no stamp
    GError **unstamped; // receives why there is no stamp although one was asked for; may be NULL
} RushesClaim;

// The whole store. `uuid` names the manifest; `hash` is what binds the file. The store's length
// depends on everything but the hash, so a build with a zero hash tells how much room the file needs.
GByteArray *rushes_manifest_build(RushesIdentity *identity, const RushesClaim *claim,
                                  const char *uuid, const RushesFileHash *hash, GError **error);

// What a store says, and whether it holds together. Free with rushes_manifest_report_free().
typedef struct RushesManifestReport {
    char *label;         // of the manifest
    char *signer;        // name in the leaf certificate
    char *issuer;        // and of who issued it
    char *generator;     // "Rushes 0.1.0"
    char *when;          // of the first action
    char *source_type;   // last part of the digital source type: "trainedAlgorithmicMedia"
    char *recipe_json;   // or NULL
    char **actions;      // NULL-terminated
    gboolean intact;     // signature and assertion hashes hold
    char *stamped;       // when an authority saw the signature, RFC 3339; NULL without a time stamp
    char *stamped_by;    // its name, or NULL
    char *problem;       // the first thing that does not hold; NULL when intact
    RushesFileHash hash; // what the bindings claim
    gboolean has_media_hash, has_lead_hash;
    RushesBinding binding;
} RushesManifestReport;

// NULL with an error when the bytes are no manifest store at all.
RushesManifestReport *rushes_manifest_read(GBytes *store, GError **error);
void rushes_manifest_report_free(RushesManifestReport *report); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesManifestReport, rushes_manifest_report_free)

G_END_DECLS
