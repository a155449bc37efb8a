// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/clip-decoder.h"

#include "media/decode-guard.h"

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
    g_autofree char *text = g_strdup_printf(
        "filesrc name=file ! %s ! appsink name=sink sync=false max-buffers=4", chain);
    self->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!self->pipeline)
        return FALSE;
    g_autoptr(GstElement) source = gst_bin_get_by_name(GST_BIN(self->pipeline), "file");
    g_object_set(source, "location", file, NULL);
    rushes_decode_guard(self->pipeline);
    self->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(self->pipeline), "sink"));
    if (gst_element_set_state(self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return rushes_clip_decoder_fail(self, error);
    return TRUE;
}
