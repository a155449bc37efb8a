// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-list.h - names and characters whose owners do not want them generated, as a plain file that the
// user or the studio controls, and the question whether a prompt names one of them. Everything is local.
//
// The format is that of GKeyFile, one group a name (docs/file-formats.md):
//     [Wanda Example]
//     aliases=Wandx;The Violet Witch
//     owner=Example Pictures
//     reason=not licensed for generated media
//     action=refuse            # or warn
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum RushesRightsAction { RUSHES_RIGHTS_WARN, RUSHES_RIGHTS_REFUSE } RushesRightsAction;

typedef struct RushesRightsEntry {
    char *name;
    char **aliases; // NULL-terminated
    char *owner;    // may be empty
    char *reason;   // may be empty
    RushesRightsAction action;
} RushesRightsEntry;

typedef struct RushesRightsList RushesRightsList;

// Reads a list. Fails on the first group that is malformed, naming file and group: a list that is only half
// understood must not look like one that allows everything.
RushesRightsList *rushes_rights_list_read(const char *path, GError **error);
RushesRightsList *rushes_rights_list_new(void); // empty
// Adds the entries of another file (a subscribed list); entries of the same name are replaced.
gboolean rushes_rights_list_merge(RushesRightsList *list, const char *path, GError **error);
void rushes_rights_list_free(RushesRightsList *list); // NULL-safe
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RushesRightsList, rushes_rights_list_free)
guint rushes_rights_list_size(RushesRightsList *list);

typedef struct RushesRightsMatch {
    const RushesRightsEntry *entry; // owned by the list
    char *found;                    // the words of the prompt that named it
} RushesRightsMatch;
void rushes_rights_match_free(RushesRightsMatch *match);

// Every entry that the prompt names, refusals first; elements are RushesRightsMatch. Found under its disguises
// (plain-text.h); only whole words count, so that "Elsa" is not found in "elsewhere".
GPtrArray *rushes_rights_list_match(RushesRightsList *list, const char *prompt);
// One sentence for the user about the gravest match, or NULL when there is none. *action says what to do.
char *rushes_rights_list_judge(RushesRightsList *list, const char *prompt,
                               RushesRightsAction *action);

G_END_DECLS
