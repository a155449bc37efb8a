// SPDX-License-Identifier: GPL-3.0-or-later
//
// consent-window.h - the consent records: who agreed, for what, until when; writing a new one, and taking one back with
// everything that was made under it in sight.
#pragma once
#include <adwaita.h>

#include "project/library.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_CONSENT_WINDOW (rushes_consent_window_get_type())
G_DECLARE_FINAL_TYPE(RushesConsentWindow, rushes_consent_window, RUSHES, CONSENT_WINDOW, AdwWindow)

// `project` is the folder of the project at hand. With `picture_sha256` the window asks which record that picture is used
// under, and emits "chosen" (string: the record's id) before it closes; NULL only shows the records.
GtkWindow *rushes_consent_window_new(GtkWindow *parent, RushesLibrary *library, const char *project,
                                     const char *picture_sha256);

G_END_DECLS
