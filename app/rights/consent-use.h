// SPDX-License-Identifier: GPL-3.0-or-later
//
// consent-use.h - what consent means for a job that is to run and for a take that is there: the one question before
// every generation and every export, and the list of takes that a record was used for. Records are read anew each
// time, so that a revocation holds at once. Everything is local.
#pragma once
#include "project/recipe.h"
#include "rights/consent.h"

G_BEGIN_DECLS

// Where this machine's records lie, and its signing identity (made when there is none).
char *rushes_consent_folder(void); // owned by the caller
RushesIdentity *rushes_consent_open_identity(GError **error);

// A record of this machine, signed by this machine.
RushesConsent *rushes_consent_find(const char *id, GError **error);
// All of them, by person; `problems` as in rushes_consent_list.
GPtrArray *rushes_consent_find_all(GPtrArray *problems);

// TRUE when a take may be made of this recipe in this project's folder (NULL: in none) now. Refused with one sentence:
// a picture of a person without a record, and a record that was revoked, has ended, was tampered with, is signed by
// another machine, or is for another picture or project.
gboolean rushes_consent_allow_job(const RushesRecipe *recipe, const char *project, GError **error);
// TRUE when a finished take of this recipe may still be published: its record stands, or another standing one of the
// same person covers the picture. A record that merely ended leaves *warning (may be NULL; owned by the caller). A record
// that came along with a shared project, in its folder consent/, counts.
gboolean rushes_consent_allow_take(const RushesRecipe *recipe, const char *project, char **warning,
                                   GError **error);

// When the record of a finished take ended, RFC 3339, if it did and no other standing one of the same person covers the
// picture: what an export says of it. NULL otherwise; owned by the caller.
char *rushes_consent_find_end(const RushesRecipe *recipe, const char *project);

// One take that a record was used for, itself or through a take that it continues.
typedef struct RushesConsentUse {
    char *project; // folder
    char *take;    // id
    int number;
    char *prompt;
} RushesConsentUse;
void rushes_consent_use_free(RushesConsentUse *use);
// Looks through the takes of all these project folders; ordered by project and number. Owned by the caller.
GPtrArray *rushes_consent_list_uses(const char *id, const char *const *projects);

G_END_DECLS
