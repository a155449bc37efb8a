// SPDX-License-Identifier: GPL-3.0-or-later
//
// share.h - a project, or one take with the takes it comes from, as one file that another machine opens complete:
// Name.rushes.zip with shots, takes, pictures, sound and imported media, the consent records that the takes were made
// under, and under credits/ where each model's training data came from and its licence.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

#define RUSHES_SHARE_ENDING ".rushes.zip"

// What is to be packed. Made on the main thread, from the project as it is; packed on any.
typedef struct RushesSharePlan RushesSharePlan;

// `take` NULL: the whole project, less deleted takes. A take must be done, and must be one that may be published. Links,
// and what other programs left in the folder's root, are not taken along.
RushesSharePlan *rushes_share_plan_new(RushesProject *project, RushesTake *take, GError **error);
void rushes_share_plan_free(RushesSharePlan *plan); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesSharePlan, rushes_share_plan_free)

// "Picnic.rushes.zip", "Picnic - take 3.rushes.zip"; owned by the plan.
const char *rushes_share_plan_get_name(RushesSharePlan *plan);
// 0 to 1; any thread.
double rushes_share_plan_get_fraction(RushesSharePlan *plan);
// Writes `path`, which appears under its name when it is whole. Blocks; any thread.
gboolean rushes_share_plan_pack(RushesSharePlan *plan, const char *path, GCancellable *cancellable,
                                GError **error);

// Unpacks into `parent`/Name.rushes, which must not exist; returns that path, owned by the caller. The archive is
// not trusted: its list is checked whole before anything is written; only plain files and folders below Name.rushes are,
// within bounds, and nothing stays behind when it fails. Blocks; any thread.
char *rushes_share_unpack(const char *path, const char *parent, GCancellable *cancellable,
                          GError **error);

G_END_DECLS
