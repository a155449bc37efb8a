// SPDX-License-Identifier: GPL-3.0-or-later
//
// signer-window.h - who signs exports: this computer's identity, or the creator's own certificate, which is chosen here.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_SIGNER_WINDOW (rushes_signer_window_get_type())
G_DECLARE_FINAL_TYPE(RushesSignerWindow, rushes_signer_window, RUSHES, SIGNER_WINDOW, AdwWindow)

GtkWindow *rushes_signer_window_new(GtkWindow *parent);

G_END_DECLS
