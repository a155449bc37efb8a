// SPDX-License-Identifier: GPL-3.0-or-later
//
// picture-file.h - a photograph or drawing as one looks at it, from any file that GdkPixbuf reads. The window and the
// command line read pictures with it, so that a take begins the same from both.
#pragma once
#include <glib.h>

G_BEGIN_DECLS

// Whether the file says it is a picture of a kind that is read here; a clip is none.
gboolean rushes_picture_is_known(const char *path);
// Packed RGB, turned as the camera says, 8 bits a colour, on white where it lets light through, shrunk to 4096 pixels
// on its longer side. NULL with one sentence in G_IO_ERROR when it cannot be read or would fill the memory. Blocks.
GBytes *rushes_picture_read(const char *path, int *width, int *height, GError **error);

G_END_DECLS
