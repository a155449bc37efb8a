// SPDX-License-Identifier: GPL-3.0-or-later
//
// generate-consent.h - whether a job may start from a picture or a clip that shows a person.
#pragma once
#include "json-file.h"

G_BEGIN_DECLS

// Puts what is known of the reference (at most one of `image` and `extend` is given) into the job's "consent":
// the picture's hash, its mark, and `record`, the consent record named on the command line or NULL. A clip hands on what
// its own recipe says. FALSE with one sentence when the file cannot be read, or `record` has nothing to apply to.
gboolean rushes_generate_put_consent(cJSON *job, const char *image, const char *extend,
                                     const char *record, GError **error);
// TRUE when rights lists and consent records allow the job now; *warning as in rushes_rights_sources_allow.
gboolean rushes_generate_is_allowed(const cJSON *job, char **warning, GError **error);

G_END_DECLS
