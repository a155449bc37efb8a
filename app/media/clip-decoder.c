// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/clip-decoder.h"

#include <gst/app/gstappsrc.h>
#include <gst/gst.h>

#include "media/decode-guard.h"
#include "media/gif-reader.h"

// How often a decoder that gives nothing is asked whether it has failed.
#define LOOK_AGAIN (50 * GST_MSECOND)

void rushes_clip_decoder_clear(RushesClipDecoder *self)
{
    if (self->pipeline)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->sink);
    g_clear_object(&self->pipeline);
    g_clear_pointer(&self->name, g_free);
}

static gboolean fail_with(const RushesClipDecoder *self, GstMessage *message, GError **error)
{
    g_autoptr(GError) cause = NULL;

    const char *refusal = rushes_decode_guard_refusal(self->pipeline);

    if (message)
        gst_message_parse_error(message, &cause, NULL);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s cannot be decoded: %s%s",
                self->name,
                refusal ? refusal
                : cause ? cause->message
                        : "it holds nothing of the kind that is wanted.",
                refusal ? "." : "");
    return FALSE;
}

gboolean rushes_clip_decoder_fail(const RushesClipDecoder *self, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);
    g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);

    return fail_with(self, message, error);
}

GstSample *rushes_clip_decoder_pull(const RushesClipDecoder *self, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);

    for (;;) {
        GstSample *sample = gst_app_sink_try_pull_sample(self->sink, LOOK_AGAIN);
        if (sample)
            return sample;
        gboolean ended = gst_app_sink_is_eos(self->sink); // after an error too
        g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
        if (message)
            fail_with(self, message, error);
        if (message || ended)
            return NULL;
    }
}

gboolean rushes_clip_decoder_pull_frame(const RushesClipDecoder *self, GstVideoFrame *frame,
                                        GError **error)
{
    g_autoptr(GstSample) sample = rushes_clip_decoder_pull(self, error);
    GstVideoInfo info;

    if (!sample)
        return FALSE;
    if (gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) &&
        info.width <= RUSHES_MOST_SIDE && info.height <= RUSHES_MOST_SIDE &&
        gst_video_frame_map(frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ))
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "%s has pictures that are too large or damaged.", self->name);
    return FALSE;
}

// ---- GIF: decoded here, see gif-reader.h ----
typedef struct GifFeed {
    RushesGifReader *reader;
    guint64 pushed;
} GifFeed;

static void gif_feed_free(gpointer data)
{
    GifFeed *feed = data;

    rushes_gif_reader_free(feed->reader);
    g_free(feed);
}

static void push_picture(GstAppSrc *source, guint wanted G_GNUC_UNUSED, gpointer data)
{
    GifFeed *feed = data;
    int width, height, fps_num, fps_den;
    GBytes *picture = rushes_gif_reader_next(feed->reader);

    if (!picture) {
        gst_app_src_end_of_stream(source);
        return;
    }
    rushes_gif_reader_get_format(feed->reader, &width, &height, &fps_num, &fps_den);
    GstBuffer *buffer = gst_buffer_new_wrapped_bytes(picture);
    // GStreamer's rows are padded to four bytes, these are not.
    gsize offset[GST_VIDEO_MAX_PLANES] = {0};
    int stride[GST_VIDEO_MAX_PLANES] = {width * 3};
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE, GST_VIDEO_FORMAT_RGB,
                                   (guint)width, (guint)height, 1, offset, stride);
    guint64 second = GST_SECOND * (guint64)fps_den;
    GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(second, feed->pushed, (guint64)fps_num);
    GST_BUFFER_DURATION(buffer) = second / (guint64)fps_num;
    feed->pushed++;
    gst_app_src_push_buffer(source, buffer);
    g_bytes_unref(picture);
}

static gboolean open_gif(GstElement *source, const char *file, GError **error)
{
    RushesGifReader *reader = rushes_gif_reader_new(file, error);
    int width, height, fps_num, fps_den;

    if (!reader)
        return FALSE;
    rushes_gif_reader_get_format(reader, &width, &height, &fps_num, &fps_den);
    g_autoptr(GstCaps) caps = gst_caps_new_simple(
        "video/x-raw", "format", G_TYPE_STRING, "RGB", "width", G_TYPE_INT, width, "height",
        G_TYPE_INT, height, "framerate", GST_TYPE_FRACTION, fps_num, fps_den, NULL);
    g_object_set(source, "caps", caps, "format", GST_FORMAT_TIME, NULL);
    GstAppSrcCallbacks callbacks = {.need_data = push_picture};
    GifFeed *feed = g_new0(GifFeed, 1);
    feed->reader = reader;
    gst_app_src_set_callbacks(GST_APP_SRC(source), &callbacks, feed, gif_feed_free);
    return TRUE;
}

gboolean rushes_clip_decoder_open(RushesClipDecoder *self, const char *file, const char *chain,
                                  GError **error)
{
    gst_init(NULL, NULL);
    self->name = g_filename_display_name(file);
    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s is not a file that can be read.",
                    self->name);
        return FALSE;
    }
    gboolean is_gif = rushes_gif_reader_can_read(file);
    g_autofree char *text =
        g_strdup_printf("%s name=file ! %s ! appsink name=sink sync=false max-buffers=4",
                        is_gif ? "appsrc" : "filesrc", chain);
    self->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!self->pipeline)
        return FALSE;
    g_autoptr(GstElement) source = gst_bin_get_by_name(GST_BIN(self->pipeline), "file");
    if (!is_gif)
        g_object_set(source, "location", file, NULL);
    else if (!open_gif(source, file, error))
        return FALSE;
    rushes_decode_guard(self->pipeline);
    self->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(self->pipeline), "sink"));
    if (gst_element_set_state(self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return rushes_clip_decoder_fail(self, error);
    return TRUE;
}
