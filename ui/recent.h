// SPDX-License-Identifier: GPL-3.0-or-later
//
// recent.h - the projects that were open lately, newest first, in the user's data folder.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

void rushes_recent_add(const char *folder);
// Those that are still there; NULL-terminated, owned by the caller.
GStrv rushes_recent_list(void);

G_END_DECLS
