// SPDX-License-Identifier: GPL-3.0-or-later
#include "texture.h"

GdkTexture *rushes_texture_new(GBytes *rgb, int width, int height)
{
    return gdk_memory_texture_new(width, height, GDK_MEMORY_R8G8B8, rgb, (gsize)width * 3);
}

GdkTexture *rushes_texture_new_thumbnail(RushesFrameSource *source, int index, int width,
                                         int height)
{
    int thumb_width, thumb_height;
    g_autoptr(GBytes) rgb = rushes_frame_source_read_thumbnail(source, index, width, height,
                                                               &thumb_width, &thumb_height);
    return rgb ? rushes_texture_new(rgb, thumb_width, thumb_height) : NULL;
}

void rushes_texture_snapshot_cover(GdkTexture *texture, GtkSnapshot *snapshot,
                                   const graphene_rect_t *area)
{
    float width = (float)gdk_texture_get_width(texture);
    float height = (float)gdk_texture_get_height(texture);
    float scale = MAX(area->size.width / width, area->size.height / height);
    graphene_rect_t whole = GRAPHENE_RECT_INIT(
        area->origin.x + (area->size.width - width * scale) / 2,
        area->origin.y + (area->size.height - height * scale) / 2, width * scale, height * scale);

    gtk_snapshot_push_clip(snapshot, area);
    gtk_snapshot_append_texture(snapshot, texture, &whole);
    gtk_snapshot_pop(snapshot);
}
