// SPDX-License-Identifier: GPL-3.0-or-later
#include "media/condition.h"

#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <string.h>

#define VIDEO_FILE "condition.rgb"
#define AUDIO_FILE "condition.f32"
#define MAX_SIDE   16384
// How often a decoder that gives nothing is asked whether it has failed.
#define LOOK_AGAIN (50 * GST_MSECOND)

typedef struct Decoder {
    GstElement *pipeline;
    GstAppSink *sink;
    char *name; // of the file, for people
} Decoder;

static void decoder_clear(Decoder *self)
{
    if (self->pipeline)
        gst_element_set_state(self->pipeline, GST_STATE_NULL);
    g_clear_object(&self->sink);
    g_clear_object(&self->pipeline);
    g_clear_pointer(&self->name, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Decoder, decoder_clear)

static gboolean fail_with(const Decoder *self, GstMessage *message, GError **error)
{
    g_autoptr(GError) cause = NULL;

    if (message)
        gst_message_parse_error(message, &cause, NULL);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s cannot be decoded: %s", self->name,
                cause ? cause->message : "it holds nothing of the kind that is wanted.");
    return FALSE;
}

static gboolean fail(const Decoder *self, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);
    g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);

    return fail_with(self, message, error);
}

// The next sample; NULL at the end, or with an error when the file cannot be decoded.
static GstSample *pull_sample(const Decoder *self, GError **error)
{
    g_autoptr(GstBus) bus = gst_element_get_bus(self->pipeline);

    for (;;) {
        GstSample *sample = gst_app_sink_try_pull_sample(self->sink, LOOK_AGAIN);
        if (sample || gst_app_sink_is_eos(self->sink))
            return sample;
        g_autoptr(GstMessage) message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
        if (message) {
            fail_with(self, message, error);
            return NULL;
        }
    }
}

// `chain` is what follows the decoder up to the sink.
static gboolean decoder_open(Decoder *self, const char *file, const char *chain, GError **error)
{
    gst_init(NULL, NULL);
    self->name = g_filename_display_name(file);
    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "%s is not a file that can be read.",
                    self->name);
        return FALSE;
    }
    g_autofree char *text = g_strdup_printf(
        "filesrc name=file ! decodebin ! %s ! appsink name=sink sync=false max-buffers=4", chain);
    self->pipeline = gst_parse_launch_full(text, NULL, GST_PARSE_FLAG_FATAL_ERRORS, error);
    if (!self->pipeline)
        return FALSE;
    g_autoptr(GstElement) source = gst_bin_get_by_name(GST_BIN(self->pipeline), "file");
    g_object_set(source, "location", file, NULL);
    self->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(self->pipeline), "sink"));
    if (gst_element_set_state(self->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return fail(self, error);
    return TRUE;
}

// The next frame as packed RGB of the job's size; NULL without an error at the end.
static guint8 *pull_frame(Decoder *self, const RushesConditionFormat *format, GError **error)
{
    g_autoptr(GstSample) sample = pull_sample(self, error);
    GstVideoFrame frame;
    GstVideoInfo info;

    if (!sample)
        return NULL;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) || info.width > MAX_SIDE ||
        info.height > MAX_SIDE ||
        !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s has pictures that are too large or damaged.", self->name);
        return NULL;
    }
    guint8 *pixels = rushes_picture_cover(
        GST_VIDEO_FRAME_PLANE_DATA(&frame, 0), info.width, info.height,
        (gsize)GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), format->width, format->height);
    gst_video_frame_unmap(&frame);
    return pixels;
}

static gboolean write_file(const char *take, const char *name, const void *data, gsize bytes,
                           GError **error)
{
    g_autofree char *path = g_build_filename(take, name, NULL);
    g_autoptr(GError) cause = NULL;

    if (g_file_set_contents(path, data, (gssize)bytes, &cause))
        return TRUE;
    g_set_error(error, G_IO_ERROR,
                cause->code == G_FILE_ERROR_NOSPC ? G_IO_ERROR_NO_SPACE : G_IO_ERROR_FAILED,
                "%s cannot be written: %s", path, cause->message);
    return FALSE;
}

