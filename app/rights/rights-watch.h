// SPDX-License-Identifier: GPL-3.0-or-later
//
// rights-watch.h - tells when a rights list, a subscribed file or a consent record changes, whoever changed it: the
// studio, the command line, an editor, a colleague on a shared disk. Main thread only.
//
// Signal "changed": some time after the last of a few quick changes. Read the lists and records anew then.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_RIGHTS_WATCH (rushes_rights_watch_get_type())
G_DECLARE_FINAL_TYPE(RushesRightsWatch, rushes_rights_watch, RUSHES, RIGHTS_WATCH, GObject)

RushesRightsWatch *rushes_rights_watch_new(void);

G_END_DECLS
