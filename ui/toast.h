// SPDX-License-Identifier: GPL-3.0-or-later
//
// toast.h - a sentence that shows for a while, whole: AdwToast cuts a title off after one line.
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

AdwToast *rushes_toast_new(const char *sentence);

G_END_DECLS
