// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-sources.h - where the rights lists of this machine lie, and the one question that every start of a
// generation asks. Read anew each time: a list that somebody edits holds at once.
//
//   DATADIR/rushes/rights.list           shipped with Rushes; empty
//   $XDG_CONFIG_HOME/rushes/rights.list  the user's own
//   $XDG_CONFIG_HOME/rushes/rights.d/*.list  subscribed: put a file there, or a link to one that a studio shares
#pragma once
#include "rights/rights-list.h"

G_BEGIN_DECLS

// All lists in that order, later entries of a name replacing earlier ones. Absent files are no error.
RushesRightsList *rushes_rights_sources_read(GError **error);

// FALSE with one sentence when the prompt names something that must not be generated, or a list cannot be
// read: an unreadable list must not look like one that allows everything. *warning (may be NULL) receives
// a sentence, owned by the caller, when a list only warns.
gboolean rushes_rights_sources_allow(const char *prompt, char **warning, GError **error);

G_END_DECLS
