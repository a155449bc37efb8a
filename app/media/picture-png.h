// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-png.h - one picture as a PNG file.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Packed RGB of width x height. The file is on the disk, whole, before it has its name. Blocks.
gboolean rushes_picture_write_png(const char *path, const guint8 *rgb, int width, int height,
                                  GError **error);

G_END_DECLS
