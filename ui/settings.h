// SPDX-License-Identifier: GPL-3.0-or-later
//
// settings.h - the user's settings, with the schema of the build folder when none is installed.
#pragma once
#include <gio/gio.h>

// NULL when no schema is found anywhere: the studio then runs on its defaults. Owned by the caller.
GSettings *rushes_settings_new(void);
