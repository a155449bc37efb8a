// SPDX-License-Identifier: GPL-3.0-or-later
//
// window.h - one project's window.
#pragma once
#include <adwaita.h>

#include "project/project.h"
#include "queue/queue.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_WINDOW (rushes_window_get_type())
G_DECLARE_FINAL_TYPE(RushesWindow, rushes_window, RUSHES, WINDOW, AdwApplicationWindow)

RushesWindow *rushes_window_new(AdwApplication *application, RushesQueue *queue,
                                RushesProject *project);
RushesProject *rushes_window_get_project(RushesWindow *self);
void rushes_window_set_project(RushesWindow *self, RushesProject *project);

G_END_DECLS
