// SPDX-License-Identifier: GPL-3.0-or-later
#include "texture.h"

#include "media/picture-file.h"

// A thumbnail beyond this was not written by Rushes and is not worth its memory.
#define MOST_THUMB_SIDE 2048

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

static GdkTexture *read_thumbnail_file(const char *path)
{
    int width, height;
    if (!gdk_pixbuf_get_file_info(path, &width, &height) || width > MOST_THUMB_SIDE ||
        height > MOST_THUMB_SIDE)
        return NULL;
    return gdk_texture_new_from_filename(path, NULL);
}

GdkTexture *rushes_texture_new_picture(const char *path, GError **error)
{
    int width, height;
    g_autoptr(GBytes) rgb = rushes_picture_read(path, &width, &height, error);

    return rgb ? rushes_texture_new(rgb, width, height) : NULL;
}

GdkTexture *rushes_texture_new_take(RushesTake *take, int width, int height)
{
    RushesFrameFormat format;
    g_autofree char *file = rushes_take_find_thumbnail(take);
    GdkTexture *texture = file ? read_thumbnail_file(file) : NULL;

    if (texture)
        return texture;
    rushes_frame_source_get_format(rushes_take_get_source(take), &format);
    return format.ready > 0 ? rushes_texture_new_thumbnail(rushes_take_get_source(take),
                                                           format.ready / 2, width, height)
                            : NULL;
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
