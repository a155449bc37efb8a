// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <adwaita.h>

G_BEGIN_DECLS

// Tells a screen reader the row's title when its text has the focus: libadwaita names the row, and the text has none.
void rushes_entry_row_name_text(AdwEntryRow *row);

G_END_DECLS
