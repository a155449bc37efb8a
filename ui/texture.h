// SPDX-License-Identifier: GPL-3.0-or-later
//
// texture.h - pictures between what app/ has (packed RGB bytes) and what GTK draws.
#pragma once
#include <gtk/gtk.h>

#include "project/take.h"

G_BEGIN_DECLS

// `rgb` holds width * height * 3 bytes or more; it is shared, not copied. Owned by the caller.
GdkTexture *rushes_texture_new(GBytes *rgb, int width, int height);

// A frame of the source that fits `width` x `height` device pixels; NULL when it is not ready.
GdkTexture *rushes_texture_new_thumbnail(RushesFrameSource *source, int index, int width,
                                         int height);

// The take's thumb.png, or its middle frame at a size that fits; NULL while there is neither.
GdkTexture *rushes_texture_new_take(RushesTake *take, int width, int height);

// A photograph or drawing as picture-file.h reads it; NULL with its sentence.
GdkTexture *rushes_texture_new_picture(const char *path, GError **error);

// Draws the texture to cover the rectangle, cut at the longer side.
void rushes_texture_snapshot_cover(GdkTexture *texture, GtkSnapshot *snapshot,
                                   const graphene_rect_t *area);

G_END_DECLS
