// SPDX-License-Identifier: GPL-3.0-or-later
#include "timeline/picture-scaler.h"

#include <gst/video/video.h>
#include <math.h>
#include <string.h>

#define MAX_CONVERTERS 16 // more crops than this in one film are made anew, not kept

typedef struct Converter {
    int width, height, out_width, out_height;
    RushesCropArea area;
    GstVideoConverter *converter;
} Converter;

struct RushesPictureScaler {
    GMutex lock;
    GArray *converters; // Converter
};

static void converter_clear(Converter *item)
{
    gst_video_converter_free(item->converter);
}

RushesPictureScaler *rushes_picture_scaler_new(void)
{
    RushesPictureScaler *scaler = g_new0(RushesPictureScaler, 1);

    g_mutex_init(&scaler->lock);
    scaler->converters = g_array_new(FALSE, TRUE, sizeof(Converter));
    g_array_set_clear_func(scaler->converters, (GDestroyNotify)converter_clear);
    return scaler;
}

void rushes_picture_scaler_free(RushesPictureScaler *scaler)
{
    if (!scaler)
        return;
    g_array_unref(scaler->converters);
    g_mutex_clear(&scaler->lock);
    g_free(scaler);
}

RushesCropArea rushes_crop_area(int width, int height, double crop_x, double crop_y, int out_width,
                                int out_height)
{
    RushesCropArea area = {.width = width, .height = height};

    if ((gint64)width * out_height > (gint64)height * out_width)
        area.width = MAX(1, (int)lround((double)height * out_width / out_height));
    else
        area.height = MAX(1, (int)lround((double)width * out_height / out_width));
    area.x = (int)lround((width - area.width) * crop_x);
    area.y = (int)lround((height - area.height) * crop_y);
    return area;
}

// The caller holds the lock. NULL when GStreamer refuses the sizes.
static GstVideoConverter *find_converter(RushesPictureScaler *scaler, int width, int height,
                                         RushesCropArea area, int out_width, int out_height)
{
    for (guint i = 0; i < scaler->converters->len; i++) {
        const Converter *item = &g_array_index(scaler->converters, Converter, i);
        if (item->width == width && item->height == height && item->out_width == out_width &&
            item->out_height == out_height && memcmp(&item->area, &area, sizeof(area)) == 0)
            return item->converter;
    }
    GstVideoInfo in, out;
    if (!gst_video_info_set_format(&in, GST_VIDEO_FORMAT_RGB, (guint)width, (guint)height) ||
        !gst_video_info_set_format(&out, GST_VIDEO_FORMAT_RGB, (guint)out_width, (guint)out_height))
        return NULL;
    GstStructure *options = gst_structure_new(
        "options", GST_VIDEO_CONVERTER_OPT_SRC_X, G_TYPE_INT, area.x, GST_VIDEO_CONVERTER_OPT_SRC_Y,
        G_TYPE_INT, area.y, GST_VIDEO_CONVERTER_OPT_SRC_WIDTH, G_TYPE_INT, area.width,
        GST_VIDEO_CONVERTER_OPT_SRC_HEIGHT, G_TYPE_INT, area.height,
        GST_VIDEO_CONVERTER_OPT_RESAMPLER_METHOD, GST_TYPE_VIDEO_RESAMPLER_METHOD,
        GST_VIDEO_RESAMPLER_METHOD_CUBIC, NULL);
    Converter made = {.width = width,
                      .height = height,
                      .out_width = out_width,
                      .out_height = out_height,
                      .area = area,
                      .converter = gst_video_converter_new(&in, &out, options)};
    if (!made.converter)
        return NULL;
    if (scaler->converters->len >= MAX_CONVERTERS)
        g_array_remove_index(scaler->converters, 0);
    g_array_append_val(scaler->converters, made);
    return made.converter;
}

// GStreamer's RGB rows are padded to four bytes, ours are packed.
static void copy_rows(const guint8 *from, gsize from_stride, guint8 *to, gsize to_stride,
                      gsize bytes, int rows)
{
    for (int y = 0; y < rows; y++)
        memcpy(to + (gsize)y * to_stride, from + (gsize)y * from_stride, bytes);
}

gboolean rushes_picture_scaler_run(RushesPictureScaler *scaler, const guint8 *rgb, int width,
                                   int height, double crop_x, double crop_y, guint8 *out,
                                   int out_width, int out_height)
{
    gsize row = (gsize)width * 3, out_row = (gsize)out_width * 3;

    if (width == out_width && height == out_height) {
        memcpy(out, rgb, row * (gsize)height);
        return TRUE;
    }
    RushesCropArea area = rushes_crop_area(width, height, crop_x, crop_y, out_width, out_height);
    gboolean done = FALSE;
    g_mutex_lock(&scaler->lock);
    GstVideoConverter *converter =
        find_converter(scaler, width, height, area, out_width, out_height);
    if (converter) {
        const GstVideoInfo *in_info = gst_video_converter_get_in_info(converter);
        const GstVideoInfo *out_info = gst_video_converter_get_out_info(converter);
        GstBuffer *in_buffer = gst_buffer_new_allocate(NULL, in_info->size, NULL);
        GstBuffer *out_buffer = gst_buffer_new_allocate(NULL, out_info->size, NULL);
        GstVideoFrame in_frame, out_frame;
        if (gst_video_frame_map(&in_frame, in_info, in_buffer, GST_MAP_READWRITE)) {
            copy_rows(rgb, row, GST_VIDEO_FRAME_PLANE_DATA(&in_frame, 0),
                      (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&in_frame, 0), row, height);
            if (gst_video_frame_map(&out_frame, out_info, out_buffer, GST_MAP_READWRITE)) {
                gst_video_converter_frame(converter, &in_frame, &out_frame);
                copy_rows(GST_VIDEO_FRAME_PLANE_DATA(&out_frame, 0),
                          (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&out_frame, 0), out, out_row, out_row,
                          out_height);
                gst_video_frame_unmap(&out_frame);
                done = TRUE;
            }
            gst_video_frame_unmap(&in_frame);
        }
        gst_buffer_unref(out_buffer);
        gst_buffer_unref(in_buffer);
    }
    g_mutex_unlock(&scaler->lock);
    return done;
}
