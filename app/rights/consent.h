// SPDX-License-Identifier: GPL-3.0-or-later
//
// consent.h - the records that say a person agreed to be used as a reference: who, for what, until when, in
// which words, signed with the local identity. Kept one file each in the user's data folder; a revoked record stays, so
// that every take which used it can be found and flagged.
#pragma once
#include "provenance/identity.h"

G_BEGIN_DECLS

typedef struct RushesConsent {
    char *id;           // file name without its ending
    char *person;       // who agreed
    char *scope;        // for what
    char *statement;    // in their words
    char *media_sha256; // the reference picture it covers, hex; empty: any picture of that person
    char *project;      // the one project it is for, as its folder is named; empty: any
    char *granted;      // RFC 3339 times
    char *expires;
    char *revoked;       // NULL while it stands
    GBytes *certificate; // of the key that signed it, DER
} RushesConsent;

// What is agreed, for a new record. The strings are copied.
typedef struct RushesConsentTerms {
    const char *person, *scope, *statement; // must not be empty
    const char *media_sha256, *project;     // NULL or empty: any
    GDateTime *expires;                     // after now
} RushesConsentTerms;

typedef enum RushesConsentState {
    RUSHES_CONSENT_STANDS,
    RUSHES_CONSENT_EXPIRED,
    RUSHES_CONSENT_REVOKED,
    RUSHES_CONSENT_NOT_YET, // granted in the future: the clock is wrong, or was
} RushesConsentState;

void rushes_consent_free(RushesConsent *consent); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesConsent, rushes_consent_free)

// Writes a new record into `folder` and returns it.
RushesConsent *rushes_consent_grant(const char *folder, RushesIdentity *identity,
                                    const RushesConsentTerms *terms, GError **error);
// Reads one record and checks its signature: a record edited by hand is refused. Whose key signed it is for the caller
// to ask (rushes_identity_owns).
RushesConsent *rushes_consent_read(const char *folder, const char *id, GError **error);
// All readable records of the folder, by person; `problems` (may be NULL) receives a sentence for each unreadable one.
GPtrArray *rushes_consent_list(const char *folder, GPtrArray *problems);
// Marks it revoked from now on. Revoking twice changes nothing.
gboolean rushes_consent_revoke(const char *folder, RushesIdentity *identity, const char *id,
                               GError **error);

// The last second of a day written as 2027-06-30, in local time: "until Friday" includes Friday. NULL when there is no such
// day; owned by the caller.
GDateTime *rushes_consent_parse_day(const char *day);
RushesConsentState rushes_consent_state(const RushesConsent *consent, GDateTime *now);
// TRUE when `consent` allows using the picture with this hash in this project (NULL: in none) now; otherwise one
// sentence says why not.
gboolean rushes_consent_allows(const RushesConsent *consent, const char *media_sha256,
                               const char *project, GDateTime *now, GError **error);

G_END_DECLS
