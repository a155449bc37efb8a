// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Removes a file, or a folder and all in it; links are removed and not followed. What is not there, or cannot be removed,
// is passed over.
void rushes_remove_tree(const char *path);

G_END_DECLS
