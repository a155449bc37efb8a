// SPDX-License-Identifier: GPL-3.0-or-later
//
// self-test.h - `rushes verify` with a window: does the device compute what it should?
#pragma once
#include <gtk/gtk.h>

void rushes_self_test_present(GtkWindow *parent);
