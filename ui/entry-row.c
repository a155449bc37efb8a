// SPDX-License-Identifier: GPL-3.0-or-later
#include "entry-row.h"

void rushes_entry_row_name_text(AdwEntryRow *row)
{
    GtkEditable *text = gtk_editable_get_delegate(GTK_EDITABLE(row));
    const char *title = adw_preferences_row_get_title(ADW_PREFERENCES_ROW(row));

    if (text)
        gtk_accessible_update_property(GTK_ACCESSIBLE(text), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                       -1);
}
