// SPDX-License-Identifier: GPL-3.0-or-later
//
// timeline-inspector.h - the settings of one shot or one sound, in a popover at its block: numbers, mute, and where the
// picture is cropped. Each change is an edit of the project at once, and undo shows in it.
#pragma once
#include <gtk/gtk.h>

#include "project/project.h"
#include "timeline/composer.h"

G_BEGIN_DECLS

// Opens at `block`, which it belongs to. Failures go to "win.say".
void rushes_timeline_inspector_open_shot(GtkWidget *block, RushesProject *project, RushesShot *shot,
                                         RushesComposer *film);
void rushes_timeline_inspector_open_sound(GtkWidget *block, RushesProject *project, const char *id);
// A marker's name, with buttons that go there and remove it.
void rushes_timeline_inspector_open_marker(GtkWidget *button, RushesProject *project, guint index);

G_END_DECLS
