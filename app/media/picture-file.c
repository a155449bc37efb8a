// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/picture-file.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>
#include <string.h>

#include "media/decode-guard.h"

// Larger than any clip that is made from a picture; a photograph beyond it would only cost memory.
#define MOST_KEPT_SIDE 4096

gboolean rushes_picture_is_known(const char *path)
{
    return gdk_pixbuf_get_file_info(path, NULL, NULL) != NULL;
}

// It is decoded whole before it is shrunk.
static gboolean fits_memory(const char *path, int width, int height, GError **error)
{
    g_autofree char *name = g_filename_display_basename(path);

    if (width <= RUSHES_MOST_SIDE && height <= RUSHES_MOST_SIDE &&
        (gint64)width * height <= RUSHES_MOST_PIXELS)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                "%s cannot be read: its pictures are larger than 16384 pixels on a side or 67 "
                "million in all; make it smaller first.",
                name);
    return FALSE;
}

static GdkPixbuf *read_file(const char *path, GError **error)
{
    int width = 0, height = 0;
    g_autoptr(GError) cause = NULL;

    gdk_pixbuf_get_file_info(path, &width, &height);
    if (!fits_memory(path, width, height, error))
        return NULL;
    GdkPixbuf *read =
        MAX(width, height) > MOST_KEPT_SIDE
            ? gdk_pixbuf_new_from_file_at_scale(path, MOST_KEPT_SIDE, MOST_KEPT_SIDE, TRUE, &cause)
            : gdk_pixbuf_new_from_file(path, &cause);
    if (!read) {
        g_autofree char *name = g_filename_display_basename(path);
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s cannot be read as a picture: %s", name, cause->message);
    }
    return read;
}

GBytes *rushes_picture_read(const char *path, int *width, int *height, GError **error)
{
    g_autoptr(GdkPixbuf) read = read_file(path, error);

    if (!read)
        return NULL;
    g_autoptr(GdkPixbuf) upright = gdk_pixbuf_apply_embedded_orientation(read);
    *width = gdk_pixbuf_get_width(upright);
    *height = gdk_pixbuf_get_height(upright);
    // A film has nothing behind it: a take starts from the picture on white.
    g_autoptr(GdkPixbuf) flat =
        gdk_pixbuf_get_has_alpha(upright)
            ? gdk_pixbuf_composite_color_simple(upright, *width, *height, GDK_INTERP_NEAREST, 255,
                                                16, 0xffffff, 0xffffff)
            : g_object_ref(upright);
    const guint8 *pixels = gdk_pixbuf_read_pixels(flat);
    gsize stride = (gsize)gdk_pixbuf_get_rowstride(flat), row = (gsize)*width * 3;
    int values = gdk_pixbuf_get_n_channels(flat); // 4 where it was made opaque
    guint8 *rgb = g_malloc(row * (gsize)*height);
    for (int y = 0; y < *height; y++) {
        for (int x = 0; x < *width; x++)
            memcpy(rgb + (gsize)y * row + (gsize)x * 3, pixels + (gsize)y * stride + x * values, 3);
    }
    return g_bytes_new_take(rgb, row * (gsize)*height);
}
