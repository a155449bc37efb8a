// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-row.h - one export in the list of the queue: what, where to, how far, and a way to end it or try again.
#pragma once
#include <adwaita.h>

#include "queue/export-queue.h"

G_BEGIN_DECLS

#define RUSHES_TYPE_EXPORT_ROW (rushes_export_row_get_type())
G_DECLARE_FINAL_TYPE(RushesExportRow, rushes_export_row, RUSHES, EXPORT_ROW, GtkListBoxRow)

RushesExportRow *rushes_export_row_new(RushesExportQueue *queue, RushesExportJob *job);

G_END_DECLS