cJSON *rushes_condition_from_picture(const char *file, const RushesConditionFormat *format,
                                     const char *take, GError **error)
{
    g_auto(Decoder) decoder = {0};
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;

    if (!decoder_open(&decoder, file,
                      "videoflip video-direction=auto ! videoconvert ! video/x-raw,format=RGB",
                      error))
        return NULL;
    g_autofree guint8 *pixels = pull_frame(&decoder, format, error);
    if (!pixels) {
        if (error && !*error)
            fail(&decoder, error);
        return NULL;
    }
    if (!write_file(take, VIDEO_FILE, pixels, bytes, error))
        return NULL;

    cJSON *conditioning = cJSON_CreateObject();
    cJSON_AddStringToObject(conditioning, "kind", "image");
    cJSON_AddStringToObject(conditioning, "video", VIDEO_FILE);
    cJSON_AddNumberToObject(conditioning, "frames", 1);
    return conditioning;
}

// The last `frames` frames, in order, packed; *total is how many the clip has.
static guint8 *pull_last_frames(const char *file, int frames, const RushesConditionFormat *format,
                                int *total, GError **error)
{
    g_auto(Decoder) decoder = {0};
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    g_autofree guint8 *ring = g_malloc(bytes * (gsize)frames);
    g_autoptr(GError) failure = NULL;
    g_autofree char *chain =
        g_strdup_printf("videoflip video-direction=auto ! videorate ! videoconvert ! "
                        "video/x-raw,format=RGB,framerate=%d/1000",
                        (int)(format->fps * 1000.0 + 0.5));
    guint8 *pixels;

    *total = 0;
    if (!decoder_open(&decoder, file, chain, error))
        return NULL;
    while ((pixels = pull_frame(&decoder, format, &failure))) {
        memcpy(ring + bytes * (gsize)(*total % frames), pixels, bytes);
        (*total)++;
        g_free(pixels);
    }
    if (failure) {
        g_propagate_error(error, g_steal_pointer(&failure));
        return NULL;
    }
    if (*total < frames) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "%s has %d frames at %g a second; to continue a clip takes at least %d.",
                    decoder.name, *total, format->fps, frames);
        return NULL;
    }
    guint8 *out = g_malloc(bytes * (gsize)frames);
    for (int i = 0; i < frames; i++)
        memcpy(out + bytes * (gsize)i, ring + bytes * (gsize)((*total + i) % frames), bytes);
    return out;
}

// All samples, mono; empty when the clip is silent.
static GArray *pull_samples(const char *file, int rate)
{
    g_auto(Decoder) decoder = {0};
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(float));
    g_autofree char *chain =
        g_strdup_printf("audioconvert ! audioresample quality=10 ! "
                        "audio/x-raw,format=F32LE,rate=%d,channels=1,layout=interleaved",
                        rate);
    GstSample *sample;

    if (!decoder_open(&decoder, file, chain, NULL))
        return samples;
    while ((sample = pull_sample(&decoder, NULL))) {
        GstBuffer *buffer = gst_sample_get_buffer(sample);
        GstMapInfo map;
        if (gst_buffer_map(buffer, &map, GST_MAP_READ)) {
            g_array_append_vals(samples, map.data, (guint)(map.size / sizeof(float)));
            gst_buffer_unmap(buffer, &map);
        }
        gst_sample_unref(sample);
    }
    return samples;
}

cJSON *rushes_condition_from_clip(const char *file, int frames, const RushesConditionFormat *format,
                                  const char *take, GError **error)
{
    gsize bytes = (gsize)format->width * (gsize)format->height * 3;
    int total = 0;

    g_autofree guint8 *pixels = pull_last_frames(file, frames, format, &total, error);
    if (!pixels || !write_file(take, VIDEO_FILE, pixels, bytes * (gsize)frames, error))
        return NULL;
    cJSON *conditioning = cJSON_CreateObject();
    cJSON_AddStringToObject(conditioning, "kind", "extend");
    cJSON_AddStringToObject(conditioning, "video", VIDEO_FILE);
    cJSON_AddNumberToObject(conditioning, "frames", frames);
    if (format->rate <= 0)
        return conditioning;

    g_autoptr(GArray) samples = pull_samples(file, format->rate);
    guint start = (guint)((total - frames) * (double)format->rate / format->fps + 0.5);
    guint wanted = (guint)(frames * (double)format->rate / format->fps + 0.5);
    if (samples->len <= start)
        return conditioning;
    // A sound track that ends a little before its pictures goes on in silence.
    g_autofree float *kept = g_new0(float, wanted);
    memcpy(kept, (float *)(gpointer)samples->data + start,
           MIN(wanted, samples->len - start) * sizeof(float));
    if (!write_file(take, AUDIO_FILE, kept, wanted * sizeof(float), error)) {
        cJSON_Delete(conditioning);
        return NULL;
    }
    cJSON_AddStringToObject(conditioning, "audio", AUDIO_FILE);
    cJSON_AddNumberToObject(conditioning, "samples", wanted);
    return conditioning;
}
