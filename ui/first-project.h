// SPDX-License-Identifier: GPL-3.0-or-later
//
// first-project.h - what the studio opens on when it has never been used: a project with a take made
// by the bundled model, ready to play, and its words in the draft.
#pragma once
#include "project/project.h"

G_BEGIN_DECLS

RushesProject *rushes_first_project_create(GError **error);

G_END_DECLS
