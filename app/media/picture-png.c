// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/picture-png.h"

#include <gio/gio.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/gst.h>
#include <string.h>

static gboolean fail(const char *path, const char *why, GError **error)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s cannot be written: %s.", path, why);
    return FALSE;
}

// GStreamer wants rows padded to 4 bytes.
static GstBuffer *padded_rows(const guint8 *rgb, int width, int height)
{
    gsize row = (gsize)width * 3, padded = (row + 3) & ~(gsize)3;
    guint8 *rows = g_malloc0(padded * (gsize)height);

    for (gsize y = 0; y < (gsize)height; y++)
        memcpy(rows + y * padded, rgb + y * row, row);
    return gst_buffer_new_wrapped(rows, padded * (gsize)height);
}

gboolean rushes_picture_write_png(const char *path, const guint8 *rgb, int width, int height,
                                  GError **error)
{
    gst_init(NULL, NULL);
    g_autofree char *text = g_strdup_printf(
        "appsrc name=from format=time caps=video/x-raw,format=RGB,width=%d,height=%d,framerate=1/1 "
        "! pngenc snapshot=true ! appsink name=to sync=false",
        width, height);
    g_autoptr(GstElement) pipeline = gst_parse_launch(text, error);
    if (!pipeline)
        return FALSE;
    g_autoptr(GstElement) from = gst_bin_get_by_name(GST_BIN(pipeline), "from");
    g_autoptr(GstElement) to = gst_bin_get_by_name(GST_BIN(pipeline), "to");

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBuffer *rows = padded_rows(rgb, width, height);
    GST_BUFFER_PTS(rows) = 0;
    gst_app_src_push_buffer(GST_APP_SRC(from), rows);
    gst_app_src_end_of_stream(GST_APP_SRC(from));
    g_autoptr(GstSample) sample = gst_app_sink_pull_sample(GST_APP_SINK(to));
    GstMapInfo map;
    gboolean written = FALSE;
    if (!sample || !gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ)) {
        fail(path, "GStreamer's PNG encoder gives nothing; install the good plug-ins", error);
    } else {
        g_autoptr(GError) cause = NULL;
        written = g_file_set_contents_full(
            path, (const char *)map.data, (gssize)map.size,
            G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0644, &cause);
        if (!written)
            fail(path, cause->message, error);
        gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    return written;
}
