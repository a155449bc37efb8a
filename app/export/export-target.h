// SPDX-License-Identifier: GPL-3.0-or-later
//
// export-target.h - the place that a file is exported to. It is written in a hidden folder beside its name, its workshop,
// and gets the name when it is whole: what stood there before stays as it was until then, its sidecar too.
#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

// Zeros: not open.
typedef struct RushesExportTarget {
    char *path;     // as the creator knows it
    char *workshop; // the hidden folder
    char *hidden;   // where the file is written, by its own name
} RushesExportTarget;

// Makes the workshop; what one of the same tag left there is removed. `is_folder`: what is exported becomes a folder.
// FALSE with an error when nothing can be written there or what has the name must not be replaced.
gboolean rushes_export_target_open(RushesExportTarget *self, const char *path, gboolean is_folder,
                                   guint32 tag, GError **error);
// Gives the finished file its name, and its sidecar where one was written. On failure all stands as it stood.
gboolean rushes_export_target_publish(RushesExportTarget *self, GError **error);
// Makes an error that was said of the hidden file one of the target.
void rushes_export_target_name(const RushesExportTarget *self, GError **error);
// Removes the workshop with all that is in it.
void rushes_export_target_clear(RushesExportTarget *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RushesExportTarget, rushes_export_target_clear)

// Removes what an export to `path` with this tag left when its program was killed. -> TRUE when there was something
gboolean rushes_export_target_clear_remains(const char *path, guint32 tag);

G_END_DECLS
