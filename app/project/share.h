// SPDX-License-Identifier: GPL-3.0-or-later
//
// share.h - a whole project as one file, Name.rushes.zip, that another machine opens complete: shots, takes with
// their parents, pictures, sound and imported media, and under credits/ where each model's training data came from and
// its licence. Any thread; blocks.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

#define RUSHES_SHARE_ENDING ".rushes.zip"

// Packs the project as it stands on the disk (every edit is there). The file appears under its name when it is whole.
// Links and what other programs left in the folder's root are not taken along.
gboolean rushes_share_pack(RushesProject *project, const char *path, GCancellable *cancellable,
                           GError **error);

// Unpacks into `parent`/Name.rushes, which must not exist; returns that path, owned by the caller. The archive is
// not trusted: only plain files and folders below Name.rushes are written, within bounds, and nothing stays behind
// when it fails.
char *rushes_share_unpack(const char *path, const char *parent, GCancellable *cancellable,
                          GError **error);

G_END_DECLS
