// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-window.h - the rights lists that are followed: whose they are, how many names they hold, what is wrong with them;
// following another file, leaving one, and trying what they make of some words.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_RIGHTS_WINDOW (rushes_rights_window_get_type())
G_DECLARE_FINAL_TYPE(RushesRightsWindow, rushes_rights_window, RUSHES, RIGHTS_WINDOW, AdwWindow)

GtkWindow *rushes_rights_window_new(GtkWindow *parent);

G_END_DECLS
