// SPDX-License-Identifier: GPL-3.0-or-later
//
// recent.h - the projects that were open lately, newest first, in the user's data folder.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

void rushes_recent_add(const char *folder);
// Those that are there now; NULL-terminated, owned by the caller.
GStrv rushes_recent_list(void);
// How a menu calls one of them: its title, and where it lies when another one is called the same. Owned by the caller.
char *rushes_recent_name(const char *const *folders, guint index);

G_END_DECLS
