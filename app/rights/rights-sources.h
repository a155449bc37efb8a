// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-sources.h - where the rights lists of this machine lie, and the one question that every start of a
// generation asks. Read anew each time: a list that somebody edits holds at once.
//
//   DATADIR/rushes/rights.list           shipped with Rushes; empty
//   $XDG_CONFIG_HOME/rushes/rights.list  the user's own
//   $XDG_CONFIG_HOME/rushes/rights.d/*.list  subscribed: files, or links to files that somebody else keeps
#pragma once
#include "rights/rights-list.h"

G_BEGIN_DECLS

// The paths of all lists in that order; only the subscribed ones need to exist. NULL-terminated, owned by the caller.
GStrv rushes_rights_sources_list(void);
// $XDG_CONFIG_HOME/rushes/rights.d, and the user's own list. Owned by the caller.
char *rushes_rights_sources_folder(void);
char *rushes_rights_sources_own(void);

// All lists in that order, later entries of a name replacing earlier ones. Absent files are no error, but a link
// that leads nowhere is: it is a list that cannot be read.
RushesRightsList *rushes_rights_sources_read(GError **error);

// Follows the list in `path` from now on, wherever it changes; refused when it is no list. Returns the name under which
// it is subscribed (a link in rights.d), owned by the caller.
char *rushes_rights_sources_subscribe(const char *path, GError **error);
// Takes a list off rights.d again; `name` is its name there, or the path it leads to. The file itself stays.
gboolean rushes_rights_sources_unsubscribe(const char *name, GError **error);

// FALSE with one sentence when the prompt names something that must not be generated, or a list cannot be
// read: an unreadable list must not look like one that allows everything. *warning (may be NULL) receives
// a sentence, owned by the caller, when a list only warns.
gboolean rushes_rights_sources_allow(const char *prompt, char **warning, GError **error);
// The same of lists that were read already, for asking often; they must be read anew when a file changes.
gboolean rushes_rights_sources_judge(RushesRightsList *list, const char *prompt, char **warning,
                                     GError **error);

G_END_DECLS
