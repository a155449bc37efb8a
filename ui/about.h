// SPDX-License-Identifier: GPL-3.0-or-later
//
// about.h - what Rushes is, under which licences, and what the bundled model was made from.
#pragma once
#include <gtk/gtk.h>

void rushes_about_present(GtkWindow *parent);
