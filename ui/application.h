// SPDX-License-Identifier: GPL-3.0-or-later
//
// application.h - the library, the queue and the windows, and what belongs to no single window.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

#define RUSHES_TYPE_APPLICATION (rushes_application_get_type())
G_DECLARE_FINAL_TYPE(RushesApplication, rushes_application, RUSHES, APPLICATION, AdwApplication)

RushesApplication *rushes_application_new(void);

G_END_DECLS
